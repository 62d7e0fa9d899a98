/** XML streams (RFC 6120 §4): chunks in, finished elements out. */
import { type Bytes, asBytes, copied } from './bytes.ts'
import { XmlError } from './errors.ts'
import { type Limits, limitsOf, limitsWith } from './limits.ts'
import { Scanner, type Sink } from './scanner.ts'
import type { Root } from './tree.ts'

/** Who gets what a stream holds. Its methods may call the parser's `pause`, `resume`, `reset` and `stop`. */
export interface StreamHandler extends Sink {}

/** Scanners without a stream, and how many of them are kept. */
const idle: Scanner[] = []
const MOST_IDLE = 16

/**
 * Reads streams. Children of the root are handed out whole, the root's start and end tag on their own. Limits are
 * checked as bytes arrive; white space between children costs no memory.
 *
 * Bytes given to `write` must not change until the parser has gone through them, that is, while it is paused; those that are lent may.
 */
export class StreamParser {
  readonly #handler: StreamHandler
  #limits: Limits
  /** Where the stream rests between two stanzas; undefined before its root, and while a scanner is at work. */
  #root: Root | undefined
  /** What reads the stanza under way. */
  #scanner: Scanner | undefined
  #waiting: Bytes[] | undefined
  #error: XmlError | undefined
  #work = 0
  #busy = false
  #stopped = false

  /** `limits` are finite unless the caller says otherwise. */
  constructor(handler: StreamHandler, limits: Partial<Limits> = {}) {
    this.#handler = handler
    this.#limits = limitsOf(limits)
  }

  /** The caps; set anew, they hold from the next child of the root on. */
  get limits(): Limits {
    return this.#limits
  }

  set limits(limits: Partial<Limits>) {
    this.#limits = limitsWith(this.#limits, limits)
    if (this.#scanner !== undefined) this.#scanner.limits = this.#limits
  }

  /** Bytes that wait because the parser is paused. More than 0 behind `<starttls/>` is an injection (S20). */
  get buffered(): number {
    let count = this.#scanner?.left ?? 0
    if (this.#waiting !== undefined) for (const bytes of this.#waiting) count += bytes.length
    return count
  }

  /** Bytes looked at or copied since construction: a measure of work for tests. */
  get work(): number {
    return this.#scanner?.work ?? this.#work
  }

  /**
   * Goes through a chunk, or keeps it while paused. Throws XmlError, and the same one ever after. With `lent`, only so many bytes of the chunk count, and
   * its memory is the caller's again once this returns: what has to wait is copied.
   */
  write(chunk: Uint8Array, lent?: number): void {
    if (this.#error !== undefined) throw this.#error
    const size = lent ?? chunk.length
    if (this.#stopped || size === 0) return
    const bytes = asBytes(chunk)
    if (this.#busy || this.#scanner?.halted === true)
      (this.#waiting ??= []).push(lent === undefined ? bytes : copied(bytes, size))
    else if (lent === undefined) this.#drain(bytes, size)
    else this.#drainLent(bytes, size)
  }

  /** Stops behind the present element; what follows is kept, and the caller should stop reading. */
  pause(): void {
    this.#awake().halted = true
  }

  /** Goes on after `pause`. Throws XmlError. */
  resume(): void {
    if (this.#stopped) return
    if (this.#error !== undefined) throw this.#error
    this.#awake().halted = false
    this.#drain(undefined, 0)
  }

  /** What follows is a new document (RFC 6120 §4.3.3). For use in a callback or while paused behind an element. */
  reset(): void {
    this.#root = undefined
    this.#scanner?.reset()
  }

  /** Drops everything; later chunks are ignored. */
  stop(): void {
    this.#stopped = true
    this.#drop()
  }

  #drop(): void {
    this.#waiting = undefined
    if (this.#scanner === undefined) return
    this.#scanner.halted = true
    this.#scanner.drop()
  }

  /** The scanner at work, or one that takes the stream up where it rests. */
  #awake(): Scanner {
    if (this.#scanner !== undefined) return this.#scanner
    const scanner = idle.pop() ?? new Scanner(this.#handler, this.#limits, true)
    scanner.resume(this.#handler, this.#limits, this.#root)
    scanner.work = this.#work
    this.#scanner = scanner
    return scanner
  }

  /** Between two stanzas a stream needs no scanner: a few serve all, which saves 2 kB a stream and keeps them in the processor's cache. */
  #rest(scanner: Scanner): void {
    const root = this.#waiting === undefined || this.#waiting.length === 0 ? scanner.rest() : undefined
    if (root === undefined || this.#stopped) return
    this.#root = root
    this.#work = scanner.work
    this.#scanner = undefined
    if (idle.length < MOST_IDLE) idle.push(scanner)
  }

  #drainLent(bytes: Bytes, size: number): void {
    try {
      this.#drain(bytes, size)
    } finally {
      this.#scanner?.own()
    }
  }

  /** Goes through the first `size` bytes of a chunk, or on with what is there, and then through what waits. */
  #drain(chunk: Bytes | undefined, size: number): void {
    // A callback that writes or resumes: the loop below is still running and goes on with it.
    if (this.#busy) return
    this.#busy = true
    const scanner = this.#awake()
    try {
      if (chunk === undefined) scanner.run()
      else scanner.feed(chunk, size)
      while (!scanner.halted && this.#waiting !== undefined && this.#waiting.length > 0) {
        const next = this.#waiting.shift()!
        scanner.feed(next, next.length)
      }
      this.#rest(scanner)
    } catch (error) {
      throw this.#failed(scanner, error)
    } finally {
      this.#busy = false
    }
  }

  /** A callback's exception is the caller's affair and leaves the parser as it was; bad bytes end it. */
  #failed(scanner: Scanner, error: unknown): unknown {
    if (scanner.inSink) scanner.inSink = false
    else if (error instanceof XmlError) {
      this.#error = error
      this.#drop()
    }
    return error
  }
}
