/** The catalogue of events, and how an event becomes a row of the outbox and back. */
import type { NewEvent, OutboxRow } from '../../core/outbox.ts'

/** What all events have. */
interface Common {
  /** Stable and unique: a second delivery of an event has the same. */
  readonly id: string
  readonly hostType: string
  /** When it happened: microseconds since 1970. */
  readonly at: number
  /** Events of one conversation keep their order: the two bare JIDs of a chat, the room, or the user. */
  readonly conversation: string
}

/** A user's session became available, or stopped being so. */
export interface UserStatusEvent extends Common {
  readonly kind: 'user_status_event'
  /** The full JID. */
  readonly jid: string
  readonly online: boolean
}

/** A local user has sent a message (`in`, as the server sees it), or is about to get one (`out`). */
export interface ChatEvent extends Common {
  readonly kind: 'chat_event'
  readonly direction: 'in' | 'out'
  readonly type: 'chat' | 'groupchat'
  /** As on the stanza, prepared: bare or full. */
  readonly from: string
  readonly to: string
  /** Never empty. */
  readonly body: string
}

/** What happened. */
export type Event = UserStatusEvent | ChatEvent

/** What listeners of `pushEvent` have added, by name; it is merged into the payload, and wins. */
export type Metadata = Readonly<Record<string, string | number | boolean>>

/** An event whose row cannot be read, or that can never be delivered. */
export class PoisonError extends Error {
  override readonly name = 'PoisonError'
}

/** The row that keeps an event until it is delivered. */
export function rowOf(event: Event, metadata: Metadata): NewEvent {
  const { id, hostType, kind, conversation, at, ...rest } = event
  return { id, hostType, kind, conversation, at, body: JSON.stringify({ ...rest, metadata }) }
}

/** The event of a row; throws a PoisonError when there is none in it. */
export function eventOf(row: OutboxRow): { readonly event: Event; readonly metadata: Metadata } {
  const { id, hostType, conversation, at, kind } = row
  const { metadata = {}, ...rest } = parsed(row.body)
  const event = { ...rest, id, hostType, conversation, at, kind }
  if (!isEvent(event)) throw new PoisonError(`the row holds no ${kind}`)
  return { event, metadata: metadata as Metadata }
}

function parsed(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {}
  throw new PoisonError('the row holds no JSON object')
}

function isEvent(value: Record<string, unknown>): value is Record<string, unknown> & Event {
  const texts = (...names: readonly string[]): boolean => names.every((name) => typeof value[name] === 'string')
  if (value['kind'] === 'user_status_event') return texts('jid') && typeof value['online'] === 'boolean'
  return value['kind'] === 'chat_event' && texts('direction', 'type', 'from', 'to', 'body')
}
