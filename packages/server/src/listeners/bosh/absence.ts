/** How long a BOSH client may be without a request here (XEP-0124 §10). */
import type { Timer, TimerWheel } from '../../core/timers.ts'

/** Watches over a client that is away. */
export class Absence {
  readonly #timers: TimerWheel
  readonly #usual: number
  readonly #gone: () => void
  #seconds: number
  #timer: Timer | undefined

  /** `gone` is called once the client has been away for longer than it may; `usual` is that time in seconds, `Infinity` for ever. */
  constructor(timers: TimerWheel, usual: number, gone: () => void) {
    this.#timers = timers
    this.#usual = usual
    this.#seconds = usual
    this.#gone = gone
  }

  /** The next absence may be so long. */
  allow(seconds = this.#usual): void {
    this.#seconds = seconds
  }

  /** The client has a request here, or has none. */
  watch(isHere: boolean): void {
    if (isHere) return this.end()
    if (this.#timer === undefined && this.#seconds !== Infinity)
      this.#timer = this.#timers.after(this.#seconds, this.#gone)
  }

  /** Watches no more. */
  end(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
