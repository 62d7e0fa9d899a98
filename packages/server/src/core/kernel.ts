import { randomBytes } from 'node:crypto'
import { type Jid, StreamError } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Accounts } from './accounts.ts'
import { type Clock, systemClock } from './clock.ts'
import { NodeCounters } from './counters.ts'
import { Cluster } from './cluster.ts'
import type { Database } from './database.ts'
import { SessionDirectory, type SessionEntry } from './directory.ts'
import { Eraser } from './eraser.ts'
import type { Handing } from './handover.ts'
import { type AccessCheck, Host, type SharedKey } from './host.ts'
import { type Held, LostConnection } from './gate.ts'
import { Guesses } from './guesses.ts'
import { Hosts } from './hosts.ts'
import { PendingRequests } from './iq.ts'
import { showHost, showNode } from './kernel-metrics.ts'
import { LineLimit } from './line-limit.ts'
import { AreaLogs, type Log, errorText } from './log.ts'
import { ModuleManager, type ModuleRegistry } from './manager.ts'
import { Metrics } from './metrics.ts'
import { reroute } from './reroute.ts'
import { Room } from './room.ts'
import { Router } from './router.ts'
import { type Connection, Session, connectionLost, sessionClosed, sessionKept, sessionOpened } from './session.ts'
import type { Stores } from './stores.ts'
import { TimerWheel } from './timers.ts'
import { Tracing } from './tracing.ts'
import { Traffic } from './traffic.ts'
import type { Transport } from './transport/index.ts'
import { when } from './when.ts'

/** What the composition root gives the kernel. */
export interface KernelParts {
  readonly storage: Database
  readonly stores: Stores
  readonly log: Log | AreaLogs
  readonly modules: ModuleRegistry
  /** Known to this installation alone, and the same after a restart; random when not given. */
  readonly secret?: Buffer
  readonly clock?: Clock
  /** What joins the kernel to those of other nodes. */
  readonly transport?: Transport | undefined
}

/** How many sessions a user may have when the access rule `max_user_sessions` does not say (MongooseIM: 100). */
const MAX_USER_SESSIONS = 100

/** The kernel of one node: it knows hosts, sessions and the way of a stanza, and no feature. */
export class Kernel {
  readonly clock: Clock
  /** When this node was started: milliseconds since the epoch. */
  readonly startedAt: number
  /** The logger of the kernel itself; other areas have theirs in `logs`. */
  readonly log: Log
  readonly logs: AreaLogs
  readonly storage: Database
  readonly stores: Stores
  readonly hosts = new Hosts()
  readonly counters = new NodeCounters()
  readonly metrics = new Metrics()
  readonly traffic = new Traffic(this.metrics)
  /** Whether new connections are taken. */
  readonly room = new Room()
  /** Failed logins, of all listeners together. */
  readonly guesses: Guesses
  readonly timers: TimerWheel
  readonly directory: SessionDirectory
  readonly requests: PendingRequests
  readonly router: Router
  readonly modules: ModuleManager
  /** Removes accounts and domains, with all that is kept of them. */
  readonly eraser: Eraser
  /** Lets operators watch what clients send and get. */
  readonly tracing = new Tracing()
  /** From it come values that nobody may guess and that must stay the same; known to this installation alone. */
  readonly secret: Buffer
  readonly #lines: LineLimit
  /** The other nodes; undefined for a server of one process. */
  readonly cluster: Cluster | undefined
  readonly #pools = new Map<string, unknown>()
  readonly #shared = new Map<object, unknown>()

