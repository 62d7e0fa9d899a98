import type { Database } from './database.ts'
import type { Delivery } from './delivery.ts'

/** How many deliveries of one pair may wait for their commit before the sender has to wait too. */
const MAX_WAITING = 256

interface Waiting {
  readonly done: Promise<void>
  count: number
}

/**
 * The order of deliveries between a sender and a recipient: what keeps something waits for its commit, and what comes later for the same pair
 * waits behind it. Everything else goes at once.
 */
export class Line {
  readonly #pairs = new Map<string, Waiting>()
  readonly #settling = new WeakMap<Delivery, Promise<void>>()

  /**
   * Lets a delivery have its effects, at once or after the commit. Returns a promise only to slow down a sender with too much in line.
   * `failed` is called instead of the effects when the commit fails.
   */
  pass(delivery: Delivery, storage: Database, failed: (error: unknown) => void): void | Promise<void> {
    const { kept } = delivery
    if (kept === undefined && this.#pairs.size === 0) return delivery.complete()
    const key = `${delivery.from.bare} ${delivery.to.bare}`
    const earlier = this.#pairs.get(key)
    if (kept === undefined && earlier === undefined) return delivery.complete()

    const committed = kept === undefined ? Promise.resolve() : storage.commit(kept)
    const effects = Promise.all([committed, earlier?.done]).then(() => delivery.complete())
    const done = effects.catch(failed)
    const waiting: Waiting = { done, count: (earlier?.count ?? 0) + 1 }
    this.#pairs.set(key, waiting)
    this.#settling.set(delivery, effects)
    const finished = done.then(() => {
      if (this.#pairs.get(key) === waiting) this.#pairs.delete(key)
    })
    return waiting.count >= MAX_WAITING ? finished : undefined
  }

  /** Resolves when the delivery has had its effects; rejects when its commit failed. */
  settled(delivery: Delivery): Promise<void> {
    return this.#settling.get(delivery) ?? Promise.resolve()
  }
}
