import { type Jid, type StanzaError, type StreamError, errorReply, mayBounce } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Accounts } from './accounts.ts'
import type { Clock } from './clock.ts'
import { HostCounters } from './counters.ts'
import type { Database, Write } from './database.ts'
import type { Delivery } from './delivery.ts'
import type { SessionDirectory, SessionEntry } from './directory.ts'
import type { Handing } from './handover.ts'
import { Hooks } from './hooks.ts'
import type { ServiceAddition } from './hosts.ts'
import { IqRoutes } from './iq.ts'
import type { Kernel } from './kernel.ts'
import { type Parcel, sendOff, takeIn } from './moving.ts'
import type { Log } from './log.ts'
import type { MetricScope } from './metrics.ts'
import { messageRefused } from './refusal.ts'
import { redeliver } from './reroute.ts'
import type { Session } from './session.ts'
import type { Stores } from './stores.ts'
import type { Timer } from './timers.ts'
import { handOver, toResource } from './to-resource.ts'
import { when } from './when.ts'
import { NO_OTHERS, type OtherNodes } from './words.ts'

/**
 * Decides a rule of `[access]` for a user of `domain`: the value of the first clause that matches, `deny` when none does, and `undefinedRule`
 * (default: `deny`) when there is no such rule.
 */
export type AccessCheck = (rule: string, user: Jid, domain: string, undefinedRule?: string) => string | number

/** A name that a service of this host type goes by in disco (XEP-0030). */
export interface Identity {
  readonly category: string
  readonly type: string
  readonly name?: string
}

/** A host type: domains that share modules, authentication and access rules. It is what a module sees of the server. */
export class Host {
  readonly type: string
  readonly hooks: Hooks
  readonly iq = new IqRoutes()
  readonly counters = new HostCounters()
  /** Figures of this host type: modules count here, under the names of the reference. */
  readonly metrics: MetricScope
  readonly accounts: Accounts
  readonly log: Log
  /** Decides a rule of `[access]`. */
  readonly access: AccessCheck
  /** What disco tells of the served domains. */
  readonly serverFeatures = new Listed<string>()
  /** What disco tells of accounts. */
  readonly accountFeatures = new Listed<string>()
  readonly serverIdentities = new Listed<Identity>()
  readonly accountIdentities = new Listed<Identity>()
  /** Services on domains of their own. */
  readonly services = new Listed<ServiceAddition>()
  /** The other nodes. */
  readonly nodes: OtherNodes
  readonly #kernel: Kernel

  constructor(kernel: Kernel, type: string, accounts: Accounts, access: AccessCheck) {
    this.#kernel = kernel
    this.type = type
    this.accounts = accounts
    this.access = access
    this.nodes = kernel.cluster?.others(type) ?? NO_OTHERS
    this.log = kernel.logs.part('modules', { host_type: type })
    this.metrics = kernel.metrics.scope({ host_type: type })
    this.hooks = new Hooks(
      (hook, module, error) => {
        this.counters.hookFailures++
        kernel.report('hook_failed', error, { hook, module })
      },
      (hook) => this.metrics.counter(`hook_${hook.replaceAll(/\W+/g, '_')}`),
    )
  }

  /** The domains of this host type; they come and go while the server runs. */
  get domains(): readonly string[] {
    return this.#kernel.hosts.domains(this.type)
  }

  /** Whether `domain` is one of this host type. */
  serves(domain: string): boolean {
    return this.#kernel.hosts.of(domain) === this
  }

  /** The domain of this server to which `domain` belongs, whichever host type serves it; see `Hosts.home`. */
  homeOf(domain: string): string | undefined {
    return this.#kernel.hosts.home(domain)
  }

  get clock(): Clock {
    return this.#kernel.clock
  }

  /** When this node was started: milliseconds since the epoch. */
  get startedAt(): number {
    return this.#kernel.startedAt
  }

  /** The name of this node. */
  get node(): string {
    return this.#kernel.node
  }

  /** The main store. */
  get storage(): Database {
    return this.#kernel.storage
  }

  /** The generic stores in the main store. */
  get stores(): Stores {
    return this.#kernel.stores
  }

  get directory(): SessionDirectory {
    return this.#kernel.directory
  }

  /** Commits a unit of work; see `Database.commit`. */
  commit(...writes: readonly Write[]): Promise<void> {
    return this.#kernel.storage.commit(writes)
  }

  /** Removes an account (a bare JID) with all that is kept of it; false when there is none. Its sessions are the caller's to end. */
  removeAccount(user: Jid): Promise<boolean> {
    return this.#kernel.eraser.removeAccount(this, user)
  }

  /** Sends a stanza from `from` to `to` on the path that every stanza takes; see `Router.send`. */
  send(stanza: Element, from: Jid, to: Jid): Promise<void> {
    return this.#kernel.router.send(stanza, from, to)
  }

  /** Like `send`, for whoever sends much: undefined when nothing of it waits any more. */
  post(stanza: Element, from: Jid, to: Jid): void | Promise<void> {
    return this.#kernel.router.post(stanza, from, to)
  }

