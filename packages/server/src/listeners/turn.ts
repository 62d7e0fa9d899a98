/**
 * How long one turn of the event loop goes on taking what peers have sent. When thousands of them speak at once, as when all log out, what is left waits
 * for later turns, so that timers and everybody else get theirs in between.
 */

/** Milliseconds of reading in a turn, and of writing. */
const MILLISECONDS = 10
/** How many pieces of work are done between two looks at the clock. */
const STRIDE = 8

/** What a turn of the event loop has time for. */
export class Turn {
  readonly #now: () => number
  /** What has to wait for a turn with more time, oldest first; it stays here until it is done. */
  readonly #late: (() => void)[] = []
  /** How many of those are done. */
  #done = 0
  #taken = 0
  #began = 0

  /** `now`: milliseconds from some moment on. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Asked before each piece of work. Once it is true, the work is for `later`: then nobody goes before those who wait already. */
  get isOver(): boolean {
    if (this.#late.length > 0) return true
    const taken = this.#taken++
    if (taken % STRIDE !== 0) return false
    if (taken === 0) {
      this.#began = this.#now()
      return false
    }
    return this.#isLong
  }

  get #isLong(): boolean {
    return this.#now() - this.#began > MILLISECONDS
  }

  /** Does something in a turn that has time for it. */
  later(work: () => void): void {
    // The present turn has had its time: the one behind it goes on.
    if (this.#late.push(work) === 1) setImmediate(() => setImmediate(this.#catchUp))
  }

  /** Does something now if this turn has time for it, else later. */
  take(work: () => void): void {
    if (this.isOver) this.later(work)
    else work()
  }

  /** What follows belongs to another turn. Where nobody says so for a while, some work waits in vain, for one turn. */
  ended(): void {
    this.#taken = 0
  }

  /** Does `work` with each of the items while there is time; how many of them it was. */
  spend<T>(items: readonly T[], work: (item: T) => void): number {
    // Few turns come as far as a stride, so that most never look at the clock.
    const began = items.length > STRIDE ? this.#now() : 0
    let done = 0
    while (done < items.length) {
      work(items[done++]!)
      if (done % STRIDE === 0 && this.#now() - began > MILLISECONDS) break
    }
    return done
  }

  readonly #catchUp = (): void => {
    this.#late.splice(0, this.#done)
    this.#done = 0
    this.#began = this.#now()
    this.#goOn()
  }

  /** One piece, and the next one once all is done that it has brought about, which is most of the work when a session ends. */
  readonly #goOn = (): void => {
    if (this.#isLong) return void setImmediate(this.#catchUp)
    try {
      this.#late[this.#done++]!()
    } finally {
      if (this.#done < this.#late.length) afterMicrotasks(this.#goOn)
      else this.#taken = this.#done = this.#late.length = 0
    }
  }
}

/** Calls when all promises that are kept by now have had their say, and before anything more is read from any connection. */
export function afterMicrotasks(call: () => void): void {
  queueMicrotask(() => process.nextTick(call))
}

/** That of this process. */
export const turn = new Turn(() => performance.now())
