/**
 * Servers for black-box tests: a process with its own configuration and data in a temporary folder, on ports of the
 * loopback address that the operating system chooses.
 *
 *     const server = await startServer()
 *     test('…', (t) => story(t, { server, users: { alice: 1 } }, async ({ alice }) => …))
 */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach } from 'node:test'
import { selfSigned, type TestServer } from '@meerkat/client/testing'
import {
  CERTIFICATE_FILE,
  certificateFiles,
  type ConfigOptions,
  configText,
  type ListenerTls,
  usualListeners,
} from './config.ts'
import { type CommandResult, type Environment, type Exit, NODES, runCommand, ServerProcess } from './process.ts'

/** How a server under test is started. */
export interface ServerOptions extends ConfigOptions {
  /** The whole configuration, instead of one that is made of the other options. `port = 0` is best everywhere. */
  readonly config?: string
  /** More files in the server's folder, by name. */
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Environment
  /** How many nodes it has; unless given, what MEERKAT_NODES says. */
  readonly nodes?: 1 | 2
  /** Whether errors in the server's log are part of the test; unless given, one makes the test file fail. */
  readonly mayLogErrors?: boolean
}

/** A line of the server's log. */
export type LogLine = Readonly<Record<string, unknown>>

/** Where one of the server's listeners for clients is; as `TestServer` it is what stories need. */
export interface Listener extends TestServer {
  readonly tls: 'starttls' | 'direct' | 'none'
}

/** A started server. The object stays the same when the server is restarted; ports may change then. */
export class Server implements TestServer {
  readonly host = '127.0.0.1'
  readonly domain: string
  /** The certificate of all listeners, in PEM; with `config`, the one that the server makes itself unless it names the harness's. */
  ca: string
  /** Holds `meerkat.toml`, the certificate, and the data folder `data`. */
  readonly folder: string
  readonly config: string
  readonly #options: ServerOptions
  readonly #listeners: readonly (readonly [name: string, tls: ListenerTls])[]
  #process: ServerProcess
  #ports: readonly number[] = []
  #earlierLog = ''
  /** One for each node. */
  #httpPorts: readonly number[] = []
  /** Whose turn it is, of the nodes. */
  #turn = 0
  #httpTurn = 0

  /** Use `startServer`. */
  constructor(options: ServerOptions) {
    this.#options = options
    const domains = options.domains ?? ['localhost']
    this.domain = domains[0]!
    this.#listeners = Object.entries(options.listeners ?? usualListeners).map(([name, { tls }]) => [name, tls])
    this.folder = mkdtempSync(join(tmpdir(), 'meerkat-e2e-'))
    this.config = join(this.folder, 'meerkat.toml')
    const certificate = selfSigned(this.domain, ...domains.slice(1), '127.0.0.1')
    this.ca = certificate.cert
    this.write(certificateFiles(certificate))
    this.write({ ...options.files, 'meerkat.toml': options.config ?? configText(options) })
    this.#process = this.#spawn()
  }

  /** The port of the first listener with STARTTLS, or without one, the first. */
  get port(): number {
    return this.#portOf((tls) => tls.startsWith('starttls')) ?? this.#portAt(0) ?? 0
  }

  /** The port of the first listener with TLS from the first byte. */
  get tlsPort(): number | undefined {
    return this.#portOf((tls) => tls === 'tls')
  }