  /**
   * Hands a stanza to a resource, wherever it is connected; false when the resource has gone since. `at`: when the server received it (microseconds
   * since the epoch), if that was not just now.
   */
  deliver(entry: SessionEntry, stanza: Element, at?: number, handing?: Handing): boolean {
    return toResource(this.#kernel, entry, stanza, at, handing)
  }

  /** Hands a message that is delivered to a resource, like `deliver`; what another node has to do for it is begun by the delivery. */
  handOver(entry: SessionEntry, delivery: Delivery, handing?: Handing): boolean {
    return handOver(this.#kernel, entry, delivery, handing)
  }

  /** For use in `delivery.afterwards` of a message: sends it once more on its way when the resources it was meant for have gone. */
  redeliver(delivery: Delivery): void {
    redeliver(this.#kernel.router, delivery)
  }

  /** Answers the sender of a delivery; for use in `delivery.afterwards`. */
  answer(delivery: Delivery, reply: Element): void {
    this.#kernel.router.answer(delivery, reply)
  }

  /** Answers the sender of a delivery with an error; for use in `delivery.afterwards`, when the stanza itself is not refused. */
  bounce(delivery: Delivery, error: StanzaError): void {
    if (!mayBounce(delivery.stanza)) return
    void when(this.hooks.first(messageRefused, delivery, true), (told) => {
      if (told !== true) this.#kernel.router.answer(delivery, errorReply(delivery.stanza, error))
    })
  }

  /** Hands a stanza to all resources of a user without filters: pushes and other words of the server about the user's own data. */
  push(user: Jid, stanza: Element, wanted: (session: Session) => boolean = () => true): void {
    for (const entry of this.directory.of(user)) {
      if (entry.local !== undefined && !wanted(entry.local)) continue
      toResource(this.#kernel, entry, stanza.with({ to: entry.jid }))
    }
  }

  /** Hands a stanza to one resource, wherever it is connected; false when there is none with this full JID. */
  toResource(full: Jid, stanza: Element): boolean {
    const entry = this.directory.find(full)
    if (entry === undefined) return false
    toResource(this.#kernel, entry, stanza)
    return true
  }

  /**
   * Asks a client and waits for its answer: the result, or rejects with the StanzaError of its error, or with `remote-server-timeout` after
   * `seconds`. Not for use inside an IQ handler of the same session, whose stanzas wait for that handler.
   */
  request(session: Session, iq: Element, seconds: number): Promise<Element> {
    const addressed = iq.with({ from: session.jid.domain, to: session.jid })
    return this.#kernel.requests.send(addressed, seconds, (stanza) => session.deliver(stanza))
  }

  /** Asks somebody anywhere, in the name of `from` (a domain of this host type), as `request` does; the question takes the path of every stanza. */
  ask(iq: Element, from: Jid, to: Jid, seconds: number): Promise<Element> {
    return this.#kernel.requests.send(iq.with({ from, to }), seconds, (stanza) => {
      this.send(stanza, from, to).catch((error: unknown) => this.report('request_failed', error))
    })
  }

  /** Ends a session; see `Kernel.endSession`. */
  endSession(session: Session, reason: string, error?: StreamError): void {
    this.#kernel.endSession(session, reason, error)
  }

  /** Ends a session wherever it is connected; see `Kernel.endEntry`. */
  endEntry(entry: SessionEntry, reason: string, error?: StreamError): void | Promise<boolean> {
    return this.#kernel.endEntry(entry, reason, error)
  }

  /** Resolves when all stanzas that wait for their commits now have had their effects, or were refused. */
  lined(): Promise<void> {
    return this.#kernel.router.lined()
  }

  /** Takes a session that has no connection out of this node, for another one; see `sendOff`. */
  sendOff(session: Session, to: string): Parcel {
    return sendOff(this.#kernel, session, to)
  }

  /** Takes in a session that another node has sent off; see `takeIn`. */
  takeIn(data: string): Session {
    return takeIn(this.#kernel, data)
  }

  /** Takes its connection from a session; see `Kernel.loseConnection`. */
  loseConnection(session: Session, reason: string, error?: StreamError): void {
    this.#kernel.loseConnection(session, reason, error)
  }

  /** Calls back after `seconds`. */
  after(seconds: number, call: () => void): Timer {
    return this.#kernel.timers.after(seconds, call)
  }

  /** Calls back every `seconds`. */
  every(seconds: number, call: () => void): Timer {
    return this.#kernel.timers.every(seconds, call)
  }

  /** An outgoing connection of the configuration; throws when `[outgoing_pools.TYPE.TAG]` is missing. */
  pool<T>(type: string, tag: string): T {
    return this.#kernel.pool(type, tag, this.type) as T
  }

  /** Something that the whole node shares, provided by the composition root under a key of type `T`. */
  shared<T>(key: SharedKey<T>): T {
    return this.#kernel.shared(key)
  }

  /** Logs a failure that no stanza can be blamed for. */
  report(what: string, error: unknown, details: Record<string, unknown> = {}): void {
    this.#kernel.report(what, error, { host_type: this.type, ...details })
  }
}

/** Names something that the node shares, so that modules need not import its maker. */
export interface SharedKey<T> {
  readonly name: string
  /** Never set: carries the type. */
  readonly value?: T
}

/** Declares the key of something shared. */
export const sharedKey = <T>(name: string): SharedKey<T> => ({ name })

/** Values that several modules list; one that is listed twice stays until both are gone. */
export class Listed<T> {
  readonly #values: T[] = []

  add(value: T): void {
    this.#values.push(value)
  }

  remove(value: T): void {
    const index = this.#values.indexOf(value)
    if (index >= 0) this.#values.splice(index, 1)
  }

  /** The values, each once, in the order in which they were added. */
  list(): T[] {
    return [...new Set(this.#values)]
  }
}
