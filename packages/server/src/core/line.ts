import type { Database } from './database.ts'
import { type Delivery, HandledBefore } from './delivery.ts'

/** How many deliveries of one user may wait for their commit before the user's sessions have to wait too. */
const MAX_WAITING = 256

/** What a line tells its owner. */
export interface LineEvents {
  /** The commit of a delivery has failed: it has no effects. */
  readonly refused: (delivery: Delivery, error: unknown) => void
  /** A step of a delivery, or telling of its refusal, has thrown; what it keeps is durable, and its other steps are taken. */
  readonly stepFailed: (error: unknown) => void
}

/**
 * The order of deliveries between a sender and a recipient: what keeps something waits for its commit, and what comes later for the same pair
 * waits behind it. Everything else goes at once.
 */
export class Line {
  /** The last delivery in line of each pair. */
  readonly #pairs = new Map<string, Promise<void>>()
  /** How many deliveries of each sender are in line. */
  readonly #senders = new Map<string, number>()
  readonly #settling = new WeakMap<Delivery, Promise<void>>()
  readonly #storage: Database
  readonly #events: LineEvents

  constructor(storage: Database, events: LineEvents) {
    this.#storage = storage
    this.#events = events
  }

  /**
   * Lets a delivery have its effects, at once or after the commit. Returns a promise only to slow down a sender with too much in line, to
   * whomever it goes: one sender cannot fill the store's queue.
   */
  pass(delivery: Delivery): void | Promise<void> {
    if (delivery.kept === undefined && this.#pairs.size === 0) return this.#complete(delivery)
    const sender = delivery.from.bare.toString()
    const pair = `${sender} ${delivery.to.bare}`
    const earlier = this.#pairs.get(pair)
    if (delivery.kept === undefined && earlier === undefined) return this.#complete(delivery)

    const waiting = (this.#senders.get(sender) ?? 0) + 1
    this.#senders.set(sender, waiting)
    const effects = this.#effects(delivery, earlier)
    this.#settling.set(delivery, effects)
    const done = effects
      .catch((error: unknown) => this.#events.refused(delivery, error))
      .catch(this.#events.stepFailed)
      .then(() => {
        if (this.#pairs.get(pair) === done) this.#pairs.delete(pair)
        this.#leave(sender)
      })
    this.#pairs.set(pair, done)
    return waiting >= MAX_WAITING ? done : undefined
  }

  /** Resolves when the delivery has had its effects; rejects when its commit failed. Undefined when it did not have to wait. */
  settling(delivery: Delivery): Promise<void> | undefined {
    return this.#settling.get(delivery)
  }

  /** Resolves when all that is in line now has had its effects or was refused. */
  async settled(): Promise<void> {
    await Promise.all(this.#pairs.values())
  }

  /** Whether nothing is in line. */
  get empty(): boolean {
    return this.#pairs.size === 0
  }

  async #effects(delivery: Delivery, earlier: Promise<void> | undefined): Promise<void> {
    const { kept } = delivery
    // Handed in before waiting for the earlier one, so that both share a transaction when they can.
    const committed = kept === undefined ? undefined : this.#storage.commit(kept)
    try {
      await Promise.all([committed, earlier])
    } catch (error) {
      if (!(error instanceof HandledBefore)) throw error
      // It has no effects; but what comes behind it waits for the earlier one all the same.
      return earlier
    }
    this.#complete(delivery)
  }

  #complete(delivery: Delivery): void {
    delivery.complete(this.#events.stepFailed)
  }

  #leave(sender: string): void {
    const rest = (this.#senders.get(sender) ?? 1) - 1
    if (rest === 0) this.#senders.delete(sender)
    else this.#senders.set(sender, rest)
  }
}
