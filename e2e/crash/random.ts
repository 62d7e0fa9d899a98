/** Chance that can be repeated: the same seed, the same numbers. */
import { NODES } from '../process.ts'

/** A generator of numbers (mulberry32); good enough to choose moments, not secrets. */
export class Random {
  #state: number

  /** The seed is an unsigned 32-bit number. */
  constructor(seed: number) {
    this.#state = seed
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0
  }

  /** One of them. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }

  /** A generator of its own, so that what others draw does not change what this one draws. */
  fork(): Random {
    return new Random(this.below(2 ** 32))
  }
}

/** The seed of the environment variable, or a fresh one. */
export function seedOf(variable: string): number {
  const given = process.env[variable]
  return given === undefined ? crypto.getRandomValues(new Uint32Array(1))[0]! : Number(given) >>> 0
}

/** A part of a long run, which is a test of its own: it reports, and can be repeated alone. */
export interface Part {
  readonly seed: number
  readonly crashes: number
}

/** How often the server is killed in one part at most; two nodes take twice as long to start. */
const AT_ONCE = 10 / NODES

/** The parts of a run with as many crashes as MEERKAT_CRASHES says; the first has the seed of MEERKAT_CRASH_SEED itself. */
export function parts(usual: number): Part[] {
  const crashes = Number(process.env['MEERKAT_CRASHES'] ?? usual)
  const first = seedOf('MEERKAT_CRASH_SEED')
  const seeds = new Random(first)
  return Array.from({ length: Math.ceil(crashes / AT_ONCE) }, (_, part) => ({
    seed: part === 0 ? first : seeds.below(2 ** 32),
    crashes: Math.min(AT_ONCE, crashes - part * AT_ONCE),
  }))
}
