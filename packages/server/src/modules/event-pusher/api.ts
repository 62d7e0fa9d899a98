/** What the admin API and others may ask of event sinks. */
import type { Host } from '../../core/module.ts'

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
  /** Stops sending; what is under way is finished. Events are kept meanwhile, or dropped when the sink gives its best effort only. */
  pause(): void
  /** Goes on sending. */
  resume(): void
}

const provided = new WeakMap<Host, readonly SinkControl[]>()

/** The sinks of a host type; none while mod_event_pusher is not running there. */
export const sinksOf = (host: Host): readonly SinkControl[] => provided.get(host) ?? []

/** Lets others find the sinks. For mod_event_pusher only. */
export function provideSinks(host: Host, sinks: readonly SinkControl[]): void {
  if (sinks.length === 0) provided.delete(host)
  else provided.set(host, sinks)
}
