/** Times of many events in microseconds, and where their quantiles lie. */
import { round } from './round.ts'

/** More are not kept: 64 MB. */
const MOST = 1 << 24

/** Quantiles in milliseconds, as they are written into the results. */
export interface Quantiles {
  readonly p50_ms: number | null
  readonly p90_ms: number | null
  readonly p99_ms: number | null
  readonly p999_ms: number | null
  readonly max_ms: number | null
}

/** Collects times without making garbage while the load runs. */
export class Latencies {
  #times = new Float32Array(1 << 18)
  #count = 0

  /** Adds a time in microseconds. */
  add(microseconds: number): void {
    if (this.#count === this.#times.length) {
      if (this.#count >= MOST) return
      const larger = new Float32Array(this.#count * 2)
      larger.set(this.#times)
      this.#times = larger
    }
    this.#times[this.#count++] = microseconds
  }

  /** Sorts what was collected. */
  quantiles(): Quantiles {
    const sorted = this.#times.subarray(0, this.#count).sort()
    const at = (share: number) =>
      round((sorted[Math.min(this.#count - 1, Math.floor(share * this.#count))] ?? Number.NaN) / 1000, 3)
    return { p50_ms: at(0.5), p90_ms: at(0.9), p99_ms: at(0.99), p999_ms: at(0.999), max_ms: at(1) }
  }
}
