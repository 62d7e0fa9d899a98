/** When transactions begin: each costs as much as many units, so that those that come one by one are to share some. */
import type { Pace } from './batch-queue.ts'

/** A batch of so many jobs is worth its cost: it does not wait for its time. */
const ENOUGH = 100
/**
 * Behind a batch with a hundred patient jobs there is a rest as long as it took, of at most so many milliseconds, unless a full one is there before. What
 * such a job costs goes on falling with their number: a page that several have changed is written once. Batches without rests are half as large under
 * full load. Others, whose events are waited for, became no cheaper.
 */
const FULL = 1000
const LONGEST_REST = 25

/**
 * Clients that wait for their answers before they go on all come soon behind a batch, and to wait for others is in vain. This shows in waits whose
 * second half brings nothing: after so many in a row, batches begin as soon as those have come who came then, or half of them when they are more
 * than a few. So many batches later there is a whole wait again, to see whether that still holds; each time it does, twice as many.
 */
const VAIN = 2
const FEW = 4
const FIRST_TRUST = 8
const MOST_TRUST = 64

/**
 * Puts batches off to the end of the turn, and under lasting load so that one begins every `milliseconds` on average, unless putting it off saves
 * nothing. After a pause `burst` batches go without waiting.
 */
export function paced(milliseconds: number, burst: number, time: Time = SYSTEM): Pace {
  return new Paced(milliseconds, burst, time)
}

class Paced implements Pace {
  readonly #milliseconds: number
  readonly #burst: number
  readonly #time: Time
  /** How many batches may begin without waiting, and when that was counted. */
  #credit: number
  #counted: number
  /** The batch that is put off: how it begins, how its timer is stopped, how many jobs it has, since when it waits, and when the last has come. */
  #begin: (() => void) | undefined
  #stop: (() => void) | undefined
  #jobs = 0
  #since = 0
  #grown = 0
  /** When the last batch began, and until when the rest behind it lasts. */
  #begun = 0
  #rested = 0
  #resting = false
  /** How many waits in a row were in vain, how many jobs the last of them had, and how many batches may begin with these. */
  #vain = 0
  #expected = 0
  #trusted = 0
  #trust = FIRST_TRUST

  constructor(milliseconds: number, burst: number, time: Time) {
    this.#milliseconds = milliseconds
    this.#burst = burst
    this.#time = time
    this.#credit = burst
    this.#counted = time.now()
  }

  defer(begin: () => void, jobs: number): void {
    this.#begin = begin
    const missing = 1 - this.#refill()
    const rest = jobs >= FULL ? 0 : this.#rested - this.#counted
    if (rest > 0) return this.#rest(rest)
    if (missing <= 0 || this.#isEnough(jobs)) return this.#time.soon(this.#go)
    this.#jobs = jobs
    this.#since = this.#grown = this.#counted
    this.#stop = this.#time.after(missing * this.#milliseconds, this.#waited)
  }

  ended(patient: number): void {
    const now = this.#time.now()
    this.#rested = patient < ENOUGH ? 0 : now + Math.min(now - this.#begun, LONGEST_REST)
  }

  #rest(milliseconds: number): void {
    this.#resting = true
    this.#stop = this.#time.after(milliseconds, this.#go)
  }

  grown(jobs: number): void {
    if (this.#stop === undefined) return
    if (this.#resting ? jobs >= FULL : this.#isEnough(jobs)) {
      this.#stop()
      this.#stop = undefined
      return this.#time.soon(this.#go)
    }
    this.#jobs = jobs
    this.#grown = this.#time.now()
  }

  readonly #waited = (): void => {
    this.#stop = undefined
    this.#learn(this.#time.now() - this.#since)
    this.#go()
  }

  readonly #go = (): void => {
    this.#stop = undefined
    this.#resting = false
    this.#credit = Math.max(this.#refill() - 1, 0)
    this.#begun = this.#counted
    this.#begin?.()
  }

  #refill(): number {
    const now = this.#time.now()
    this.#credit = Math.min(this.#burst, this.#credit + (now - this.#counted) / this.#milliseconds)
    this.#counted = now
    return this.#credit
  }

  /** Looks at a wait that has ended; a short one says nothing. */
  #learn(waited: number): void {
    if (waited < this.#milliseconds / 2) return
    if (this.#grown - this.#since > waited / 2) {
      this.#vain = 0
      this.#trust = FIRST_TRUST
      return
    }
    if (++this.#vain < VAIN) return
    this.#expected = this.#jobs
    this.#trusted = this.#trust
    this.#trust = Math.min(this.#trust * 2, MOST_TRUST)
  }

  /** Whether a batch with so many jobs is to begin now. */
  #isEnough(jobs: number): boolean {
    if (jobs >= ENOUGH) return true
    if (this.#trusted === 0 || jobs < (this.#expected <= FEW ? this.#expected : this.#expected / 2)) return false
    this.#trusted--
    return true
  }
}

/** Where `paced` takes its time from, in milliseconds. */
export interface Time {
  now(): number
  soon(call: () => void): void
  /** Returns what takes the call back. */
  after(milliseconds: number, call: () => void): () => void
}

const SYSTEM: Time = {
  now: () => performance.now(),
  soon: (call) => void setImmediate(call),
  after: (milliseconds, call) => {
    const timer = setTimeout(call, milliseconds)
    return () => clearTimeout(timer)
  },
}
