/**
 * Units of work as bytes, from the thread that hands them in to the one that writes. A unit is packed as soon as it is handed in: objects that wait
 * for their transaction outlive collections of the young generation, which copy them, and cost more on their way to another thread.
 *
 * A unit is the number of its statements, and each statement the number of its text times sixteen (plus one when it must change a row, two or four when it
 * is late, eight when its row's number is asked for), the number of its parameters, and these: a byte for the type, and the value.
 */
import { Buffer } from 'node:buffer'
import { type SqlValue, StorageError, type Write } from '../../core/database.ts'
import { type Statement } from './transaction.ts'

/** Where a packed unit is, counted from the first byte that was ever packed. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Packed units for the writer, and the texts of their statements. */
export interface PackedUnits {
  readonly texts: readonly string[]
  readonly bytes: Uint8Array<ArrayBuffer>
}

const NULL = 0
const NUMBER = 1
const BIGINT = 2
/** A text of one byte for each character. */
const ASCII = 3
const TEXT = 4
const BYTES = 5

const MUST_CHANGE = 1
const EACH = 2
const SUMMED = 4
const NUMBERED = 8

function codeOf(write: Write): number {
  const { late, orElse } = write
  const code = late === undefined ? 0 : late === 'each' ? EACH : SUMMED
  return code + (orElse === undefined ? 0 : MUST_CHANGE) + (write.added === undefined ? 0 : NUMBERED)
}

const FIRST_SIZE = 65_536
/** A buffer beyond this is given up when it is empty. */
const KEPT_SIZE = 4 * 1024 * 1024
/** Up to this length a text is copied letter by letter, which takes less than a call of `Buffer`. */
const SHORT = 48

const MOST = 2n ** 63n - 1n
const LEAST = -(2n ** 63n)
const scratch = new BigInt64Array(1)
const scratchBytes = new Uint8Array(scratch.buffer)

/** Packs units behind each other, and gives them out in the same order. */
export class Packer {
  #bytes = Buffer.allocUnsafeSlow(FIRST_SIZE)
  /** Where the first byte of the buffer is, counted as in a span. */
  #base = 0
  /** How much of the buffer is in use. */
  #used = 0
  /** The next byte to write. */
  #at = 0
  readonly #texts = new Map<string, number>()

