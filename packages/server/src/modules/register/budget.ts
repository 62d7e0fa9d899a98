/** How many accounts a network may make in a while (S44), and how often it may fail at it: a name that is taken can be found out that way. */
import { LRUCache } from 'lru-cache'
import { StanzaError } from '@meerkat/protocol'
import type { Clock } from '../../core/clock.ts'
import { network } from '../../core/network.ts'

/** Networks remembered. */
const REMEMBERED = 10_000
/** Failures after which a network must wait, too. */
const FAILURES = 20

export class Budget {
  /** Networks that have made an account, or are about to. */
  readonly #spent: LRUCache<string, true>
  readonly #failures: LRUCache<string, number>
  readonly #limited: boolean

  /** `timeout`: seconds until a network may make the next account; Infinity sets no limit. */
  constructor(timeout: number, clock: Clock) {
    this.#limited = timeout !== Infinity
    const ttl = this.#limited ? timeout * 1000 : 1
    const options = { max: REMEMBERED, ttl, perf: { now: () => clock.monotonic() } }
    this.#spent = new LRUCache(options)
    this.#failures = new LRUCache({ ...options, noUpdateTTL: true })
  }

  /** Lets somebody at `ip` make an account; what fails is not spent, but counted. Throws `resource-constraint` when there is nothing left. */
  async spend(ip: string, register: () => Promise<void>): Promise<void> {
    if (!this.#limited) return register()
    const key = network(ip)
    const failures = this.#failures.get(key) ?? 0
    if (this.#spent.has(key) || failures >= FAILURES)
      throw new StanzaError('wait', 'resource-constraint', 'Users are not allowed to register accounts so quickly')
    this.#spent.set(key, true)
    try {
      await register()
    } catch (error) {
      this.#spent.delete(key)
      this.#failures.set(key, failures + 1)
      throw error
    }
  }
}
