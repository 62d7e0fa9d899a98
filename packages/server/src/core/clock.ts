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

/** Makes a strictly increasing microsecond count from a source of milliseconds with fractions; each answer is greater than `floor`. */
export function increasingMicros(milliseconds: () => number, floor = 0): () => number {
  let last = floor
  return () => {
    const now = Math.floor(milliseconds() * 1000)
    last = now > last ? now : last + 1
    return last
  }
}

/** It stays the same, and to read it takes Node a quarter of the time that reading the clock takes. */
const { timeOrigin: ORIGIN } = performance

/**
 * Milliseconds since the epoch, with fractions: the system's clock as it was when the process started, moved on by the monotonic one.
 * So it does not follow a clock that is set while the process runs, and while a machine is suspended it stands still.
 */
export const wallMilliseconds = (): number => ORIGIN + performance.now()

/** The system's clock; its `micros` come from `milliseconds` and are greater than `floor`. */
export function systemClock(floor = 0, milliseconds = wallMilliseconds): Clock {
  return {
    now: () => Date.now(),
    micros: increasingMicros(milliseconds, floor),
    monotonic: () => performance.now(),
  }
}
