/** Remembers which users exist, for authentication methods that have to ask somebody else (MongooseIM's segmented cache). */
import type { Jid } from '@meerkat/protocol'
import { type Histogram, type Host, type KnownUsers, defineModule, integer, minutes, oneOf } from '../core/module.ts'

export default defineModule({
  key: 'mod_cache_users',
  summary: 'Remembers for a while which users exist.',
  specs: [],
  config: {
    strategy: oneOf(
      ['fifo', 'lru'],
      'fifo',
      'Whether a user is forgotten some time after being found, or some time after being last asked for.',
    ),
    time_to_live: minutes(480, 'How long a user is remembered.', { infinity: true }),
    number_of_segments: integer(3, 'In how many parts the memory is forgotten.', { min: 1 }),
    max_users: integer(100_000, 'How many users are remembered.', { min: 1 }),
  },

  start(host, { strategy, time_to_live, number_of_segments, max_users }) {
    const segments = new Segments(host, number_of_segments, max_users, strategy === 'lru')
    const timer =
      time_to_live === Infinity
        ? undefined
        : host.every((time_to_live * 60) / number_of_segments, () => segments.rotate())
    host.accounts.known = segments
    return {
      stop() {
        timer?.cancel()
        if (host.accounts.known === segments) host.accounts.known = undefined
      },
    }
  },
})

/** Users in parts, youngest first: time takes the oldest part away at once, and so does a youngest one that is full. */
class Segments implements KnownUsers {
  readonly #parts: Set<string>[]
  readonly #room: number
  readonly #renews: boolean
  readonly #now: () => number
  #hits = 0
  #misses = 0
  /** Microseconds that a look takes. */
  readonly #latency: Histogram

  constructor({ type, metrics, clock }: Host, count: number, users: number, renews: boolean) {
    const figures = metrics.within({ cache_name: `mod_cache_users_${type}` })
    // Counters of MongooseIM are gauges of Prometheus.
    figures.gauge('user_cache_lookup', 'hits', () => this.#hits)
    figures.gauge('user_cache_lookup', 'misses', () => this.#misses)
    this.#latency = figures.histogram('user_cache_lookup', 'latency')
    this.#now = () => clock.monotonic()
    this.#parts = Array.from({ length: count }, () => new Set<string>())
    this.#room = Math.max(1, Math.floor(users / count))
    this.#renews = renews
  }

  has(user: Jid): boolean {
    const begun = this.#now()
    const isThere = this.#look(user)
    if (isThere) this.#hits++
    else this.#misses++
    this.#latency.observe((this.#now() - begun) * 1000)
    return isThere
  }

  #look(user: Jid): boolean {
    const key = user.toString()
    const place = this.#parts.findIndex((part) => part.has(key))
    if (place > 0 && this.#renews) {
      this.#parts[place]!.delete(key)
      this.add(user)
    }
    return place >= 0
  }

  add(user: Jid): void {
    if (this.#parts[0]!.size >= this.#room) this.rotate()
    this.#parts[0]!.add(user.toString())
  }

  delete(user: Jid): void {
    for (const part of this.#parts) part.delete(user.toString())
  }

  /** Forgets the oldest part, and begins a new one. */
  rotate(): void {
    this.#parts.pop()
    this.#parts.unshift(new Set())
  }
}
