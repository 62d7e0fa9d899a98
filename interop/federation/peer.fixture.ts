/** Foreign servers to federate with, each with its own ports, data and certificate. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestServer } from '@meerkat/client/testing'
import type { Certificate } from './authority.fixture.ts'
import { Program } from './program.fixture.ts'

/** How a server protects its streams to others: certificates, dialback under TLS, or dialback without TLS. */
export type Protection = 'required' | 'optional' | 'dialback'

/** What a foreign server is told. */
export interface PeerOptions {
  readonly folder: string
  readonly domain: string
  readonly c2sPort: number
  readonly s2sPort: number
  readonly namesPort: number
  readonly ca: string
  readonly certificate: Certificate
  readonly protection: Protection
  /** Acknowledges stanzas (XEP-0198), where it can. */
  readonly acknowledges?: boolean
  /** Logs little; otherwise everything, to tell why a test has failed. */
  readonly isQuiet?: boolean
}

/** A kind of foreign server. */
export interface PeerKind {
  readonly name: string
  /** Why it is not there; undefined when it is installed. */
  absent(): string | undefined
  /** Writes its configuration, and says how it is started. */
  prepare(options: PeerOptions): { command: string; args: readonly string[]; env: NodeJS.ProcessEnv }
}

/** A foreign server that runs; users register in-band. */
export class Peer implements TestServer {
  readonly host = '127.0.0.1'
  readonly tls = 'none'
  readonly timeoutMs = 20_000
  readonly port: number
  readonly domain: string
  readonly #start: () => Program
  readonly #s2sPort: number
  #program: Program

  private constructor(options: PeerOptions, start: () => Program) {
    this.port = options.c2sPort
    this.domain = options.domain
    this.#s2sPort = options.s2sPort
    this.#start = start
    this.#program = start()
  }

  /** Starts a server of a kind; resolves when it listens. */
  static async start(kind: PeerKind, options: PeerOptions): Promise<Peer> {
    mkdirSync(options.folder, { recursive: true })
    const { command, args, env } = kind.prepare(options)
    const peer = new Peer(options, () => new Program(command, args, env))
    await peer.#listens()
    return peer
  }

  /** What it has said. */
  get output(): string {
    return this.#program.output
  }

  get pid(): number {
    return this.#program.pid
  }

  /** Users go with the server. */
  async deleteUser(): Promise<void> {}

  /** Ends it and starts it again, with the data that it had. */
  async restart(): Promise<void> {
    await this.stop()
    this.#program = this.#start()
    await this.#listens()
  }

  async stop(): Promise<void> {
    await this.#program.stop()
  }

  async #listens(): Promise<void> {
    await this.#program.listens(this.port)
    await this.#program.listens(this.#s2sPort)
  }
}

/** Prosody. */
export const prosody: PeerKind = {
  name: 'Prosody',
  absent: () => (existsSync('/usr/bin/prosody') ? undefined : 'Prosody is not installed'),
  prepare(options) {
    const { folder, certificate, ca, protection } = options
    const tls = protection !== 'dialback'
    // What it sends again over another connection it stamps with the time (XEP-0203).
    const smacks = options.acknowledges === true ? '"smacks", ' : ''
    const text = `
run_as_root = true
pidfile = "${join(folder, 'prosody.pid')}"
data_path = "${folder}"
interfaces = { "127.0.0.1" }
c2s_ports = { ${options.c2sPort} }
s2s_ports = { ${options.s2sPort} }
log = { { levels = { min = "${options.isQuiet === true ? 'warn' : 'debug'}" }, to = "console" } }
unbound = { resolvconf = false, hoststxt = false, forward = "127.0.0.1@${options.namesPort}",
  options = { ["local-zone:"] = "test. transparent", ["do-not-query-localhost:"] = "no" } }
${tls ? `ssl = { certificate = "${certificate.cert}", key = "${certificate.key}", cafile = "${ca}" }` : ''}
modules_enabled = { ${smacks}"disco", "roster", "saslauth", ${tls ? '"tls", ' : ''}"dialback", "ping", "version", "register" }
modules_disabled = { "posix" }
allow_registration = true
authentication = "internal_plain"
allow_unencrypted_plain_auth = true
c2s_require_encryption = false
s2s_require_encryption = ${tls}
s2s_secure_auth = ${protection === 'required'}
smacks_enabled_s2s = true
smacks_s2s_resend = true
VirtualHost "${options.domain}"
`
    const file = join(folder, 'prosody.cfg.lua')
    writeFileSync(file, text)
    return { command: 'prosody', args: ['--config', file, '-F'], env: {} }
  },
}

/** ejabberd, without the distribution of Erlang. */
export const ejabberd: PeerKind = {
  name: 'ejabberd',
  absent: () => (libraries() === undefined ? 'ejabberd is not installed' : undefined),
  prepare(options) {
    const { folder, certificate, ca, protection } = options
    const at = (name: string): string => join(folder, name)
    const starttls = { required: 'required', optional: 'optional', dialback: 'false' }[protection]
    const lookups = [`{nameserver, {127,0,0,1}, ${options.namesPort}}.`, '{host, {127,0,0,1}, ["localhost"]}.']
    const inetrc = ['{resolv_conf, ""}.', '{hosts_file, ""}.', ...lookups, '{lookup, [file, dns]}.']
    writeFileSync(at('inetrc'), `${inetrc.join('\n')}\n`)
    writeFileSync(
      at('ejabberd.yml'),
      `
hosts: [${options.domain}]
loglevel: ${options.isQuiet === true ? 'warning' : 'debug'}
certfiles: ["${certificate.cert}", "${certificate.key}"]
ca_file: "${ca}"
auth_method: internal
registration_timeout: infinity
s2s_use_starttls: ${starttls}
listen:
  - {port: ${options.c2sPort}, ip: "127.0.0.1", module: ejabberd_c2s, access: all, max_stanza_size: 262144}
  - {port: ${options.s2sPort}, ip: "127.0.0.1", module: ejabberd_s2s_in, max_stanza_size: 524288}
modules:
  mod_disco: {}
  mod_ping: {}
  mod_register: {ip_access: all, access: all, welcome_message: {}}
  mod_roster: {}
  ${options.acknowledges === true ? 'mod_stream_mgmt: {}' : ''}
  ${protection === 'required' ? '' : 'mod_s2s_dialback: {}'}
  mod_version: {}
`,
    )
    const env = {
      HOME: folder,
      ERL_LIBS: libraries()!,
      ERL_INETRC: at('inetrc'),
      ERL_CRASH_DUMP_BYTES: '0',
      EJABBERD_CONFIG_PATH: at('ejabberd.yml'),
      EJABBERD_LOG_PATH: at('ejabberd.log'),
    }
    const idle = ['+sbwt', 'none', '+sbwtdcpu', 'none', '+sbwtdio', 'none']
    return {
      command: 'erl',
      args: ['-noinput', ...idle, '-mnesia', 'dir', `"${at('db')}"`, '-s', 'ejabberd'],
      env,
    }
  },
}

/** Where Erlang finds ejabberd. */
function libraries(): string | undefined {
  const root = '/usr/lib'
  const folders = existsSync(root) ? readdirSync(root).map((name) => join(root, name)) : []
  return folders.find((folder) => {
    try {
      return readdirSync(folder).some((name) => name.startsWith('ejabberd-'))
    } catch {
      return false
    }
  })
}
