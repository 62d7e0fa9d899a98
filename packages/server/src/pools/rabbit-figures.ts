/** What a pool of RabbitMQ connections counts (MongooseIM: wpool_rabbit_connections, wpool_rabbit_messages_published; of a pool for all, wpool_global_rabbit_…). */
import { Histogram, type MetricScope } from '../core/metrics.ts'
import type { RabbitError } from './rabbit-pool.ts'

/** Counts on plain fields. */
export class RabbitFigures {
  active = 0
  opened = 0
  closed = 0
  failed = 0
  /** Messages that the broker has confirmed. */
  published = 0
  /** Messages that it refused, and those whose connection was lost before it confirmed them. */
  rejected = 0
  timedOut = 0
  /** Messages that the broker has not answered yet. */
  pending = 0
  /** Microseconds from handing a message to the driver to its confirmation. */
  readonly time = new Histogram()
  /** Bytes of bodies, counted as characters. */
  readonly size = new Histogram()

  /** A connection has come up. */
  up(): void {
    this.active++
    this.opened++
  }

  /** A connection that was up is gone. */
  down(): void {
    this.active--
    this.closed++
  }

  /** A message is handed to the driver. */
  began(length: number): void {
    this.size.observe(length)
    this.pending++
  }

  /** The end of a message is known, so many milliseconds later. */
  ended(error: RabbitError | undefined, milliseconds: number): void {
    this.pending--
    if (error === undefined) {
      this.published++
      this.time.observe(milliseconds * 1000)
    } else if (error.problem === 'timeout') this.timedOut++
    else this.rejected++
  }

  /** Shows them under the names of the reference, which differ for a pool that serves all host types. */
  show(scope: MetricScope, isGlobal: boolean): void {
    const pool = isGlobal ? 'wpool_global_rabbit' : 'wpool_rabbit'
    const queues = isGlobal ? 'wpool_global_queue_lengths' : 'wpool_queue_lengths'
    scope.within({ pool_type: 'rabbit' }).gauge(queues, 'total', () => this.pending)
    scope.gauge(`${pool}_connections`, 'active', () => this.active)
    scope.counted(`${pool}_connections`, 'opened', () => this.opened)
    scope.counted(`${pool}_connections`, 'closed', () => this.closed)
    scope.counted(`${pool}_connections`, 'failed', () => this.failed)
    scope.counted(`${pool}_messages_published`, 'count', () => this.published)
    scope.counted(`${pool}_messages_published`, 'failed', () => this.rejected)
    scope.counted(`${pool}_messages_published`, 'timeout', () => this.timedOut)
    scope.showHistogram(`${pool}_messages_published`, 'time', this.time)
    scope.showHistogram(`${pool}_messages_published`, 'size', this.size)
  }
}
