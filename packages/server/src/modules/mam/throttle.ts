/** How often archives may be asked: the shapers that rules of `[access]` name (`mam_lookup_messages_shaper`, `mam_lookup_messages_global_shaper` …). */
import { LRUCache } from 'lru-cache'
import { type Jid, StanzaError } from '@meerkat/protocol'
import type { Host } from '../../core/module.ts'
import { Shaper, shaperRatesKey } from '../../core/shaper.ts'

/** How many users' rates are remembered. */
const REMEMBERED = 10_000
/** How many milliseconds a request waits at most; one that would have to wait longer is refused. */
const LONGEST_WAIT = 3000

/** Slows down users who ask too much. Only the request waits, and what its session sends after it. */
export class Throttle {
  readonly #host: Host
  /** By rule and user. */
  readonly #users = new LRUCache<string, Shaper>({ max: REMEMBERED })
  /** By rule: what all users together may ask. */
  readonly #everyone = new Map<string, Shaper>()

  constructor(host: Host) {
    this.#host = host
  }

  /** Resolves when the request may be handled; throws `resource-constraint` when that would take too long. Undefined: at once. */
  pass(action: string, user: Jid, domain: string): undefined | Promise<void> {
    const own = this.#wait(this.#users, `${action}_shaper`, user, domain, user.bare.toString())
    const common = this.#wait(this.#everyone, `${action}_global_shaper`, user, domain, '')
    const wait = Math.max(own, common)
    if (wait === 0) return undefined
    return new Promise((resolve) => void this.#host.after(wait / 1000, resolve))
  }

  #wait(shapers: Shapers, rule: string, user: Jid, domain: string, whose: string): number {
    const rate = this.#host.shared(shaperRatesKey)(String(this.#host.access(rule, user, domain, 'none')))
    if (rate === undefined) return 0
    const key = `${rule} ${whose}`
    let shaper = shapers.get(key)
    // The rate may have changed with the configuration.
    if (shaper?.maxRate !== rate) shapers.set(key, (shaper = new Shaper(rate)))
    const wait = shaper.tryTake(1, this.#host.clock.monotonic(), LONGEST_WAIT)
    if (wait !== undefined) return wait
    throw new StanzaError('wait', 'resource-constraint', 'The action is cancelled because of flooding.')
  }
}

interface Shapers {
  get(key: string): Shaper | undefined
  set(key: string, shaper: Shaper): unknown
}
