import { type Jid, StreamError, parseJid } from '@meerkat/protocol'
import { type Element, parseElement, serialize } from '@meerkat/xml'
import type { Accounts } from './accounts.ts'
import { type Clock, systemClock } from './clock.ts'
import { NodeCounters } from './counters.ts'
import type { Database } from './database.ts'
import { type DirectoryListener, SessionDirectory, type SessionEntry } from './directory.ts'
import { type AccessCheck, Host, type SharedKey } from './host.ts'
import { LostConnection } from './gate.ts'
import { Guesses } from './guesses.ts'
import { Hosts } from './hosts.ts'
import { PendingRequests } from './iq.ts'
import { showHost, showNode } from './kernel-metrics.ts'
import { LineLimit } from './line-limit.ts'
import { AreaLogs, type Log, errorText } from './log.ts'
import { ModuleManager, type ModuleRegistry } from './manager.ts'
import { Metrics } from './metrics.ts'
import { reroute } from './reroute.ts'
import { Router } from './router.ts'
import { type Connection, Session, connectionLost, sessionClosed, sessionKept, sessionOpened } from './session.ts'
import type { Stores } from './stores.ts'
import { TimerWheel } from './timers.ts'
import { Tracing } from './tracing.ts'
import { Traffic } from './traffic.ts'
import { type Envelope, type Transport, entryEnvelope, loneTransport, readEntry } from './transport.ts'
import { when } from './when.ts'

/** What the composition root gives the kernel. */
export interface KernelParts {
  readonly storage: Database
  readonly stores: Stores
  readonly log: Log | AreaLogs
  readonly modules: ModuleRegistry
  readonly clock?: Clock
  readonly transport?: Transport
}

/** How many sessions a user may have when the access rule `max_user_sessions` does not say (MongooseIM: 100). */
const MAX_USER_SESSIONS = 100

/** The kernel of one node: it knows hosts, sessions and the way of a stanza, and no feature. */
export class Kernel {
  readonly clock: Clock
  /** The logger of the kernel itself; other areas have theirs in `logs`. */
  readonly log: Log
  readonly logs: AreaLogs
  readonly storage: Database
  readonly stores: Stores
  readonly hosts = new Hosts()
  readonly counters = new NodeCounters()
  readonly metrics = new Metrics()
  readonly traffic = new Traffic(this.metrics)
  /** Failed logins, of all listeners together. */
  readonly guesses: Guesses
  readonly timers: TimerWheel
  readonly directory: SessionDirectory
  readonly requests: PendingRequests
  readonly router: Router
  readonly modules: ModuleManager
  /** Lets operators watch what clients send and get. */
  readonly tracing = new Tracing()
  readonly #lines: LineLimit
  readonly #transport: Transport
  readonly #pools = new Map<string, unknown>()
  readonly #shared = new Map<object, unknown>()

  constructor(parts: KernelParts) {
    this.clock = parts.clock ?? systemClock()
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
    this.#transport = parts.transport ?? loneTransport()
    // A lone node has nobody to tell, and need not serialise each presence.
    this.directory = new SessionDirectory(this.node, parts.transport === undefined ? undefined : this.#telling())
    this.#transport.onEnvelope((from, envelope) => this.#arrived(from, envelope))
    this.#transport.broadcast({ kind: 'hello', node: this.node })
    showNode(this)
  }

  /** The name of this node. */
  get node(): string {
    return this.#transport.node
  }

  /** Adds a host type that serves `domains`. */
  addHost(type: string, domains: readonly string[], accounts: Accounts, access: AccessCheck): Host {
    const host = new Host(this, type, accounts, access)
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
    const same = this.directory.find(jid)?.local
    if (same !== undefined) this.endSession(same, 'replaced', new StreamError('conflict'))
    const rule = host.access('max_user_sessions', jid, jid.domain)
    const limit = rule === 'infinity' ? Infinity : typeof rule === 'number' ? rule : MAX_USER_SESSIONS
    const oldest = this.directory.of(jid)[0]
    if (this.directory.of(jid).length >= limit && oldest?.local !== undefined)
      this.endSession(oldest.local, 'too many sessions', new StreamError('conflict'))
    const session = new Session(jid, host.type, connection, this.clock.now())
    this.directory.open(session)
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
  carry(entry: SessionEntry, stanza: Element): void {
    this.#transport.send(entry.node, { kind: 'stanza', to: entry.jid.toString(), stanza: serialize(stanza) })
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

  /** Tells the other nodes of this node's sessions. */
  #telling(): DirectoryListener {
    const tell = (entry: SessionEntry) => this.#transport.broadcast(entryEnvelope(entry))
    const closed = (entry: SessionEntry) => this.#transport.broadcast({ kind: 'gone', jid: entry.jid.toString() })
    return { opened: tell, changed: tell, closed }
  }

  #arrived(from: string, envelope: Envelope): void {
    switch (envelope.kind) {
      case 'stanza': {
        const entry = this.directory.find(parseJid(envelope.to))
        entry?.local?.deliver(parseElement(envelope.stanza))
        return
      }
      case 'session':
        return this.directory.enter(readEntry(from, envelope))
      case 'gone': {
        const entry = this.directory.find(parseJid(envelope.jid))
        if (entry !== undefined && entry.node === from) this.directory.leave(entry)
        return
      }
      case 'hello':
        for (const entry of this.directory.all())
          if (entry.local !== undefined) this.#transport.send(from, entryEnvelope(entry))
    }
  }
}
