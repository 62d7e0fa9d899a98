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
}

/** An event as a sink gets it. */
export interface OutboxRow extends NewEvent {
  /** Grows with every row of the writer; not without gaps. */
  readonly seq: number
  readonly lane: number
}

/** What a sink reads and acknowledges. */
export interface OutboxReader {
  /**
   * The rows after those already read, at most `limit`, in order; none when there are no more, or when too many are unacknowledged.
   * After a restart those unacknowledged come again. Rejects with a `StorageError`; reading again goes on where it failed.
   */
  read(limit: number): Promise<OutboxRow[]>
  /** Notes that the row is delivered. A lane's cursor moves over acknowledged rows without a gap. */
  acknowledge(row: OutboxRow): void
  /** Calls `listener` after rows were added; returns how to stop that. Rows that were there before cause no call: read first. */
  onRows(listener: () => void): () => void
  /** The number of rows that the sink has not acknowledged. */
  pending(): Promise<number>
  /** Stores how far the sink has come; rows that are unacknowledged come again at the next opening. */
  close(): Promise<void>
}

/** Events of this process. */
export interface Outbox {
  /** The write that adds the event; join it to the unit of what the event reports. */
  adding(event: NewEvent): Write
  /**
   * Opens a sink's reader; a sink has one at a time. A new sink begins with the first unit that is committed after this call.
   * Throws when the sink's reader is open already.
   */
  reader(sink: string): OutboxReader
  /** Forgets a sink that will not come back, so that rows no longer wait for it. Its reader must be closed. */
  forget(sink: string): Promise<void>
  /**
   * Sets a sink back, so that it gets every row that is kept from the time `from` on (microseconds since 1970) once more.
   * Its reader must be closed.
   */
  replay(sink: string, from: number): Promise<void>
}

/** The node's outbox. */
export const outboxKey = sharedKey<Outbox>('the outbox')
