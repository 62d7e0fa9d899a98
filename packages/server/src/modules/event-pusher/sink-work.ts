/** What a kind of sink does for the runner (sink.ts). */
import type { OutboxRow } from '../../core/outbox.ts'

/** What became of a delivered event. */
export interface Delivered {
  /** Why nobody wanted it, though the broker has taken it. */
  readonly unroutable: string | undefined
}

/** A kind of sink. */
export interface SinkWork {
  /** Why nothing can be delivered for now; undefined when something can. */
  obstacle(): string | undefined
  /** What is wrong though something can be delivered. */
  fault(): string | undefined
  /**
   * Delivers an event, and resolves when that is certain. Returns undefined for an event that is not for this sink. Rejects or throws: a
   * PoisonError when the event can never be delivered, any other error when it is worth another attempt.
   */
  deliver(row: OutboxRow): Promise<Delivered> | undefined
}
