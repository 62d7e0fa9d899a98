/** XML streams (RFC 6120 §4): chunks in, finished elements out. */
import { asBytes, type Bytes } from './bytes.ts'
import { XmlError } from './errors.ts'
import { type Limits, limitsOf } from './limits.ts'
import { Scanner, type Sink } from './scanner.ts'

/** Who gets what a stream holds. Its methods may call the parser's `pause`, `resume`, `reset` and `stop`. */
export interface StreamHandler extends Sink {}

/**
 * Reads streams. Children of the root are handed out whole, the root's start and end tag on their own. Limits are
 * checked as bytes arrive; white space between children costs no memory.
 *
 * Bytes given to `write` must not change until the parser has gone through them, that is, while it is paused.
 */
export class StreamParser {
  readonly #scanner: Scanner
  #waiting: Bytes[] = []
  #error: XmlError | undefined
  #busy = false
  #stopped = false

  /** `limits` are finite unless the caller says otherwise. */
  constructor(handler: StreamHandler, limits: Partial<Limits> = {}) {
    this.#scanner = new Scanner(handler, limitsOf(limits), true)
  }

  /** The caps; set anew, they hold from the next child of the root on. */
  get limits(): Limits {
    return this.#scanner.limits
  }

  set limits(limits: Partial<Limits>) {
    this.#scanner.limits = { ...this.#scanner.limits, ...limits }
  }

  /** Bytes that wait because the parser is paused. More than 0 behind `<starttls/>` is an injection (S20). */
  get buffered(): number {
    let count = this.#scanner.left
    for (const bytes of this.#waiting) count += bytes.length
    return count
  }

  /** Bytes looked at or copied since construction: a measure of work for tests. */
  get work(): number {
    return this.#scanner.work
  }

  /** Goes through a chunk, or keeps it while paused. Throws XmlError, and the same one ever after. */
  write(chunk: Uint8Array): void {
    if (this.#error !== undefined) throw this.#error
    if (this.#stopped || chunk.length === 0) return
    const bytes = asBytes(chunk)
    if (this.#busy || this.#scanner.halted) this.#waiting.push(bytes)
    else this.#drain(bytes)
  }

  /** Stops behind the present element; what follows is kept, and the caller should stop reading. */
  pause(): void {
    this.#scanner.halted = true
  }

  /** Goes on after `pause`. Throws XmlError. */
  resume(): void {
    if (this.#stopped) return
    if (this.#error !== undefined) throw this.#error
    this.#scanner.halted = false
    this.#drain(undefined)
  }

  /** What follows is a new document (RFC 6120 §4.3.3). For use in a callback or while paused behind an element. */
  reset(): void {
    this.#scanner.reset()
  }

  /** Drops everything; later chunks are ignored. */
  stop(): void {
    this.#stopped = true
    this.#scanner.halted = true
    this.#drop()
  }

  #drop(): void {
    this.#waiting = []
    this.#scanner.drop()
  }

  #drain(chunk: Bytes | undefined): void {
    // A callback that writes or resumes: the loop below is still running and goes on with it.
    if (this.#busy) return
    this.#busy = true
    try {
      let next = chunk
      if (next === undefined) this.#scanner.run()
      while (next !== undefined || (!this.#scanner.halted && this.#waiting.length > 0)) {
        this.#scanner.feed(next ?? this.#waiting.shift()!)
        next = undefined
      }
    } catch (error) {
      throw this.#failed(error)
    } finally {
      this.#busy = false
    }
  }

  /** A callback's exception is the caller's affair and leaves the parser as it was; bad bytes end it. */
  #failed(error: unknown): unknown {
    if (this.#scanner.inSink) this.#scanner.inSink = false
    else if (error instanceof XmlError) {
      this.#error = error
      this.#drop()
    }
    return error
  }
}
