/**
 * A RabbitMQ that belongs to one test file: a node of its own on free ports of the loopback address, with its data, its name server (epmd)
 * and its certificates in a temporary folder, so that a test may stop it, kill it and take rights away.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Change } from '../../e2e/waiting.ts'
import { type Authority, testAuthority } from './authority.fixture.ts'

/** Debian's commands are wrappers that change the user; these are what they call. */
const PROGRAM = '/usr/lib/rabbitmq/bin/rabbitmq-defaults'
/** What a node says once its listeners are open. */
const STARTED = 'Server startup complete'
/** The user for servers; another one, `guest`, is for tests. */
export const BROKER_USER = { name: 'meerkat', password: 'sesame-open', tags: '' }

const DEFINITIONS = {
  vhosts: [{ name: '/' }],
  users: [BROKER_USER, { name: 'guest', password: 'guest', tags: '' }],
  permissions: [BROKER_USER.name, 'guest'].map((user) => ({
    user,
    vhost: '/',
    configure: '.*',
    write: '.*',
    read: '.*',
  })),
}

/** Why tests with a node of their own are skipped; false when RabbitMQ is installed. */
export const nodeAbsent = (): string | false =>
  existsSync(PROGRAM) ? false : 'RabbitMQ is not installed: interop/services/up.sh rabbitmq does that'

/** The node. */
export class OwnRabbit {
  readonly folder = mkdtempSync(join(tmpdir(), 'meerkat-rabbitmq-'))
  readonly authority: Authority
  port = 0
  /** Here clients need a certificate of the authority. */
  tlsPort = 0
  #environment: NodeJS.ProcessEnv = {}
  #names: ChildProcess | undefined
  #node: ChildProcess | undefined
  #ended = Promise.resolve()
  #output = ''
  readonly #change = new Change()
  readonly #kill = (): void => this.#killAll()

  private constructor() {
    this.authority = testAuthority(this.folder)
    process.once('exit', this.#kill)
  }

  /** Makes a node and starts it. */
  static async open(): Promise<OwnRabbit> {
    const node = new OwnRabbit()
    const [port, tlsPort, distribution, names] = await freePorts(4)
    node.port = port!
    node.tlsPort = tlsPort!
    node.#configure(distribution!, names!)
    node.#names = spawn('epmd', ['-address', '127.0.0.1', '-port', String(names)], { stdio: 'ignore' })
    await node.start()
    return node
  }

  /** Starts the node, with the data that it had; resolves when it listens. */
  async start(): Promise<void> {
    this.#output = ''
    const node = spawn(join(programs(), 'rabbitmq-server'), {
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#node = node
    this.#ended = once(node, 'close').then(() => {
      this.#node = undefined
      this.#change.happened()
    })
    for (const stream of [node.stdout, node.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-100_000)
        this.#change.happened()
      })
    const state = () => (this.#output.includes(STARTED) ? 'started' : this.#node === undefined ? 'ended' : undefined)
    const story = () => `RabbitMQ does not start:\n${this.#output}`
    if ((await this.#change.until(state, story)) === 'ended') throw new Error(story())
  }

  /** Ends the process, in good order or with SIGKILL; resolves when it is gone. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#node?.kill(signal)
    await this.#ended
  }

  /** Runs `rabbitmqctl` for this node. */
  async ctl(...args: readonly string[]): Promise<void> {
    await promisify(execFile)(join(programs(), 'rabbitmqctl'), ['-q', ...args], { env: this.#environment })
  }

  /** Ends everything and removes the folder. */
  async close(): Promise<void> {
    await this.stop('SIGKILL')
    this.#killAll()
    process.removeListener('exit', this.#kill)
    rmSync(this.folder, { recursive: true, force: true })
  }

  #killAll(): void {
    this.#node?.kill('SIGKILL')
    this.#names?.kill('SIGKILL')
  }

  #configure(distribution: number, names: number): void {
    const { ca, server } = this.authority
    const files = {
      plugins: '[].',
      'definitions.json': JSON.stringify(DEFINITIONS),
      'rabbitmq.conf': [
        `listeners.tcp.1 = 127.0.0.1:${this.port}`,
        `listeners.ssl.1 = 127.0.0.1:${this.tlsPort}`,
        `ssl_options.cacertfile = ${ca}`,
        `ssl_options.certfile = ${server.cert}`,
        `ssl_options.keyfile = ${server.key}`,
        'ssl_options.verify = verify_peer',
        'ssl_options.fail_if_no_peer_cert = true',
        `load_definitions = ${join(this.folder, 'definitions.json')}`,
        // The folder may be on a small disk in memory.
        'disk_free_limit.absolute = 1MB',
      ].join('\n'),
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, name), text)
    this.#environment = environmentOf(this.folder, distribution, names)
  }
}

function environmentOf(folder: string, distribution: number, names: number): NodeJS.ProcessEnv {
  const at = (name: string): string => join(folder, name)
  return {
    ...process.env,
    // Erlang's cookie is kept there.
    HOME: folder,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(names),
    RABBITMQ_NODENAME: 'own@localhost',
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_MNESIA_BASE: at('data'),
    RABBITMQ_LOG_BASE: at('log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_CONF_ENV_FILE: at('none'),
    RABBITMQ_CONFIG_FILE: at('rabbitmq.conf'),
    RABBITMQ_CONFIG_FILES: at('none.d'),
    RABBITMQ_ENABLED_PLUGINS_FILE: at('plugins'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +sbwt none',
    // The script then becomes the node, instead of watching over it.
    RUNNING_UNDER_SYSTEMD: '1',
  }
}

const programs = (): string => dirname(realpathSync(PROGRAM))

/** Ports that nobody listens to, all held until each is known. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
