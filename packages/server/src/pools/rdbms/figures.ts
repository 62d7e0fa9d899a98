/** What the connections of a pool to a database carry (MongooseIM: wpool_global_rdbms_stats; its pools of single host types are not told apart here). */
import type { MetricScope } from '../../core/metrics.ts'

/** What one connection has carried since it was made; bytes are those within TLS. */
export interface Carried {
  readonly received: Way
  readonly sent: Way
  /** Bytes that wait to be sent. */
  readonly waiting: number
}

/** One direction: bytes, pieces, and bytes of the largest piece. */
export interface Way {
  readonly bytes: number
  readonly pieces: number
  readonly largest: number
}

/** A connection that is watched until it is gone. */
export interface Watched {
  readonly carried: Carried
  readonly gone: Promise<void>
}

/** The connections that are there. */
export class RdbmsFigures {
  readonly #sessions = new Set<Watched>()

  /** A connection has been made. */
  watch(session: Watched): void {
    this.#sessions.add(session)
    void session.gone.then(() => this.#sessions.delete(session))
  }

  /** Shows them under the names of the reference; what a connection has carried goes with it. */
  show(scope: MetricScope): void {
    const all = (): Carried[] => Array.from(this.#sessions, ({ carried }) => carried)
    const sum = (name: string, of: (one: Carried) => number): void =>
      scope.gauge(STATS, name, () => all().reduce((total, one) => total + of(one), 0))
    const most = (name: string, of: (one: Carried) => number): void =>
      scope.gauge(STATS, name, () => all().reduce((largest, one) => Math.max(largest, of(one)), 0))
    sum('workers', () => 1)
    sum('recv_oct', ({ received }) => received.bytes)
    sum('recv_cnt', ({ received }) => received.pieces)
    most('recv_max', ({ received }) => received.largest)
    sum('send_oct', ({ sent }) => sent.bytes)
    sum('send_cnt', ({ sent }) => sent.pieces)
    most('send_max', ({ sent }) => sent.largest)
    sum('send_pend', ({ waiting }) => waiting)
  }
}

const STATS = 'wpool_global_rdbms_stats'
