/**
 * What was computed recently, by its text: a finite cache of two generations. When the young one is full it becomes
 * the old one, and what was not asked for since goes with the old one before it. No list is kept in order for it.
 */
export class Recent<V extends object> {
  readonly #limit: number
  #young = new Map<string, V>()
  #old = new Map<string, V>()

  /** `limit`: entries of one generation; at most twice as many are held. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** How many entries are held. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** The value kept for `key`, or undefined. */
  get(key: string): V | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  /** Keeps `value` for `key`. */
  set(key: string, value: V): void {
    if (this.#young.size >= this.#limit) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }
}