  /** The port of the GraphQL API, at `/api/graphql`. */
  get httpPort(): number {
    return this.#httpPorts[this.#httpTurn++ % this.#httpPorts.length] ?? 0
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Whether the process is there. */
  get running(): boolean {
    return this.#process.running
  }

  /** What the server has printed since it was started last. */
  get stdout(): string {
    return this.#process.stdout
  }

  /**
   * One listener by its name in the options, for stories and clients that connect there: of each node in turn, or with `node` always of that one,
   * for what a node counts or keeps by itself.
   */
  at(name: string, node?: number): Listener {
    const index = this.#listeners.findIndex(([other]) => other === name)
    if (index < 0) throw new TypeError(`The server has no listener ${name}.`)
    const kind = this.#listeners[index]![1]
    const tls = kind === 'tls' ? 'direct' : kind === 'none' ? 'none' : 'starttls'
    const { host, domain, ca } = this
    const portOf = (): number => this.#portAt(index, node)!
    return {
      host,
      domain,
      ca,
      get port() {
        return portOf()
      },
      tls,
      get tlsPort() {
        return portOf()
      },
      createUser: (username, password) => this.createUser(username, password),
      deleteUser: (username) => this.deleteUser(username),
    }
  }

  /** Where something is that the greeting calls so, at each node. */
  urls(name: string): readonly string[] {
    const lines = this.stdout.matchAll(/^ +(\S.*?) +(https?:\S+)$/gm)
    return Array.from(lines).flatMap(([, called, url]) => (called === name ? [url!] : []))
  }

  /** Runs a command of `meerkat` for this server. */
  cli(...args: readonly string[]): Promise<CommandResult> {
    return runCommand(args, this.config)
  }

  /** Asks the GraphQL API as the administrator; resolves with `data`. Rejects with the errors. */
  async graphql(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<Record<string, unknown>> {
    const response = await fetch(`http://127.0.0.1:${this.httpPort}/api/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    })
    const { data, errors } = (await response.json()) as { data?: Record<string, unknown>; errors?: unknown }
    if (errors !== undefined || data === undefined) throw new Error(`GraphQL: ${JSON.stringify(errors)}`)
    return data
  }

  async createUser(username: string, password: string, domain = this.domain): Promise<void> {
    await this.graphql(
      `mutation ($domain: DomainName!, $username: UserName, $password: String!) {
        account { registerUser(domain: $domain, username: $username, password: $password) { jid } }
      }`,
      { domain, username, password },
    )
  }

  async deleteUser(username: string, domain = this.domain): Promise<void> {
    await this.graphql('mutation ($user: JID!) { account { removeUser(user: $user) { jid } } }', {
      user: `${username}@${domain}`,
    })
  }

  /** The log so far, also of earlier runs, as objects; lines that are no JSON have the key `text`. */
  log(): LogLine[] {
    return (this.#earlierLog + this.#process.stderr)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (line.startsWith('{') ? (JSON.parse(line) as LogLine) : { text: line }))
  }

  /** Resolves when `text` stands in the log of this start so many times. Rejects when the server ends before. */
  logs(text: string, times = 1): Promise<void> {
    return this.#process.logs(text, times)
  }

  /** Bytes of memory that the server has in use. */
  residentBytes(): number {
    return this.#process.residentBytes()
  }

  /** Writes files into the server's folder. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(this.folder, name), content)
  }

  /** Resolves when the server says that it is running, with its ports known. Rejects when it cannot start. */
  async started(): Promise<void> {
    await this.#process.says('Try next')
    const { stdout } = this.#process
    this.#ports = [...stdout.matchAll(/^ +XMPP clients .*:(\d+) \(/gm)].map(([, port]) => Number(port))
    const made = join(this.folder, 'data/development-cert.pem')
    if (this.#options.config?.includes(CERTIFICATE_FILE) === false && existsSync(made))
      this.ca = readFileSync(made, 'utf8')
    this.#httpPorts = [...stdout.matchAll(/^ +GraphQL API .*:(\d+)\/api\/graphql$/gm)].map(([, port]) => Number(port))
  }

  /** Ends the server as an operator does, with SIGTERM. */
  stop(): Promise<Exit> {
    return this.kill('SIGTERM')
  }

  /** Ends the server with any signal, and resolves when it is gone. */
  kill(signal: NodeJS.Signals): Promise<Exit> {
    return this.#process.end(signal)
  }

  /** Sends a signal without waiting for what it does. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** Starts the server again, stopping it first if it runs, with the same configuration and data. */
  async restart(): Promise<void> {
    await this.stop()
    this.#earlierLog += this.#process.stderr
    this.#process = this.#spawn()
    await this.started()
  }

  /** Ends the server and removes its folder. Throws when it did not end well or has logged an error. */
  async dispose(): Promise<void> {
    const wasRunning = this.running
    const { code } = await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
    if (wasRunning) assert.equal(code, 0, `the server's exit code; its log: ${this.#printedLog()}`)
    if (this.#options.mayLogErrors === true) return
    // pino's levels: 50 is an error, 60 is fatal
    const errors = this.log().filter(({ level }) => Number(level) >= 50)
    assert.deepEqual(errors, [], 'errors in the log of the server')
  }

  /** The log and the output as text, for people. */
  print(): string {
    return `${this.#process.stdout}\n${this.#printedLog()}`
  }

  #printedLog(): string {
    return this.#earlierLog + this.#process.stderr
  }

  #portOf(fits: (tls: ListenerTls) => boolean): number | undefined {
    const index = this.#listeners.findIndex(([, tls]) => fits(tls))
    return index < 0 ? undefined : this.#portAt(index)
  }

  /** The port of a listener, of one node after the other. */
  #portAt(index: number, node = this.#turn++): number | undefined {
    const each = this.#ports.length / this.#nodes
    return this.#ports[index + each * (node % this.#nodes)]
  }

  get #nodes(): number {
    return this.#options.nodes ?? NODES
  }

  #spawn(): ServerProcess {
    return new ServerProcess(['-c', this.config], this.#options.env, this.#nodes)
  }
}

/**
 * Starts a server for a test file, which ends with the file's tests. When a test fails, the server's log is printed
 * behind it. Rejects with what the server says when it cannot start.
 */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const server = new Server(options)
  after(() => server.dispose())
  afterEach((t) => {
    if ('passed' in t && !t.passed && !('skipped' in t)) t.diagnostic(`the server's log:\n${server.print()}`)
  })
  try {
    await server.started()
  } catch (error) {
    rmSync(server.folder, { recursive: true, force: true })
    throw error
  }
  return server
}
