/** What a pool of RabbitMQ connections counts (MongooseIM: wpool_rabbit_connections, wpool_rabbit_messages_published). */
import { Histogram, type MetricScope } from '../core/metrics.ts'
import { RabbitError } from './rabbit-pool.ts'

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

  /** Counts a message when its end is known; `began` is in milliseconds of the clock `now`. */
  follow<T>(publishing: Promise<T>, length: number, began: number, now: () => number): Promise<T> {
    this.size.observe(length)
    publishing.then(
      () => {
        this.published++
        this.time.observe((now() - began) * 1000)
      },
      (error: unknown) => {
        if (error instanceof RabbitError && error.problem === 'timeout') this.timedOut++
        else this.rejected++
      },
    )
    return publishing
  }

  /** Shows them under the names of the reference. */
  show(scope: MetricScope): void {
    scope.gauge('wpool_rabbit_connections', 'active', () => this.active)
    scope.counted('wpool_rabbit_connections', 'opened', () => this.opened)
    scope.counted('wpool_rabbit_connections', 'closed', () => this.closed)
    scope.counted('wpool_rabbit_connections', 'failed', () => this.failed)
    scope.counted('wpool_rabbit_messages_published', 'count', () => this.published)
    scope.counted('wpool_rabbit_messages_published', 'failed', () => this.rejected)
    scope.counted('wpool_rabbit_messages_published', 'timeout', () => this.timedOut)
    scope.showHistogram('wpool_rabbit_messages_published', 'time', this.time)
    scope.showHistogram('wpool_rabbit_messages_published', 'size', this.size)
  }
}
