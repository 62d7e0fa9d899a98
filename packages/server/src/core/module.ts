/**
 * What a module is made of, and all that its author needs from the kernel. A module declares what can be known without starting it, and
 * `start` returns what it adds; the manager puts that in and takes it out.
 */
import type { Registration } from './hooks.ts'
import type { Host, Identity } from './host.ts'
import type { ServiceAddition } from './hosts.ts'
import type { IqRoute } from './iq.ts'
import type { Keeping } from './keeping.ts'
import type { Settings, Values } from './settings.ts'

/** A specification that a module follows. */
export interface Spec {
  /** `XEP-0199` or `RFC 6121`. */
  readonly name: string
  /** The version followed; undefined for an RFC. */
  readonly version?: string
  readonly status: 'complete' | 'partial'
  readonly note?: string
  /** The file that follows it, from the folder of the declaration; undefined when that is the declaring module itself. */
  readonly file?: string
}

/** What a declaration may say besides name and version. */
export type SpecOptions = Partial<Pick<Spec, 'status' | 'note' | 'file'>>

/** Declares that a XEP is followed. */
export function xep(number: number, version: string, options: SpecOptions = {}): Spec {
  return { name: `XEP-${String(number).padStart(4, '0')}`, version, status: 'complete', ...options }
}

/** Declares that an RFC is followed. */
export function rfc(number: number, options: SpecOptions = {}): Spec {
  return { name: `RFC ${number}`, status: 'complete', ...options }
}

/** What a running module adds to its host type; all of it goes when the module stops. */
export interface Additions {
  readonly hooks?: readonly Registration[]
  readonly iq?: readonly IqRoute[]
  /** Disco features of the served domains. */
  readonly features?: readonly string[]
  /** Disco features of accounts. */
  readonly accountFeatures?: readonly string[]
  readonly identities?: readonly Identity[]
  readonly accountIdentities?: readonly Identity[]
  /** Services on domains of their own. */
  readonly services?: readonly ServiceAddition[]
  /** Ends what the manager cannot see: timers, readers, watchers. */
  stop?(): void | Promise<void>
}

/** A module's declaration. */
export interface ModuleDeclaration<S extends Settings = Settings> {
  /** The name in the configuration: `mod_ping`. */
  readonly key: string
  /** One sentence for the reference. */
  readonly summary: string
  readonly specs: readonly Spec[]
  readonly config?: S
  /** Modules that must run too; they are started first, with default settings when the configuration does not name them. */
  readonly requires?: readonly string[]
  /** What it keeps in the main store: of users, or otherwise; see `keeping.ts`. */
  readonly keeps?: readonly Keeping[]
  /** The module belongs to every server and needs no section. */
  readonly always?: boolean
  /** Starts the module on a host type. It must not act on the server but through what it returns and the host's methods. */
  start(host: Host, config: Values<S>): Additions | Promise<Additions>
}

/** Declares a module; the settings' types flow into `start`. */
export function defineModule<S extends Settings>(declaration: ModuleDeclaration<S>): ModuleDeclaration<S> {
  return declaration
}

export { AccountError, type KnownUsers, accountRegistered, accountRemoved } from './accounts.ts'
export {
  type Contact,
  type Contacts,
  type StanzaKind,
  type Subscription,
  contactsOf,
  isSeen,
  isUnwanted,
  maySeePresence,
  sees,
  subscriptionChanged,
} from './contacts.ts'
export type { Database, SqlValue, Write } from './database.ts'
export { StorageError } from './database.ts'
export { Delivery, HandledBefore, type Origin } from './delivery.ts'
export type { SessionEntry } from './directory.ts'
export { type NodeQuery, nodeInfo, nodeItems, rootItems, serviceForms } from './disco-nodes.ts'
export { HandledCount } from './handled-count.ts'
export { Gate, type Held, type HeldWords, type InboundCounter, packHeld, unpackHeld } from './gate.ts'
export {
  type Handing,
  messageHandedOver,
  messageObsolete,
  messageStored,
  messageToSleepers,
  messagesAcknowledged,
  messagesHeld,
  messagesStoredLate,
  wouldBeStored,
} from './handover.ts'
export { DROP, filter, first, fold, notify, type Registration, type Verdict } from './hooks.ts'
export { type Host, type Identity, type SharedKey, sharedKey } from './host.ts'
export type { ServiceAddition } from './hosts.ts'
export { type IqHandler, type IqRequest, type IqRoute, type IqTarget, iqGet, iqSet } from './iq.ts'
export { accountErasing, domainRemoved } from './eraser.ts'
export {
  ERASED_AT_ONCE,
  type Keeping,
  keptByName,
  keptEntries,
  keptLog,
  keptOtherwise,
  keptRows,
  keptValues,
  ofDomains,
} from './keeping.ts'
export type { Log } from './log.ts'
export type { Counter, Histogram, MetricScope } from './metrics.ts'
export { type PersonalData, personalData, timeOf } from './personal-data.ts'
export { requestService } from './request-service.ts'
export { type Memory, type Parcel, sessionArrived, sessionLeft, sessionPacked } from './moving.ts'
export { messageRefused } from './refusal.ts'
export { delayed } from './reroute.ts'
export {
  messageToUser,
  messageUndelivered,
  presenceOfUser,
  presenceToUser,
  userReceive,
  userSend,
} from './stanza-path.ts'
export {
  type Connection,
  type Newcomer,
  Session,
  type SessionSlot,
  type Stranger,
  beforeBinding,
  connectionLost,
  featuresBeforeLogin,
  nonza,
  requestBeforeLogin,
  sessionActive,
  sessionClosed,
  sessionKept,
  sessionOpened,
  sessionSlot,
  streamFeatures,
} from './session.ts'
export { iqdisc, iqdiscOf, jid } from './common-settings.ts'
export { type General, generalKey } from './general.ts'
export * from './settings.ts'
export { type Software, softwareKey } from './software.ts'
export type { Append, KeyValue, KeyedSet, Log as StoredLog, LogEntry, Quota, Stores } from './stores.ts'
export type { Timer } from './timers.ts'
export { when } from './when.ts'
export { NodeGone, type OtherNodes, type Word, sessionLost, wordOfNode } from './words.ts'
