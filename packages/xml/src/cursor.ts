/** A place in the bytes, and the token that is being read there, whose beginning may have come with earlier bytes. */
import { type Bytes, Cutter, NO_BYTES, copied, fromLatin1 } from './bytes.ts'
import { decode } from './decode.ts'
import { noteAsPlain } from './escape.ts'

/** What the scanner stands on. */
export class Cursor {
  /** Bytes looked at or copied since construction: the work done, for tests. */
  work = 0
  protected bytes = NO_BYTES
  /** How many of the bytes count. */
  protected size = 0
  protected pos = 0
  /** Where to stop: the end of the bytes, or of what the stanza may have. */
  protected end = 0
  /** What the present token holds (bits of chars.ts). */
  protected flags = 0
  /** How many `]` the present token's earlier part ends in: 0, 1 or 2 for many. */
  protected brackets = 0
  /** The part of the present token that came with earlier bytes, each byte one character. */
  protected carry = ''
  #pieces = 0
  /** Where the stanza must have ended, in the bytes' positions. */
  #cap = 0
  readonly #cutter = new Cutter()

  /** Bytes that have not been looked at. */
  get left(): number {
    return this.size - this.pos
  }

  protected load(bytes: Bytes, size: number): void {
    this.bytes = bytes
    this.size = size
    this.pos = 0
    this.end = Math.min(size, this.#cap)
    this.#cutter.load(bytes, size)
  }

  /** Copies the bytes if there are some left: from now on their memory is the caller's again. */
  own(): void {
    if (this.left === 0) return
    this.work += this.size
    this.bytes = copied(this.bytes, this.size)
    this.#cutter.load(this.bytes, this.size)
  }

  /** Lets go of the bytes, which are used up. */
  protected unload(): void {
    if (this.bytes === NO_BYTES) return
    this.#cap -= this.size
    this.load(NO_BYTES, 0)
  }

  /** Allows `count` bytes from the present place on. */
  protected allow(count: number): void {
    this.#cap = this.pos + count
    this.end = Math.min(this.size, this.#cap)
  }

  /** What the token means. */
  protected text(start: number, end: number, attribute: boolean): string {
    if (this.carry !== '') {
      const raw = fromLatin1(this.raw(start, end))
      return decode(raw, 0, raw.length, this.flags, attribute)
    }
    if (this.flags === 0) {
      const text = this.#cutter.cut(start, end)
      if (!attribute) noteAsPlain(text)
      return text
    }
    return decode(this.bytes, start, end, this.flags, attribute)
  }

  /** The token's bytes with what came earlier, each byte one character. */
  protected raw(start: number, end: number): string {
    const raw = this.carry + this.#cutter.cut(start, end)
    this.work += raw.length
    this.dropToken()
    return raw
  }

  protected dropToken(): void {
    this.carry = ''
    this.#pieces = 0
  }

  /**
   * Keeps the rest of the bytes as the beginning of a token. V8 joins strings without copying them; every so often the
   * pieces are made one, so that a peer who sends single bytes makes us keep a few bytes for each, not dozens.
   */
  protected suspend(start: number): void {
    this.brackets = this.#bracketsBefore(start, this.end)
    this.carry += this.#cutter.cut(start, this.end)
    this.pos = this.end
    if (++this.#pieces < 64 + (this.carry.length >> 4)) return
    this.work += this.carry.length
    this.carry = fromLatin1(this.carry).latin1Slice(0, this.carry.length)
    this.#pieces = 0
  }

  /** Whether the token has `]]` right before `at`. */
  protected follows(start: number, at: number): boolean {
    return this.#bracketsBefore(start, at) === 2
  }

  #bracketsBefore(start: number, at: number): number {
    if (at === start) return this.brackets
    if (this.bytes[at - 1] !== 0x5d) return 0
    if (at - start === 1) return Math.min(this.brackets + 1, 2)
    return this.bytes[at - 2] === 0x5d ? 2 : 1
  }
}
