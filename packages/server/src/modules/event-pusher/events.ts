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

/** What most events have: nobody has added anything. */
export const NO_METADATA: Metadata = Object.freeze({})

/** An event whose row cannot be read, or that can never be delivered. */
export class PoisonError extends Error {
  override readonly name = 'PoisonError'
}

/** What a row is made from when nothing was added to its events (`NewEvent.source`): its event, or both of them. */
type Source = Event | readonly [sent: Event, received: Event]

/** The row that keeps an event until it is delivered. */
export function rowOf(event: Event, metadata: Metadata): NewEvent {
  const { id, hostType, kind, conversation, at } = event
  const source: Source | undefined = metadata === NO_METADATA ? event : undefined
  return { id, hostType, kind, conversation, at, body: bodyOf(event, metadata), source }
}

function bodyOf(event: Event, metadata: Metadata): string {
  if (event.kind === 'user_status_event') return JSON.stringify({ jid: event.jid, online: event.online, metadata })
  const { type, from, to, body } = event
  return beginning(event.direction) + JSON.stringify({ type, from, to, body, metadata }).slice(1)
}

/** How the row of a message begins: what follows is the same for both of its events. */
const beginning = (direction: ChatEvent['direction'] | 'both'): string => `{"direction":"${direction}",`
const SENT = beginning('in')
const BOTH = beginning('both')

/** The row for both events of a message, when that of the receiving differs in nothing else from that of the sending, whose row this is. */
export function rowOfBoth(sent: NewEvent, received: ChatEvent): NewEvent {
  const { id, hostType, kind, conversation, at } = sent
  const source: Source | undefined = sent.source === undefined ? undefined : [sent.source as Event, received]
  const body = BOTH + sent.body.slice(SENT.length)
  return { id: id.slice(0, -'-in'.length), hostType, kind, conversation, at, body, events: 2, source }
}

/** The id of the row that may hold the event together with another one. */
export const idOfBoth = (id: string): string => id.replace(/-(?:in|out)$/, '')

/** The rows of the events in a row, in order. */
export function eventsIn(row: OutboxRow): readonly OutboxRow[] {
  if (!row.body.startsWith(BOTH)) return [row]
  const [sent, received] = (row.source ?? []) as readonly Event[]
  return [partOf(row, 'in', sent), partOf(row, 'out', received)]
}

function partOf(row: OutboxRow, direction: ChatEvent['direction'], source: Source | undefined): OutboxRow {
  const { seq, lane, id, hostType, kind, conversation, at } = row
  const body = beginning(direction) + row.body.slice(BOTH.length)
  return { seq, lane, id: `${id}-${direction}`, hostType, kind, conversation, at, body, events: 1, source }
}

/** The event of a row; throws a PoisonError when there is none in it. */
export function eventOf(row: OutboxRow): { readonly event: Event; readonly metadata: Metadata } {
  if (row.source !== undefined) return { event: row.source as Event, metadata: NO_METADATA }
  const values = parsed(row.body)
  // An object made of named values is made at once; one that takes over what another has costs three times as much.
  const event = row.kind === 'chat_event' ? chatIn(row, values) : statusIn(row, values)
  return { event, metadata: (values['metadata'] ?? NO_METADATA) as Metadata }
}

type Values = Readonly<Record<string, unknown>>

function parsed(body: string): Values {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null) return value as Values
  } catch {}
  throw new PoisonError('the row holds no JSON object')
}

function chatIn({ id, hostType, conversation, at }: OutboxRow, values: Values): ChatEvent {
  const { direction, type, from, to, body } = values
  if (!isText(direction) || !isText(type) || !isText(from) || !isText(to) || !isText(body))
    throw new PoisonError('the row holds no chat_event')
  const event = { kind: 'chat_event', id, hostType, conversation, at, direction, type, from, to, body }
  return event as ChatEvent
}

function statusIn({ kind, id, hostType, conversation, at }: OutboxRow, { jid, online }: Values): UserStatusEvent {
  if (kind !== 'user_status_event' || !isText(jid) || typeof online !== 'boolean')
    throw new PoisonError(`the row holds no ${kind}`)
  return { kind, id, hostType, conversation, at, jid, online }
}

const isText = (value: unknown): value is string => typeof value === 'string'
