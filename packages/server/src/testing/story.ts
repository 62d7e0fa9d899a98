/** A story in memory: named people on a server without sockets, with a clock that the test moves. */
import { type Jid, type StreamError, makeJid, tryJid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { Accounts } from '../core/accounts.ts'
import type { Database } from '../core/database.ts'
import type { Host } from '../core/host.ts'
import { Kernel } from '../core/kernel.ts'
import { silentLog } from '../core/log.ts'
import type { ModuleDeclaration } from '../core/module.ts'
import { type Connection, type Newcomer, type Session, beforeBinding, nonza } from '../core/session.ts'
import { generalKey } from '../core/general.ts'
import { sectionSchema } from '../core/settings.ts'
import { shaperRatesKey } from '../core/shaper.ts'
import { softwareKey } from '../core/software.ts'
import { UploadDesk, uploadDesk } from '../core/uploads.ts'
import type { Transport } from '../core/transport/index.ts'
import { atWork, memoryDatabase } from '../storage/memory.ts'
import { openStores } from '../storage/stores.ts'
import { FakeClock } from './fake-clock.ts'
import { memoryAccounts } from './memory-accounts.ts'
import { MemoryFiles } from './memory-files.ts'

/** The domain of all stories. */
export const DOMAIN = 'example.com'

/** A module, and what its section of the configuration holds. */
type Cast = readonly [module: ModuleDeclaration, section?: Record<string, unknown>]

/** Who and what a story needs. */
export interface StoryOptions {
  readonly modules: readonly Cast[]
  /** Modules that the server has and that do not run. */
  readonly known?: readonly ModuleDeclaration[]
  /** Devices to connect, by user or `user/resource`; the accounts are made. The first device of a user without resource is `user/1`. */
  readonly users?: readonly string[]
  /** Accounts without a device. */
  readonly absent?: readonly string[]
  /** Answers to access rules by name; others are allowed. */
  readonly access?: Readonly<Record<string, string | number>>
  /** Shapers by name, with their rates. */
  readonly shapers?: Readonly<Record<string, number>>
  /** What joins the story's node to others. */
  readonly transport?: Transport
  /** The main store; default: one in memory. */
  readonly storage?: Database
  /** Gives the kernel what modules need of it (pools, what the node shares), before they start. */
  readonly prepare?: (kernel: Kernel) => void | Promise<void>
}

/** A connected device of a user. */
export class Device {
  readonly jid: Jid
  readonly session: Session
  /** What the server has sent, oldest first. */
  readonly received: Element[]
  readonly #kernel: Kernel
  readonly #connection: MemoryConnection
  #ids = 0

  /** A device with this session, whose connection this is. */
  constructor(kernel: Kernel, session: Session, connection: MemoryConnection) {
    this.#kernel = kernel
    this.jid = session.jid
    this.received = connection.received
    this.session = session
    this.#connection = connection
  }

  /** Sends a stanza, and resolves when it has had all its effects. */
  async send(stanza: Element): Promise<void> {
    const address = stanza.attr('to')
    const to = address === undefined ? this.jid.bare : tryJid(address)
    if (to === undefined) throw new Error(`not a JID: ${address}`)
    await this.#kernel.router.receive(this.session, stanza.with({ from: this.jid }), to)
    await settle()
  }

  /** Sends a request and takes its answer out of `received`. */
  async request(iq: Element): Promise<Element> {
    const id = iq.attr('id') ?? `q${++this.#ids}`
    await this.send(iq.with({ id }))
    const index = this.received.findIndex((stanza) => stanza.name === 'iq' && stanza.attr('id') === id)
    if (index < 0) throw new Error(`no answer to ${id}`)
    return this.received.splice(index, 1)[0]!
  }

  /** Takes all that was received so far. */
  take(): Element[] {
    return this.received.splice(0)
  }

  /** Sends an element that is no stanza; whether it was understood. */
  async say(element: Element): Promise<boolean> {
    const { hooks } = this.#kernel.hosts.type(this.session.hostType)!
    const understood = (await hooks.first(nonza, this.session, element)) === true
    await settle()
    return understood
  }

  /** Loses its connection without ending its session, if something keeps that. */
  async lose(): Promise<void> {
    this.#kernel.loseConnection(this.session, 'connection lost')
    await settle()
  }

  /** Ends the session as a lost connection does. */
  async disconnect(): Promise<void> {
    this.#kernel.endSession(this.session, 'connection lost')
    await settle()
  }

  /** The stream error with which the server closed the session. */
  get closedWith(): StreamError | undefined {
    return this.#connection.error
  }
}

/** A client that has authenticated and bound no resource. */
export class Visitor implements Newcomer {
  readonly user: Jid
  gone = false
  /** What the server has sent, oldest first. */
  readonly received: Element[]
  /** The device that it has become by taking a session over. */
  device: Device | undefined
  readonly #kernel: Kernel
  readonly #connection = memoryConnection()

  constructor(kernel: Kernel, user: Jid) {
    this.#kernel = kernel
    this.user = user
    this.received = this.#connection.received
  }

  /** Sends an element; whether it was understood. */
  async say(element: Element): Promise<boolean> {
    const { hooks } = this.#kernel.hosts.of(this.user.domain)!
    const understood = (await hooks.first(beforeBinding, this, element)) === true
    await settle()
    return understood
  }

  send(element: Element): void {
    this.received.push(element)
  }

  fail(error: StreamError): void {
    this.gone = true
    this.#connection.close(error)
  }

  takeOver(session: Session): void {
    session.reconnect(this.#connection)
    this.device = new Device(this.#kernel, session, this.#connection)
  }

  /** The stream error with which the server closed the stream. */
  get closedWith(): StreamError | undefined {
    return this.#connection.error
  }
}

interface MemoryConnection extends Connection {
  readonly received: Element[]
  error: StreamError | undefined
}

function memoryConnection(): MemoryConnection {
  const received: Element[] = []
  const connection: MemoryConnection = {
    received,
    error: undefined,
    send: (stanza) => void received.push(stanza),
    close: (error) => void (connection.error = error),
    destroy: () => undefined,
    kind: 'c2s',
    ip: '192.0.2.1',
    port: 40_000,
    encrypted: true,
  }
  return connection
}

/** Lets everything happen that waits for no time to pass. */
export async function settle(): Promise<void> {
  do {
    for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve))
  } while (atWork())
}

/** What a story offers to its test. */
export class Story {
  readonly kernel: Kernel
  readonly host: Host
  readonly clock: FakeClock
  readonly #accounts: ReturnType<typeof memoryAccounts>
  readonly #devices = new Map<string, Device>()

  constructor(kernel: Kernel, host: Host, clock: FakeClock, accounts: ReturnType<typeof memoryAccounts>) {
    this.kernel = kernel
    this.host = host
    this.clock = clock
    this.#accounts = accounts
  }

  /** The device named in the story's `users`. */
  device(name: string): Device {
    const device = this.#devices.get(name)
    if (device === undefined) throw new Error(`no device ${name} in this story`)
    return device
  }

  /** Makes an account. */
  account(user: string): Jid {
    const jid = makeJid(user, DOMAIN)
    this.#accounts.add(jid)
    return jid
  }

  /** Connects a device of a user (`user` or `user/resource`), making the account. */
  connect(name: string): Device {
    const [user = '', resource = '1'] = name.split('/')
    const jid = this.account(user).withResource(resource)
    const connection = memoryConnection()
    const device = new Device(this.kernel, this.kernel.openSession(jid, connection), connection)
    this.#devices.set(name, device)
    return device
  }

  /** Has a client of a user authenticate, and no more. */
  newcomer(user: string): Visitor {
    return new Visitor(this.kernel, makeJid(user, DOMAIN))
  }

  /** Lets time pass, a second at a time. */
  async wait(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds; passed++) {
      this.clock.advance(Math.min(1, seconds - passed))
      this.kernel.timers.advance()
      await settle()
    }
  }

  /** Starts or restarts a module with the given section. */
  async reconfigure(module: ModuleDeclaration, section: Record<string, unknown> = {}): Promise<void> {
    await this.kernel.modules.reconfigure(this.host, module.key, read(module, section))
  }
}

