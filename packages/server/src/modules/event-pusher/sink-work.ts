/** What a kind of sink does for the runner (sink.ts). */
import type { OutboxRow } from '../../core/outbox.ts'

/** Learns what became of an event: why it is not delivered, or that it is, and why nobody wanted it though the broker has taken it. */
export type Told = (error: Error | undefined, unroutable: string | undefined) => void

/** A kind of sink. */
export interface SinkWork {
  /** Why nothing can be delivered for now; undefined when something can. */
  obstacle(): string | undefined
  /** What is wrong though something can be delivered. */
  fault(): string | undefined
  /**
   * Delivers an event, and tells once, after it has returned, what became of it. False for an event that is not for this sink. Tells or throws a
   * PoisonError when the event can never be delivered, any other error when it is worth another attempt.
   */
  deliver(row: OutboxRow, told: Told): boolean
}
