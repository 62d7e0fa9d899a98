/** Turns at something that only one may do at a time, first come, first served. */

interface Turn {
  readonly owner: string
  readonly granted: () => void
}

/** Who waits for what. The first in each line has the turn. */
export class Locks {
  readonly #lines = new Map<string, Turn[]>()

  /** Resolves when it is the turn of `owner` at `key`. */
  acquire(key: string, owner: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const line = this.#lines.get(key)
    if (line === undefined) {
      this.#lines.set(key, [{ owner, granted: resolve }])
      resolve()
    } else line.push({ owner, granted: resolve })
    return promise
  }

  /** `owner` is done, or does not wait any more. */
  release(key: string, owner: string): void {
    this.#leave(key, (turn) => turn.owner === owner)
  }

  /** All whose name begins with `prefix` are done. */
  releaseAll(prefix: string): void {
    for (const key of this.#lines.keys()) this.#leave(key, ({ owner }) => owner.startsWith(prefix))
  }

  /** How many things are in use. */
  get size(): number {
    return this.#lines.size
  }

  #leave(key: string, isMeant: (turn: Turn) => boolean): void {
    const line = this.#lines.get(key)
    if (line === undefined) return
    const rest = line.filter((turn) => !isMeant(turn))
    if (rest.length === 0) this.#lines.delete(key)
    else this.#lines.set(key, rest)
    if (rest[0] !== line[0]) rest[0]?.granted()
  }
}
