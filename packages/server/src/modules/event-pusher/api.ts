/** What the admin API and others may ask of event sinks. */
import type { Host } from '../../core/module.ts'
import type { Place } from '../../core/outbox.ts'

/**
 * How a sink does: `starting` until it has reached its broker for the first time, `failing` when events do not go through, `unroutable` when the
 * last one went through but no queue wanted it.
 */
export type SinkState = 'starting' | 'running' | 'failing' | 'unroutable' | 'paused' | 'stopped'

/** What a sink knows of itself without asking anybody. */
export interface SinkHealth {
  readonly name: string
  readonly state: SinkState
  /** Why, in the words of the broker; undefined when there is nothing to say. */
  readonly error: string | undefined
  /** Milliseconds since 1970; undefined before the first. */
  readonly lastDeliveredAt: number | undefined
  readonly counters: SinkCounters
}

/** What a sink tells of itself. */
export interface SinkStatus extends SinkHealth {
  /** Events that are stored or queued and not delivered yet. */
  readonly pending: number
}

/** Counted since the sink was started. */
export interface SinkCounters {
  /** Events that the broker has confirmed, unroutable ones among them. */
  readonly delivered: number
  /** Events that the broker has taken though no queue wanted them. */
  readonly unroutable: number
  /** Attempts that failed. */
  readonly failed: number
  /** Events given up because they can never be delivered; they are kept in the dead-letter store. */
  readonly deadLettered: number
  /** Events lost: only with `delivery = "best_effort"`. */
  readonly dropped: number
}

/** A sink as others see it. */
export interface SinkControl {
  readonly name: string
  /** How the sink does; the answer does not depend on the store or the broker being there. */
  health(): SinkHealth
  /** Rejects with a StorageError when the number of pending events cannot be read. */
  status(): Promise<SinkStatus>
  /**
   * Stops sending, also over restarts; what is under way is finished. Events are kept meanwhile, or dropped when the sink gives its best effort
   * only. Resolves when that is stored.
   */
  pause(): Promise<void>
  /** Goes on sending. */
  resume(): Promise<void>
  /** Sends the events that are kept from there on once more; false when there is none. Undefined with best effort, which keeps nothing. */
  readonly replay?: (from: Place) => Promise<boolean>
  /** The events put aside. Undefined with best effort. */
  readonly deadLetters?: DeadLetterBox
}

/** An event that can never be delivered. */
export interface DeadLetter {
  /** The number of the letter. */
  readonly number: number
  /** When it was put aside: microseconds since 1970. */
  readonly since: number
  /** Why. */
  readonly reason: string
  /** The event's id, kind and conversation, when it happened (microseconds since 1970), and its JSON. */
  readonly id: string
  readonly kind: string
  readonly conversation: string
  readonly at: number
  readonly body: string
}

/** The events that a sink has put aside. */
export interface DeadLetterBox {
  /** The oldest ones. */
  list(limit: number): Promise<DeadLetter[]>
  count(): Promise<number>
  /** Lets the sink try them once more, behind the events that wait; resolves with how many of these numbers there were. */
  requeue(numbers: readonly number[]): Promise<number>
  /** Removes them; resolves with how many of these numbers there were. */
  remove(numbers: readonly number[]): Promise<number>
}

const provided = new WeakMap<Host, readonly SinkControl[]>()

/** The sinks of a host type; none while mod_event_pusher is not running there. */
export const sinksOf = (host: Host): readonly SinkControl[] => provided.get(host) ?? []

/** Lets others find the sinks. For mod_event_pusher only. */
export function provideSinks(host: Host, sinks: readonly SinkControl[]): void {
  if (sinks.length === 0) provided.delete(host)
  else provided.set(host, sinks)
}
