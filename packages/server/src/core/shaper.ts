/** Limits a rate with a token bucket: how much a client may send, how many archive queries it may make. */

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
    // A clock that is set back adds nothing and takes nothing away.
    const elapsed = this.#at === undefined ? 0 : Math.max(0, nowMs - this.#at)
    this.#at = nowMs
    this.#credit = Math.min(this.maxRate, this.#credit + (elapsed * this.maxRate) / 1000) - amount
    return this.#credit >= 0 ? 0 : Math.ceil((-this.#credit * 1000) / this.maxRate)
  }
}
