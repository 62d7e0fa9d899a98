/** Limits a rate with a token bucket: how much a client may send, how many archive queries it may make. */
import { sharedKey } from './host.ts'

/** The rate of a shaper of the configuration, at present; undefined when there is none of this name. */
export type ShaperRates = (name: string) => number | undefined

/** The section `[shaper]`; the composition root provides it. */
export const shaperRatesKey = sharedKey<ShaperRates>('the shapers')

/** Lets `maxRate` units a second pass, with one second's worth at once. */
export class Shaper {
  readonly maxRate: number
  /** What may still pass at once; below 0 while a debt is being waited off. */
  #credit: number
  #at: number | undefined

  /** `maxRate` is in units a second, bytes or operations; `Infinity` lets everything pass. */
  constructor(maxRate: number) {
    this.maxRate = maxRate
    this.#credit = maxRate
  }

  /**
   * Takes `amount` units at the time `nowMs` and returns how many milliseconds to pause before the next ones.
   * The amount always passes: a stanza that is larger than the bucket is paid for by a longer pause.
   */
  take(amount: number, nowMs: number): number {
    if (this.maxRate === Infinity) return 0
    this.#refill(nowMs)
    this.#credit -= amount
    return this.#pause()
  }

  /** Like `take`, but takes nothing and returns undefined when the pause would be longer than `longest` milliseconds. */
  tryTake(amount: number, nowMs: number, longest: number): number | undefined {
    const pause = this.take(amount, nowMs)
    if (pause <= longest) return pause
    this.#credit += amount
    return undefined
  }

  /** A clock that is set back adds nothing and takes nothing away. */
  #refill(nowMs: number): void {
    const elapsed = this.#at === undefined ? 0 : Math.max(0, nowMs - this.#at)
    this.#at = nowMs
    this.#credit = Math.min(this.maxRate, this.#credit + (elapsed * this.maxRate) / 1000)
  }

  #pause(): number {
    return this.#credit >= 0 ? 0 : Math.ceil((-this.#credit * 1000) / this.maxRate)
  }
}
