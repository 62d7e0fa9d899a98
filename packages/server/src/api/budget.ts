/** S81: how many entries all lists of an answer may have together: what a query costs is seen before it runs, what it finds is not. */
import { ApiError } from './errors.ts'

/** Over HTTP; the command line, whose user has the whole machine, may have more. */
export const MOST_ENTRIES = { http: 100_000, cli: 1_000_000 } as const

/** What is left for the answer to one request. */
export class Budget {
  readonly #most: number
  #left: number

  constructor(method: keyof typeof MOST_ENTRIES, most: number = MOST_ENTRIES[method]) {
    this.#most = most
    this.#left = most
  }

  /** How many entries may still come. */
  get left(): number {
    return this.#left
  }

  /** Takes the entries of a list; throws when there are too many. */
  take(count: number): void {
    if (count > this.#left)
      throw new ApiError('too_many_results', `The answer would have more than ${this.#most} entries: ask for fewer`)
    this.#left -= count
  }
}
