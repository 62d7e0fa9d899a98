/** The outbox as modules see it: where events wait for their sinks (see storage/outbox.ts). */
import type { Write } from './database.ts'
import { sharedKey } from './host.ts'

/** An event to be delivered. */
export interface NewEvent {
  /** Stable and unique, so that receivers can recognise a second delivery. */
  readonly id: string
  readonly hostType: string
  readonly kind: string
  /** What orders it: events of one conversation are delivered in their order. */
  readonly conversation: string
  /** JSON. */
  readonly body: string
  /** Microseconds since 1970. */
  readonly at: number
  /** How many events this is, for whoever counts and acknowledges them; default 1. */
  readonly events?: number
  /** What it was made from. Who gets the row from memory finds it there, and need not read it from `body`; it is not stored. */
  readonly source?: unknown
}

/** A write that adds an event. */
export interface Adding extends Write {
  /** Adds another event of the same conversation instead. Only before the write is handed in. */
  become(event: NewEvent): void
}

/** An event as a sink gets it. */
export interface OutboxRow extends NewEvent {
  /** Grows with every row of the writer; not without gaps. */
  readonly seq: number
  readonly lane: number
  readonly events: number
}

/** Where to begin again: with the first event that happened at this time (microseconds since 1970) or later, or with the one of this id. */
export type Place = { readonly at: number } | { readonly id: string }

/** What a sink reads and acknowledges. */
export interface OutboxReader {
  /**
   * The rows after those already read, at most `limit`, in order; none when there are no more, or when too many are unacknowledged, or wait for
   * one of their lane; listeners are called when there is room again.
   * After a restart those unacknowledged come again. Rejects with a `StorageError`; reading again goes on where it failed.
   */
  read(limit: number): Promise<OutboxRow[]>
  /**
   * Notes that so many of the row's events are delivered as `events` says: the row is acknowledged when all of them are. A lane's cursor moves over
   * acknowledged rows without a gap.
   */
  acknowledge(row: OutboxRow): void
  /** Calls `listener` after rows were added; returns how to stop that. Rows that were there before cause no call: read first. */
  onRows(listener: () => void): () => void
  /** The number of events that the sink has not acknowledged. */
  pending(): Promise<number>
  /**
   * Sets the sink back, so that it gets every row that is kept from there on once more; what it has not acknowledged comes in any case. False
   * when no such event is kept. Nothing may be read meanwhile, and what was read before is to be forgotten.
   */
  rewind(to: Place): Promise<boolean>
  /** Stores how far the sink has come; rows that are unacknowledged come again at the next opening. */
  close(): Promise<void>
}

/** Events of this process. */
export interface Outbox {
  /** The write that adds the event; join it to the unit of what the event reports. */
  adding(event: NewEvent): Adding
  /**
   * Opens a sink's reader; a sink has one at a time. A new sink begins with the first unit that is committed after this call.
   * Throws when the sink's reader is open already.
   */
  reader(sink: string): OutboxReader
  /** Forgets a sink that will not come back, so that rows no longer wait for it. Rejects while its reader is open. */
  forget(sink: string): Promise<void>
  /** The sinks that rows wait for although nobody reads for them. */
  absent(): string[]
  /** The number of events that wait for a sink, whether somebody reads for it or not. */
  waiting(sink: string): Promise<number>
  /** Keeps rows that every sink has passed at least so long, in microseconds, for `rewind`; the longest time that was asked for counts. */
  keepPassed(time: number): void
  /**
   * Removes rows from before `time` (microseconds since 1970) that wait for sinks only which were absent at the last call, too. Resolves with
   * the number of events.
   */
  expire(time: number): Promise<number>
}

/** The node's outbox. */
export const outboxKey = sharedKey<Outbox>('the outbox')