/** Begins a story: starts the modules on `example.com`, makes the accounts and connects the devices. All of it ends with the test `t`. */
export async function story(t: { after(end: () => Promise<void>): void }, options: StoryOptions): Promise<Story> {
  const clock = new FakeClock()
  const storage = options.storage ?? memoryDatabase()
  const playing = options.modules.map(([module]) => module)
  const registry = new Map([...(options.known ?? []), ...playing].map((module) => [module.key, module]))
  const stores = openStores(storage, clock.micros)
  const { transport } = options
  const kernel = new Kernel({ storage, stores, log: silentLog(), modules: registry, clock, transport })
  kernel.share(softwareKey, { name: 'Meerkat', version: '1.2.3' })
  kernel.share(shaperRatesKey, (name) => options.shapers?.[name])
  kernel.share(uploadDesk, new UploadDesk(new MemoryFiles(), true))
  kernel.share(generalKey, { registration_timeout: 600, language: 'en' })
  const accounts = memoryAccounts(storage)
  const access = (rule: string): string | number => options.access?.[rule] ?? 'allow'
  const host = kernel.addHost(DOMAIN, [DOMAIN], new Accounts([accounts]), access)
  await options.prepare?.(kernel)
  t.after(async () => {
    await kernel.modules.stopAll(host)
    await storage.close()
  })
  const sections = options.modules.map(([module, section]): [string, unknown] => [
    module.key,
    read(module, section ?? {}),
  ])
  await kernel.modules.startAll(host, new Map(sections))
  const begun = new Story(kernel, host, clock, accounts)
  for (const user of options.absent ?? []) begun.account(user)
  for (const name of options.users ?? []) begun.connect(name)
  return begun
}

function read(module: ModuleDeclaration, section: Record<string, unknown>): unknown {
  return sectionSchema(module.config ?? {}, { folder: '.' }).parse(section)
}
