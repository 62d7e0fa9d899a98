/** Waiting for what other processes do: by being told of every change, never by sleeping. */

/** How long nothing may come of it before the wait fails, in milliseconds. */
const PATIENCE_MS = 60_000

/** Something that changes, and those who wait for it to change far enough. */
export class Change {
  #next = Promise.withResolvers<void>()

  /** Lets everyone look again. */
  happened(): void {
    this.#next.resolve()
    this.#next = Promise.withResolvers()
  }

  /** Resolves with the first answer of `look` that is not undefined. Rejects with `story` when none comes in time. */
  async until<T>(look: () => T | undefined, story: () => string, patience = PATIENCE_MS): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error(story())), patience)
    try {
      for (;;) {
        const found = look()
        if (found !== undefined) return found
        await Promise.race([this.#next.promise, late])
      }
    } finally {
      clearTimeout(timer)
    }
  }
}
