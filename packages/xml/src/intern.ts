/** One string object for each name and namespace that comes again and again. */
import { type Bytes } from './bytes.ts'

/** Sets, as many as the hash has values, of four slots each. */
const SETS = 512
const WAYS = 4
const LONGEST = 96

/**
 * A cache from bytes to what they mean, of fixed size: a newcomer takes a slot of those that hash alike, so a peer
 * that floods it with names costs time, never memory. Shared by all streams of the process.
 */
export class Interner<T> {
  readonly #keys: (Uint8Array | undefined)[] = Array.from({ length: SETS * WAYS }, () => undefined)
  readonly #values: (T | undefined)[] = Array.from({ length: SETS * WAYS }, () => undefined)
  readonly #make: (bytes: Bytes) => T
  #victim = 0

  /** `make` turns bytes that are not in the cache into a value; it throws for bytes that are no such thing. */
  constructor(make: (bytes: Bytes) => T) {
    this.#make = make
  }

  /** The value for the bytes from `start` to `end` (at least one). */
  get(bytes: Bytes, start: number, end: number): T {
    const keys = this.#keys
    const first = hash(bytes, start, end) * WAYS
    const length = end - start
    for (let slot = first; slot < first + WAYS; slot++) {
      const key = keys[slot]
      if (key === undefined) break
      if (key.length !== length) continue
      let i = 0
      while (i < length && key[i] === bytes[start + i]) i++
      if (i === length) return this.#values[slot]!
    }
    return this.#add(first, bytes.subarray(start, end) as Bytes)
  }

  #add(first: number, bytes: Bytes): T {
    const value = this.#make(bytes)
    if (bytes.length > LONGEST) return value
    let slot = first
    while (slot < first + WAYS && this.#keys[slot] !== undefined) slot++
    if (slot === first + WAYS) slot = first + (this.#victim++ % WAYS)
    this.#keys[slot] = Uint8Array.from(bytes)
    this.#values[slot] = value
    return value
  }
}

/** The length and four bytes tell the names and namespaces of XMPP apart well enough; the comparison decides. */
function hash(bytes: Bytes, start: number, end: number): number {
  const middle = (start + end) >> 1
  const ends = bytes[start]! | (bytes[end - 1]! << 8) | (bytes[middle]! << 16) | (bytes[(middle + end) >> 1]! << 24)
  const mixed = Math.imul(ends ^ Math.imul(end - start, 0x9e3779b1), 0x85ebca6b)
  return (mixed ^ (mixed >>> 15)) >>> 23
}

/** The engine's own copy of `text`, the one literals use: comparing it with a literal compares two pointers. */
export function internalized(text: string): string {
  const keys: Record<string, true> = Object.create(null)
  keys[text] = true
  return Object.keys(keys)[0]!
}
