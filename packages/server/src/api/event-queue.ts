/** Events that wait for a reader: the source behind a subscription. */

const DONE = { value: undefined, done: true } as const

/** How many events may wait for a reader who does not read. */
const MAX_WAITING = 1000

/** What is put in comes out, in order; a reader who falls too far behind ends it. */
export class EventQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #waiting: T[] = []
  readonly #ended: () => void
  #reader: ((result: IteratorResult<T, undefined>) => void) | undefined
  #open = true

  /** `ended` is called once, when the reader has gone or has fallen behind. */
  constructor(ended: () => void) {
    this.#ended = ended
  }

  /** Adds an event. */
  put(event: T): void {
    if (!this.#open) return
    const reader = this.#take()
    if (reader !== undefined) reader({ value: event, done: false })
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(event)
    else this.#stop()
  }

  /** Nothing more comes: what waits is still read. */
  end(): void {
    this.#open = false
    this.#take()?.(DONE)
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const event = this.#waiting.shift()
    if (event !== undefined) return Promise.resolve({ value: event, done: false })
    if (!this.#open) return Promise.resolve(DONE)
    return new Promise((resolve) => (this.#reader = resolve))
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#waiting.length = 0
    this.#stop()
    return Promise.resolve(DONE)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #stop(): void {
    if (this.#open) this.#ended()
    this.end()
  }

  #take() {
    const reader = this.#reader
    this.#reader = undefined
    return reader
  }
}
