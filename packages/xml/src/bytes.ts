/** Bytes and the strings made from them. */
import { Buffer } from 'node:buffer'

/** A Buffer with Node's direct decoders, which `toString` would reach through a look-up of the encoding's name. */
export interface Bytes extends Buffer {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
}

/** No bytes. */
export const NO_BYTES = Buffer.alloc(0) as Bytes

/** The same memory as a Buffer, so that the scanner sees one kind of array only. */
export function asBytes(chunk: Uint8Array): Bytes {
  return (chunk instanceof Buffer ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)) as Bytes
}

/** The first `size` bytes in memory of their own. */
export const copied = (bytes: Bytes, size: number): Bytes => Buffer.from(bytes.subarray(0, size)) as Bytes

/** The bytes of a string whose characters each stand for one byte. */
export function fromLatin1(text: string): Bytes {
  return Buffer.from(text, 'latin1') as Bytes
}

/** The UTF-8 bytes of a string. */
export function fromText(text: string): Bytes {
  return Buffer.from(text, 'utf8') as Bytes
}

/** Values up to this many bytes share the string of their surroundings; it is also the most that a kept value can retain. */
const WINDOW = 1024

/**
 * Cuts strings out of bytes in ascending order. One decoding serves the values in a window of 1 KiB, and a value that
 * is kept for long retains that window, not the whole chunk (V8's slices hold on to what they were cut from).
 */
export class Cutter {
  #bytes = NO_BYTES
  #size = 0
  #text = ''
  #from = 0
  #to = 0

  /** Begins with other bytes, of which the first `size` count. */
  load(bytes: Bytes, size: number): void {
    this.#bytes = bytes
    this.#size = size
    this.#text = ''
    this.#from = this.#to = 0
  }

  /** The bytes from `start` to `end`, each as one character; `start` must not go back. */
  cut(start: number, end: number): string {
    if (end > this.#to) {
      if (end - start > WINDOW) return this.#bytes.latin1Slice(start, end)
      this.#from = start
      this.#to = Math.min(start + WINDOW, this.#size)
      this.#text = this.#bytes.latin1Slice(start, this.#to)
    }
    return this.#text.slice(start - this.#from, end - this.#from)
  }
}
