/** `delivery = "best_effort"`: events are published once, without being stored; what cannot go is dropped, as MongooseIM does. */
import type { Host } from '../../core/module.ts'
import type { RabbitPool } from '../../pools/rabbit-pool.ts'
import type { SinkControl, SinkHealth, SinkState, SinkStatus } from './api.ts'
import type { Event, Metadata } from './events.ts'
import type { Pausing } from './pausing.ts'
import { type Publication, propertiesOf, publicationOf } from './rabbit.ts'
import type { RabbitSection } from './settings.ts'
import type { SinkWork } from './sink-work.ts'

/** Events that wait while there is no connection; more are dropped. */
const MAX_QUEUED = 1000
/** Milliseconds between two lines about dropped events. */
const LOG_PAUSE = 10_000

interface Queued {
  readonly event: Event
  readonly publication: Publication
}

/** A sink that forgets. */
export class BestEffort implements SinkControl {
  readonly name: string
  readonly #host: Host
  readonly #section: RabbitSection
  readonly #pool: RabbitPool
  readonly #work: SinkWork
  readonly #pausing: Pausing
  readonly #queue: Queued[] = []
  readonly #counters = { delivered: 0, unroutable: 0, failed: 0, deadLettered: 0, dropped: 0 }
  #underWay = 0
  #turn = 0
  #stopped = false
  #lastDeliveredAt: number | undefined
  #toldAt = -Infinity
  #untold = 0

  /** `work` tells whether there is an obstacle. */
  constructor(host: Host, name: string, section: RabbitSection, pool: RabbitPool, work: SinkWork, pausing: Pausing) {
    this.#host = host
    this.name = name
    this.#section = section
    this.#pool = pool
    this.#work = work
    this.#pausing = pausing
  }

  /** Publishes an event as soon as possible, or drops it. */
  offer(event: Event, metadata: Metadata): void {
    const publication = publicationOf(this.#section, event, metadata)
    if (publication === undefined) return
    if (this.#stopped || this.#queue.length >= MAX_QUEUED) return this.#drop('the queue is full')
    this.#queue.push({ event, publication })
    this.wake()
  }

  /** Publishes what waits: to be called when an obstacle may be gone. */
  wake(): void {
    while (!this.#pausing.paused && !this.#stopped && this.#queue.length > 0 && this.#work.obstacle() === undefined)
      this.#publish(this.#queue.shift()!)
  }

  pause(): Promise<void> {
    return this.#pausing.set(true)
  }

  resume(): Promise<void> {
    const stored = this.#pausing.set(false)
    this.wake()
    return stored
  }

  status(): Promise<SinkStatus> {
    return Promise.resolve({ ...this.health(), pending: this.#queue.length + this.#underWay })
  }

  health(): SinkHealth {
    const error = this.#work.obstacle() ?? this.#work.fault()
    const trouble: SinkState = this.#pool.connection === 0 ? 'starting' : 'failing'
    const state = this.#stopped
      ? 'stopped'
      : this.#pausing.paused
        ? 'paused'
        : error === undefined
          ? 'running'
          : trouble
    const { name } = this
    return { name, state, error, lastDeliveredAt: this.#lastDeliveredAt, counters: { ...this.#counters } }
  }

  /** Drops what waits. */
  stop(): void {
    this.#stopped = true
    for (const _ of this.#queue.splice(0)) this.#drop('the server is stopping')
  }

  #publish({ event, publication: { exchange, routingKey, body } }: Queued): void {
    this.#underWay++
    const properties = propertiesOf(event, this.#turn++, false)
    this.#pool.publish(exchange, routingKey, body, properties, (error) => {
      this.#underWay--
      if (error === undefined) {
        this.#counters.delivered++
        this.#lastDeliveredAt = this.#host.clock.now()
      } else {
        this.#counters.failed++
        this.#drop(error.message)
      }
    })
  }

  /** A line for each would be a burden of its own. */
  #drop(reason: string): void {
    this.#counters.dropped++
    this.#untold++
    const now = this.#host.clock.monotonic()
    if (now - this.#toldAt < LOG_PAUSE) return
    const dropped = this.#untold
    this.#toldAt = now
    this.#untold = 0
    const what = 'no_event_pusher_rabbit_worker_available'
    this.#host.log.warn({ what, sink: this.name, dropped, reason }, 'events for RabbitMQ were dropped')
  }
}