  constructor(parts: KernelParts) {
    this.clock = parts.clock ?? systemClock()
    this.startedAt = this.clock.now()
    this.secret = parts.secret ?? randomBytes(32)
    this.guesses = new Guesses(this.clock)
    this.logs = parts.log instanceof AreaLogs ? parts.log : new AreaLogs(parts.log)
    this.log = this.logs.area('core')
    this.storage = parts.storage
    this.stores = parts.stores
    this.timers = new TimerWheel(this.clock, (error) => this.report('timer_failed', error))
    this.#lines = new LineLimit(this.clock, this.timers, (kind, count) =>
      this.log.error({ what: 'errors_left_out', of: kind, count }, 'errors of one kind were left out of the log'),
    )
    this.requests = new PendingRequests(this.timers)
    this.router = new Router(this)
    this.modules = new ModuleManager(parts.modules, this.hosts)
    this.eraser = new Eraser(this, () => Array.from(parts.modules.values(), ({ keeps = [] }) => keeps).flat())
    this.cluster = parts.transport && new Cluster(this, parts.transport)
    // A lone node has nobody to tell, and need not serialise each presence.
    this.directory = new SessionDirectory(this.node, this.cluster?.telling)
    showNode(this)
  }

  /** The name of this node. */
  get node(): string {
    return this.cluster?.node ?? 'meerkat@localhost'
  }

  /** Adds a host type that serves `domains`. */
  addHost(type: string, domains: readonly string[], accounts: Accounts, access: AccessCheck): Host {
    const host = new Host(this, type, accounts, access)
    accounts.tellOthers = (user) => host.nodes.tell('account changed', user.toString())
    accounts.erased = (user) => this.eraser.finish(user)
    this.hosts.addType(host)
    for (const domain of domains) this.hosts.addDomain(domain, host)
    showHost(this, host)
    return host
  }

  /**
   * Opens a session for an authenticated user. An older session with the same full JID is closed with `conflict` (RFC 6120 §7.7.2.2), and so is
   * the user's oldest when there are more than the rule `max_user_sessions` allows.
   */
  openSession(jid: Jid, connection: Connection): Session {
    const host = this.hosts.of(jid.domain)
    if (host === undefined) throw new StreamError('host-unknown')
    const same = this.directory.find(jid)
    if (same?.local !== undefined) this.endSession(same.local, 'replaced', new StreamError('conflict'))
    const rule = host.access('max_user_sessions', jid, jid.domain)
    const limit = rule === 'infinity' ? Infinity : typeof rule === 'number' ? rule : MAX_USER_SESSIONS
    const others = this.directory.of(jid)
    const full = others.length - (same?.local === undefined && same !== undefined ? 1 : 0) >= limit
    const ended = full ? this.endEntry(others[0]!, 'too many sessions', new StreamError('conflict')) : undefined
    // Above that of a session on another node, which ends when it hears of this one, however the clocks go.
    const openedAt = Math.max(this.clock.now(), (same?.openedAt ?? 0) + 1)
    const session = new Session(jid, host.type, connection, same?.local === undefined ? openedAt : this.clock.now())
    this.directory.open(session)
    session.announced = both(this.directory.spreading, ended)
    host.counters.sessionsOpened++
    this.logs.area('c2s').info({ what: 'session_opened', jid: jid.toString(), ip: connection.ip }, 'session opened')
    void host.hooks.notify(sessionOpened, session)
    return session
  }

  /**
   * Ends a session: it leaves the directory, listeners are told, and the stream is closed (with `error` if there is one). What its client may not
   * have goes to others.
   */
  endSession(session: Session, reason: string, error?: StreamError): void {
    if (session.closed) return
    // First of all, so that a listener that ends the session once more changes nothing.
    session.closed = true
    this.directory.close(session)
    this.logs.area('c2s').info({ what: 'session_closed', jid: session.jid.toString(), reason }, 'session closed')
    const host = this.hosts.type(session.hostType)
    if (host !== undefined) {
      host.counters.sessionsClosed++
      void host.hooks.notify(sessionClosed, session, reason)
    }
    session.connection.close(error)
    reroute(this.router, session.jid, session.held())
  }

  /** Ends a session wherever it is connected; false when it has gone already. Undefined when it has ended at once. */
  endEntry(entry: SessionEntry, reason: string, error?: StreamError): void | Promise<boolean> {
    if (entry.local === undefined) return this.cluster?.end(entry, reason, error)
    this.endSession(entry.local, reason, error)
  }

  /** Lets a session say something to its own user, as if its client had, wherever it is connected; false when it has gone. */
  async say(entry: SessionEntry, stanza: Element): Promise<boolean> {
    if (entry.local === undefined) return (await this.cluster?.say(entry, stanza)) === true
    await this.router.receive(entry.local, stanza, entry.jid.bare)
    return true
  }

  /**
   * Takes its connection from a session, which ends with that unless a listener of `connectionLost` keeps it. The client is told `error`, if it
   * is still there.
   */
  loseConnection(session: Session, reason: string, error?: StreamError): void {
    if (session.closed || session.lost) return
    const { connection } = session
    const end = (why?: StreamError): void => this.endSession(session, why?.condition ?? 'closed', why)
    session.reconnect(new LostConnection(connection, end))
    connection.close(error)
    const hooks = this.hosts.type(session.hostType)?.hooks
    void when(hooks?.first(connectionLost, session, reason), (kept) =>
      kept === true ? hooks?.notify(sessionKept, session) : this.endSession(session, reason),
    )
  }

  /** Ends all sessions of this node, for a server that stops. */
  endSessions(why: StreamError): void {
    for (const { local } of this.directory.all()) if (local !== undefined) this.endSession(local, 'server stops', why)
  }

  /** Sends a stanza to a resource of another node. */
  carry(entry: SessionEntry, stanza: Element, at = this.clock.micros(), handing?: Handing): void {
    this.cluster?.carrier.carry(entry, { stanza, at, handing })
  }

  /** Like `carry`, for who must know of it; see `Carrier.carried`. */
  carried(entry: SessionEntry, held: Held, stored: boolean): Promise<void> | undefined {
    return this.cluster?.carrier.carried(entry, held, stored)
  }

  /** Provides an outgoing connection under `[outgoing_pools.TYPE.TAG]`, for one host type or for all. */
  addPool(type: string, tag: string, pool: unknown, hostType = ''): void {
    this.#pools.set(`${type}.${tag} ${hostType}`, pool)
  }

  /** The outgoing connection of the configuration; one of the host type's own goes before the common one. */
  pool(type: string, tag: string, hostType = ''): unknown {
    const pool = this.#pools.get(`${type}.${tag} ${hostType}`) ?? this.#pools.get(`${type}.${tag} `)
    if (pool === undefined) throw new Error(`the configuration needs [outgoing_pools.${type}.${tag}]`)
    return pool
  }

  /** Shares something with the whole node. */
  share<T>(key: SharedKey<T>, value: T): void {
    this.#shared.set(key, value)
  }

  /** What is shared under a key. */
  shared<T>(key: SharedKey<T>): T {
    if (!this.#shared.has(key)) throw new Error(`nothing is shared as ${key.name}`)
    return this.#shared.get(key) as T
  }

  /** Logs and counts a failure that must not cost anyone else anything. A kind of failure, of a module, is logged so many times a second. */
  report(what: string, error: unknown, details: Record<string, unknown> = {}): void {
    this.counters.unexpectedErrors++
    const { module } = details
    if (!this.#lines.allows(typeof module === 'string' ? `${what} ${module}` : what)) return
    this.log.error({ what, ...details, error: errorText(error) }, what)
  }
}

function both(one: Promise<void> | undefined, other: void | Promise<unknown>): Promise<void> | undefined {
  if (one === undefined && other === undefined) return undefined
  return Promise.all([one, other]).then(() => undefined)
}
