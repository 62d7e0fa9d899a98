/** What a peer goes on sending after its stream was ended: read and thrown away for a while, so that it can hear why, but not without end. */
import type { TimerWheel } from '../core/timers.ts'

/** What a peer can have had under way when its stream ended: some full windows of TCP. */
const MOST_BYTES = 4_194_304
/** How long what is not read from any more stays open: long enough to take the error in. */
const SECONDS = 1

/** The connection that is ending. */
export interface Ending {
  /** Reads nothing more. */
  hold(): void
  destroy(): void
}

/** Bounds what a connection costs between the end of its stream and its own end. */
export class Aftermath {
  readonly #ending: Ending
  readonly #timers: TimerWheel
  #bytes = 0
  #held = false

  constructor(ending: Ending, timers: TimerWheel) {
    this.#ending = ending
    this.#timers = timers
  }

  /** So many bytes came and were thrown away. */
  heard(bytes: number): void {
    this.#bytes += bytes
    if (this.#held || this.#bytes <= MOST_BYTES) return
    this.#held = true
    // Closed at once, with bytes unread, the connection would be reset, and the peer might never see the error.
    this.#ending.hold()
    this.#timers.after(SECONDS, () => this.#ending.destroy())
  }
}
