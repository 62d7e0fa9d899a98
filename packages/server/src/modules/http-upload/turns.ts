/** Does one thing after another for each key: two devices of a user cannot spend the same quota. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Does `work` when nothing else is done for the key. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const mine = before.then(work, work)
    this.#last.set(key, mine)
    try {
      return await mine
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key)
    }
  }
}
