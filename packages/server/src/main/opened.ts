/** What a server has opened, to be closed in reverse order. */

/** How long a part may take to close before the others no longer wait for it: far longer than a store with a long queue, shorter than the patience of supervisors. */
const PATIENCE_MS = 20_000

/** Told what went wrong while a part was closed. */
export type CloseFailure = (what: 'stop_failed' | 'stop_stuck', error: Error) => void

interface Part {
  readonly name: string
  readonly close: () => Promise<void> | void
}

/** The open parts of a server that starts or runs. */
export class Opened {
  readonly #parts: Part[] = []
  readonly #patienceMs: number

  constructor(patienceMs = PATIENCE_MS) {
    this.#patienceMs = patienceMs
  }

  /** Remembers how to close something; its name is for the log. */
  on(name: string, close: () => Promise<void> | void): void {
    this.#parts.push({ name, close })
  }

  /** R20: closes everything, also when something fails to close, and when something never ends. */
  async close(failed: CloseFailure): Promise<void> {
    for (const part of this.#parts.splice(0).toReversed()) {
      try {
        if (!(await this.#ends(part))) failed('stop_stuck', new Error(`${part.name}: has not ended; the rest goes on`))
      } catch (error) {
        failed('stop_failed', new Error(`${part.name}: ${String(error)}`, { cause: error }))
      }
    }
  }

  /** Resolves with true when the part has closed, with false when it takes too long. */
  async #ends({ close }: Part): Promise<boolean> {
    const closed = Promise.resolve(close()).then(() => true)
    const { promise: late, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => resolve(false), this.#patienceMs)
    // What fails after its time is up has been reported already.
    closed.catch(() => undefined)
    return Promise.race([closed, late]).finally(() => clearTimeout(timer))
  }
}
