/** XEP-0198 §4: how many stanzas of a stream were handled. */
import { countOn } from '@meerkat/protocol'
import type { InboundCounter } from './gate.ts'

/** Counts the stanzas of a stream: one is handled when everything that it, and all before it, leave behind is durable or was refused. */
export class HandledCount implements InboundCounter {
  #received: number
  #handled: number
  #settled: Promise<void> | undefined

  /** `handled`: how many were before, at another node. */
  constructor(handled = 0) {
    this.#received = handled
    this.#handled = handled
  }

  /** How many were handled (modulo 2^32): the `h` of an `<a/>`. */
  get handled(): number {
    return this.#handled
  }

  /** Resolves when all that were received are handled; undefined when they are. */
  get settled(): Promise<void> | undefined {
    return this.#settled
  }

  count(ending: Promise<void> | undefined): void {
    const count = (this.#received = countOn(this.#received))
    if (ending === undefined && this.#settled === undefined) this.#handled = count
    else this.#settled = this.#handle(count, this.#settled, ending)
  }

  /** A stanza that was refused is handled, too: its sender has the error. */
  async #handle(count: number, before: Promise<void> | undefined, ending: Promise<void> | undefined): Promise<void> {
    if (before !== undefined) await before
    if (ending !== undefined) await ending
    this.#handled = count
    if (count === this.#received) this.#settled = undefined
  }
}
