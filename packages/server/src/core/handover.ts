/** What becomes of messages between their recipient's resources and their clients. */
import type { Jid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Write } from './database.ts'
import type { Delivery } from './delivery.ts'
import type { SessionEntry } from './directory.ts'
import type { Held } from './gate.ts'
import { first, fold, notify } from './hooks.ts'
import type { Session } from './session.ts'

/** Asks whether a message is of a kind that is stored while its recipient is away: by an archive, or until the recipient is back. */
export const wouldBeStored = first<[message: Element], boolean>('message would be stored')
/** Fired when a message was stored for a recipient who is away, to be delivered later. */
export const messageStored = notify<[delivery: Delivery]>('message stored')
/** Fired when a message has been handed to resources of its recipient, once it is stored; not when it had none to go to. */
export const messageHandedOver = notify<[delivery: Delivery, resources: readonly SessionEntry[]]>('message handed over')
/**
 * Fired when all resources that a message is about to be handed to are sessions without a connection, and no archive keeps it. Listeners may
 * keep it (`delivery.keep`) in case that this server ends before the clients have it.
 */
export const messageToSleepers = notify<[delivery: Delivery, sleepers: readonly Session[]]>('message to sleepers')
/**
 * Fired when a session without a connection holds messages of others for its client: with those that the client has not acknowledged when the
 * connection is lost, and with each one that comes later.
 */
export const messagesHeld = notify<[session: Session, messages: readonly Held[]]>('messages held')
/** Fired when messages that were handed to `recipient` are stored after all, by a unit of their own; what listeners add is in that unit. */
export const messagesStoredLate = fold<readonly Write[], [messages: readonly Held[], recipient: Jid]>(
  'messages stored late',
)
/** Fired when the client of such a session has acknowledged stanzas. */
export const messagesAcknowledged = notify<[session: Session, stanzas: readonly Held[]]>('messages acknowledged')
/** Fired when a message that a session of `user` held when it ended need go nowhere else; `at`: when it was received. */
export const messageObsolete = notify<[user: Jid, at: number]>('message obsolete')

/** What goes along with a message to the resources that get it: what must be known should one of them give it back. */
export interface Handing {
  /** Who was handed it, when they were several. */
  readonly sharers: readonly SessionEntry[]
  /** Whether the recipient's archive has it. */
  readonly archived: boolean
}

/** Most messages are archived and have one taker: these share what is known of them. */
export const ARCHIVED: Handing = { sharers: [], archived: true }

/** What is to be known of a delivery that is handed to `resources`; undefined when that is nothing. */
export function handingOf({ archived }: Delivery, resources: readonly SessionEntry[]): Handing | undefined {
  if (resources.length > 1) return { sharers: resources, archived }
  return archived ? ARCHIVED : undefined
}
