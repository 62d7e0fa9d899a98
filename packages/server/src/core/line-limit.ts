import type { Clock } from './clock.ts'
import type { TimerWheel } from './timers.ts'

/** How many lines of one kind are written a second. */
const LINES = 10
const SECOND = 1000

/** The lines of one kind within a second. */
interface Lines {
  readonly since: number
  written: number
  leftOut: number
}

/** Keeps one kind of line from filling the log (R24): so many a second are written, and then one that tells how many were not. */
export class LineLimit {
  readonly #clock: Clock
  readonly #timers: TimerWheel
  readonly #tell: (kind: string, leftOut: number) => void
  readonly #kinds = new Map<string, Lines>()

  /** `tell` is called once for a second in which lines were left out, when it is over. */
  constructor(clock: Clock, timers: TimerWheel, tell: (kind: string, leftOut: number) => void) {
    this.#clock = clock
    this.#timers = timers
    this.#tell = tell
  }

  /** Whether a line may be written now. There is a finite number of kinds: they are words of the code, not of users. */
  allows(kind: string): boolean {
    const now = this.#clock.monotonic()
    let lines = this.#kinds.get(kind)
    if (lines !== undefined && now - lines.since >= SECOND) lines = this.#end(kind, lines)
    if (lines === undefined) {
      const begun = { since: now, written: 0, leftOut: 0 }
      this.#kinds.set(kind, (lines = begun))
      this.#timers.after(1, () => this.#end(kind, begun))
    }
    if (lines.written < LINES) lines.written++
    else lines.leftOut++
    return lines.leftOut === 0
  }

  #end(kind: string, lines: Lines): undefined {
    if (this.#kinds.get(kind) !== lines) return
    this.#kinds.delete(kind)
    if (lines.leftOut > 0) this.#tell(kind, lines.leftOut)
  }
}
