import type { Database } from './database.ts'
import { type Delivery, HandledBefore } from './delivery.ts'

/** How many deliveries of one user may wait for their commit before the user's sessions have to wait too. */
const MAX_WAITING = 256

/** The place in line of a delivery that is not ready to pass. */
interface Place {
  /** Resolves when the delivery before it is out of the line. */
  readonly earlier: Promise<void> | undefined
  readonly sender: string
  readonly pair: string
  readonly out: () => void
}

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
  readonly #pairs = new Map<string, Delivery>()
  /** How many deliveries of each sender are in line. */
  readonly #senders = new Map<string, number>()
  /** The places of those that are not ready. */
  readonly #places = new Map<Delivery, Place>()
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
    if (this.#places.size > 0 && this.#passFromPlace(delivery)) return
    const sender = delivery.from.bare.toString()
    // Who has nothing in line goes on without a look for the pair, whose name would have to be put together.
    if (!delivery.keeps && !this.#senders.has(sender)) return this.#passAtOnce(delivery)
    const pair = `${sender} ${delivery.to.bare}`
    const earlier = this.#pairs.get(pair)
    if (!delivery.keeps && earlier === undefined) return this.#passAtOnce(delivery)

    const waiting = this.#join(delivery, sender, pair)
    delivery.done = this.#through(delivery, earlier?.done, sender, pair)
    return waiting >= MAX_WAITING ? delivery.done : undefined
  }

  /** Puts the delivery behind all of its pair; returns how many of its sender are in line now. */
  #join(delivery: Delivery, sender: string, pair: string): number {
    const waiting = (this.#senders.get(sender) ?? 0) + 1
    this.#senders.set(sender, waiting)
    this.#pairs.set(pair, delivery)
    return waiting
  }

  /**
   * Gives a delivery its place in line though it is not ready to pass, as when its recipient has yet to be looked up: what comes later between the two
   * waits for it. `pass` must follow, or `leave`.
   */
  reserve(delivery: Delivery): void {
    const sender = delivery.from.bare.toString()
    const pair = `${sender} ${delivery.to.bare}`
    const earlier = this.#pairs.get(pair)?.done
    this.#join(delivery, sender, pair)
    const { promise, resolve: out } = Promise.withResolvers<void>()
    this.#places.set(delivery, { earlier, sender, pair, out })
    delivery.done = promise
  }

  /** Whether the delivery has had a place, from which it goes on. */
  #passFromPlace(delivery: Delivery): boolean {
    const place = this.#places.get(delivery)
    if (place === undefined) return false
    this.#places.delete(delivery)
    const { earlier, sender, pair, out } = place
    void this.#through(delivery, earlier, sender, pair).then(out)
    return true
  }

  /** Takes a delivery that will not pass out of its place, if it has one still. */
  leave(delivery: Delivery): void {
    const place = this.#places.get(delivery)
    if (place === undefined) return
    this.#places.delete(delivery)
    const { earlier, sender, pair, out } = place
    // What waits behind it still waits for those before it.
    void Promise.resolve(earlier).then(() => {
      this.#out(delivery, sender, pair)
      out()
    })
  }

  #passAtOnce(delivery: Delivery): void {
    this.#complete(delivery)
    if (delivery.followed !== undefined) delivery.done = Promise.resolve()
  }

  /** Resolves when the delivery has had its effects, and they theirs; rejects when its commit failed. Undefined when it did not have to wait. */
  settling(delivery: Delivery): Promise<void> | undefined {
    const { done } = delivery
    if (done === undefined) return undefined
    const settling = this.#settled(delivery, done)
    settling.catch(() => undefined)
    return settling
  }

  /** Like `settling`, for whoever need not know what became of it: resolves in any case. */
  ending(delivery: Delivery): Promise<void> | undefined {
    return delivery.done === undefined ? undefined : this.#ended(delivery, delivery.done)
  }

  async #ended(delivery: Delivery, done: Promise<void>): Promise<void> {
    await done
    if (delivery.refusal === undefined && delivery.followed !== undefined) await Promise.allSettled(delivery.followed)
  }

  /** What comes later between the two waits for the effects alone: what they have begun is in line itself. */
  async #settled(delivery: Delivery, done: Promise<void>): Promise<void> {
    await done
    if (delivery.refusal !== undefined) throw delivery.refusal
    if (delivery.followed !== undefined) await Promise.all(delivery.followed)
  }

  /** Resolves when all that is in line now has had its effects or was refused. */
  async settled(): Promise<void> {
    const lined = Array.from(this.#pairs.values())
    for (const { done } of lined) await done
  }

  /** Whether nothing is in line. */
  get empty(): boolean {
    return this.#pairs.size === 0
  }

  /**
   * Lets the delivery have its effects, or refuses it, and takes it out of the line. Never rejects. One function and one promise hold up a
   * delivery: whatever waits outlives collections of the young generation, which copy it.
   */
  async #through(delivery: Delivery, earlier: Promise<void> | undefined, sender: string, pair: string): Promise<void> {
    try {
      let isNew = true
      try {
        // Handed in before waiting for the earlier one, so that both share a transaction when they can.
        if (delivery.keeps) await this.#storage.commit(delivery.letGo())
      } catch (error) {
        if (!(error instanceof HandledBefore)) throw error
        isNew = false
      }
      // What has no effects waits, too: so what comes behind it does.
      if (earlier !== undefined) await earlier
      if (isNew) this.#complete(delivery)
    } catch (error) {
      this.#refused(delivery, error)
    }
    this.#out(delivery, sender, pair)
  }

  #out(delivery: Delivery, sender: string, pair: string): void {
    if (this.#pairs.get(pair) === delivery) this.#pairs.delete(pair)
    const rest = (this.#senders.get(sender) ?? 1) - 1
    if (rest === 0) this.#senders.delete(sender)
    else this.#senders.set(sender, rest)
  }

  #refused(delivery: Delivery, error: unknown): void {
    delivery.refusal = error instanceof Error ? error : new Error(String(error))
    try {
      this.#events.refused(delivery, error)
    } catch (failure) {
      this.#events.stepFailed(failure)
    }
  }

  #complete(delivery: Delivery): void {
    delivery.complete(this.#events.stepFailed)
  }
}
