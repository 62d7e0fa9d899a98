/** S37: deriving keys from passwords is slow on purpose; how much of it runs and waits at once is capped. */
import { SaslError } from '@meerkat/protocol'

/** Runs tasks, at most `running` at once with at most `waiting` in line. */
export class PasswordQueue {
  readonly #running: number
  readonly #waiting: number
  readonly #line: (() => void)[] = []
  #busy = 0

  constructor(running = 2, waiting = 2000) {
    this.#running = running
    this.#waiting = waiting
  }

  /** Runs `task` when its turn comes; rejects with `temporary-auth-failure` when the line is full. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#busy >= this.#running) await this.#turn()
    else this.#busy++
    try {
      return await task()
    } finally {
      const next = this.#line.shift()
      if (next === undefined) this.#busy--
      else next()
    }
  }

  #turn(): Promise<void> {
    if (this.#line.length >= this.#waiting) throw new SaslError('temporary-auth-failure', 'Too many logins at once')
    return new Promise((resolve) => this.#line.push(resolve))
  }
}
