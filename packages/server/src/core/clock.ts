/** Time, handed in so that tests need no waiting. */

/** Where time comes from. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Microseconds since the epoch, each answer greater than the one before, also when the system's clock is set back (R9). */
  micros(): number
  /** Milliseconds since some start; never goes back. For durations. */
  monotonic(): number
}

/** Makes a strictly increasing microsecond count from a source of milliseconds with fractions. */
export function increasingMicros(milliseconds: () => number): () => number {
  let last = 0
  return () => {
    const now = Math.floor(milliseconds() * 1000)
    last = now > last ? now : last + 1
    return last
  }
}

/** The system's clock. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    micros: increasingMicros(() => performance.timeOrigin + performance.now()),
    monotonic: () => performance.now(),
  }
}