  /** Packs a unit. Throws a `StorageError` for what SQLite has no type for; then nothing is packed. */
  pack(writes: readonly Write[]): Span {
    this.#at = this.#used
    this.#reserve(4)
    this.#number32(writes.length)
    for (const write of writes) {
      const { params } = write
      this.#reserve(8)
      this.#number32(this.#textOf(write.sql) * 16 + codeOf(write))
      this.#number32(params.length)
      for (const value of params) this.#value(value)
    }
    const start = this.#base + this.#used
    this.#used = this.#at
    return { start, end: this.#base + this.#at }
  }

  /** Takes out units that were packed one after another. Those before them are forgotten: they were given up. */
  take(units: readonly Span[]): PackedUnits {
    const start = (units[0]?.start ?? this.#base) - this.#base
    const end = (units.at(-1)?.end ?? this.#base) - this.#base
    const taken = { texts: [...this.#texts.keys()], bytes: new Uint8Array(this.#bytes.subarray(start, end)) }
    this.#bytes.copyWithin(0, end, this.#used)
    this.#base += end
    this.#used -= end
    if (this.#used === 0) this.#rest()
    return taken
  }

  /** Nothing waits: later units need not know the texts of earlier ones. */
  #rest(): void {
    this.#texts.clear()
    if (this.#bytes.length > KEPT_SIZE) this.#bytes = Buffer.allocUnsafeSlow(FIRST_SIZE)
  }

  #textOf(sql: string): number {
    let text = this.#texts.get(sql)
    if (text === undefined) this.#texts.set(sql, (text = this.#texts.size))
    return text
  }

  #reserve(more: number): void {
    const needed = this.#at + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }

  #number32(value: number): void {
    this.#at = this.#bytes.writeUInt32LE(value, this.#at)
  }

  #value(value: SqlValue): void {
    if (typeof value === 'string') return this.#text(value)
    this.#reserve(9)
    if (value === null) this.#bytes[this.#at++] = NULL
    else if (typeof value === 'number') {
      this.#bytes[this.#at++] = NUMBER
      this.#at = this.#bytes.writeDoubleLE(value, this.#at)
    } else if (typeof value === 'bigint') this.#bigint(value)
    else if (value instanceof Uint8Array) this.#blob(value)
    else throw new StorageError('invalid', `a ${typeof value} cannot be stored`)
  }

  #bigint(value: bigint): void {
    if (value > MOST || value < LEAST) throw new StorageError('invalid', 'an integer beyond 64 bits cannot be stored')
    this.#bytes[this.#at++] = BIGINT
    // What Buffer has for this makes several bigints.
    scratch[0] = value
    this.#bytes.set(scratchBytes, this.#at)
    this.#at += 8
  }

  #text(value: string): void {
    // A character has at most three bytes in UTF-8 for each unit of UTF-16.
    this.#reserve(5 + value.length * 3)
    const tag = this.#at
    const start = tag + 5
    const end = value.length <= SHORT ? this.#shortText(value, start) : start + this.#bytes.write(value, start)
    this.#bytes[tag] = end - start === value.length ? ASCII : TEXT
    this.#bytes.writeUInt32LE(end - start, tag + 1)
    this.#at = end
  }

  #shortText(value: string, start: number): number {
    const bytes = this.#bytes
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) return start + bytes.write(value, start)
      bytes[start + i] = code
    }
    return start + value.length
  }

  #blob(value: Uint8Array): void {
    this.#reserve(5 + value.length)
    this.#bytes[this.#at++] = BYTES
    this.#number32(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
  }
}

/** Unpacks units in the writer. */
export function unpack({ texts, bytes }: PackedUnits): Statement[][] {
  const reader = new Reader(texts, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  const units: Statement[][] = []
  while (!reader.atEnd) units.push(reader.unit())
  return units
}

class Reader {
  readonly #texts: readonly string[]
  readonly #bytes: Buffer
  #at = 0

  constructor(texts: readonly string[], bytes: Buffer) {
    this.#texts = texts
    this.#bytes = bytes
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  // Plain loops: `Array.from` with a function takes three times as long, which was a tenth of the writer's time.

  unit(): Statement[] {
    const statements: Statement[] = []
    for (let left = this.#number32(); left > 0; left--) statements.push(this.#statement())
    return statements
  }

  #statement(): Statement {
    const code = this.#number32()
    const params: SqlValue[] = []
    for (let left = this.#number32(); left > 0; left--) params.push(this.#value())
    const late = (code & EACH) === EACH ? 'each' : (code & SUMMED) === SUMMED ? 'summed' : undefined
    const [mustChange, numbered] = [(code & MUST_CHANGE) !== 0, (code & NUMBERED) !== 0]
    return { sql: this.#texts[code >>> 4] as string, params, mustChange, late, numbered }
  }

  #number32(): number {
    const bytes = this.#bytes
    const at = this.#at
    this.#at = at + 4
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  }

  #value(): SqlValue {
    const type = this.#bytes[this.#at++] as number
    switch (type) {
      case NULL:
        return null
      case NUMBER:
        return this.#bytes.readDoubleLE((this.#at += 8) - 8)
      case BIGINT:
        scratchBytes.set(this.#bytes.subarray(this.#at, (this.#at += 8)))
        return scratch[0] as bigint
      default: {
        const length = this.#number32()
        const start = this.#at
        this.#at += length
        if (type === BYTES) return this.#bytes.subarray(start, this.#at)
        return this.#bytes.toString(type === ASCII ? 'latin1' : 'utf8', start, this.#at)
      }
    }
  }
}
