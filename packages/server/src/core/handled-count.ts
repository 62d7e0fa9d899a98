/** XEP-0198 §4: how many stanzas of a stream were handled. */
import { countOn } from '@meerkat/protocol'
import type { InboundCounter } from './gate.ts'

/** Who waits until all before a place are handled. */
interface Waiter {
  readonly place: number
  readonly promise: Promise<void>
  readonly resolve: () => void
}

/**
 * Counts the stanzas of a stream: one is handled when everything that it, and all before it, leave behind is durable or was refused. Most end in their
 * order; no promise is made for those that nobody asks for, as it would live until their commit.
 */
export class HandledCount implements InboundCounter {
  #handled: number
  /** The places of the first stanza that is not handled, and of the next to come. */
  #first = 0
  #next = 0
  /** Those behind the first that have ended already. */
  #early: Set<number> | undefined
  /** By their places. */
  #waiters: Waiter[] | undefined

  /** `handled`: how many were before, at another node. */
  constructor(handled = 0) {
    this.#handled = handled
  }

  /** How many were handled (modulo 2^32): the `h` of an `<a/>`. */
  get handled(): number {
    return this.#handled
  }

  /** Resolves when all that were received by now are handled; undefined when they are. */
  get settled(): Promise<void> | undefined {
    if (this.#first === this.#next) return undefined
    const last = this.#waiters?.at(-1)
    if (last?.place === this.#next) return last.promise
    const waiter = { place: this.#next, ...Promise.withResolvers<void>() }
    if (this.#waiters === undefined) this.#waiters = [waiter]
    else this.#waiters.push(waiter)
    return waiter.promise
  }

  received(): number {
    return this.#next++
  }

  ended(place: number): void {
    if (place !== this.#first) {
      this.#early ??= new Set()
      this.#early.add(place)
      return
    }
    this.#pass()
    while (this.#early?.delete(this.#first) === true) this.#pass()
    if (this.#waiters !== undefined) this.#tell(this.#waiters)
  }

  refused(): void {
    this.ended(this.received())
  }

  #pass(): void {
    this.#first++
    this.#handled = countOn(this.#handled)
  }

  #tell(waiters: Waiter[]): void {
    while (waiters.length > 0 && waiters[0]!.place <= this.#first) waiters.shift()!.resolve()
    if (waiters.length === 0) this.#waiters = undefined
  }
}
