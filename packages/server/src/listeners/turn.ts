/**
 * How long one turn of the event loop goes on taking what peers have sent. When thousands of them speak at once, as when all log out, what is left waits
 * for later turns, so that timers and everybody else get theirs in between.
 */

/** Milliseconds of reading in a turn, and of writing. */
const MILLISECONDS = 15
/** How many pieces of work are done between two looks at the clock. */
const STRIDE = 8

/** What a turn of the event loop has time for. */
export class Turn {
  readonly #now: () => number
  /** What has to wait for a turn with more time, oldest first. */
  readonly #late: (() => void)[] = []
  #scheduled = false
  #taken = 0
  #began = 0

  /** `now`: milliseconds from some moment on. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Asked before each piece of work. Once it is true, the work is for `later`: then nobody goes before those who wait already. */
  get isOver(): boolean {
    if (this.#late.length > 0) return true
    if (++this.#taken % STRIDE !== 0) return false
    const now = this.#now()
    // Few turns come as far as this, so that most never look at the clock.
    if (this.#taken === STRIDE) this.#began = now
    return now - this.#began > MILLISECONDS
  }

  /** Does something in a turn that has time for it. */
  later(work: () => void): void {
    this.#late.push(work)
    this.#schedule()
  }

  /** What follows belongs to another turn. Where nobody says so for a while, some work waits in vain, for one turn. */
  ended(): void {
    this.#taken = 0
  }

  /** Does `work` with each of the items while there is time; how many of them it was. */
  spend<T>(items: readonly T[], work: (item: T) => void): number {
    let done = 0
    let began = Infinity
    while (done < items.length) {
      work(items[done++]!)
      if (done % STRIDE !== 0) continue
      const now = this.#now()
      began = Math.min(began, now)
      if (now - began > MILLISECONDS) break
    }
    return done
  }

  #schedule(): void {
    if (this.#scheduled || this.#late.length === 0) return
    this.#scheduled = true
    setImmediate(this.#catchUp)
  }

  readonly #catchUp = (): void => {
    this.#scheduled = false
    const late = this.#late.splice(0)
    let done = 0
    try {
      this.spend(late, (work) => {
        done++
        work()
      })
    } finally {
      // Before those who have come meanwhile; also when something has failed.
      this.#late.unshift(...late.slice(done))
      this.#taken = 0
      this.#schedule()
    }
  }
}

/** That of this process. */
export const turn = new Turn(() => performance.now())
