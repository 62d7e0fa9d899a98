import { type Clock, increasingMicros } from '../core/clock.ts'

/** A clock that stands still until it is moved. Starts at 2026-01-01T00:00:00Z. */
export class FakeClock implements Clock {
  #ms = Date.UTC(2026, 0, 1)
  readonly micros = increasingMicros(() => this.#ms)

  now(): number {
    return this.#ms
  }

  monotonic(): number {
    return this.#ms
  }

  /** Moves time on. */
  advance(seconds: number): void {
    this.#ms += seconds * 1000
  }
}
