/** Finds messages in the bytes that a client receives, without parsing XML: only their ends, and a marker of fixed width in their bodies. */
import type { Client } from './client.ts'

const END = Buffer.from('</message>', 'latin1')
const OPEN = Buffer.from('<message', 'latin1')
const MARK = Buffer.from('~B', 'latin1')
/** Stream management's question how many stanzas have come; as long as what is kept of a chunk without a message. */
const ASKED = Buffer.from('<r xmlns', 'latin1')

/** The body of a message: `~B`, pair (6 digits), number (9), time (13), filling, `E~`. */
export interface Marker {
  readonly pair: number
  /** The pair whose recipient got it. */
  readonly recipient: number
  readonly number: number
  /** When it was sent, in microseconds. */
  readonly sentAt: number
  /** Whether its end is where it should be. */
  readonly intact: boolean
}

const digits = (data: Buffer, from: number, count: number): number => {
  let value = 0
  for (let at = from; at < from + count; at++) value = value * 10 + data[at]! - 48
  return value
}

/** What a scanner has come across besides marked messages. */
export class Scanner {
  /** Messages without a marker. */
  unmarked = 0
  /** Messages of type error. */
  errors = 0
  readonly #client: Client
  readonly #bodyLength: number
  readonly #onMarker: (client: Client, marker: Marker) => void
  readonly #recipientOf: ((head: string) => number) | undefined
  #tail: Buffer | undefined
  #stanzas = 0

  /**
   * Takes over everything that the client receives from now on. Where one connection has what is for many, `recipientOf` tells them apart by what stands
   * before the body.
   */
  constructor(
    client: Client,
    bodyLength: number,
    onMarker: (client: Client, marker: Marker) => void,
    recipientOf?: (head: string) => number,
  ) {
    this.#client = client
    this.#bodyLength = bodyLength
    this.#onMarker = onMarker
    this.#recipientOf = recipientOf
    client.handle((chunk) => this.#take(chunk))
  }

  #take(chunk: Buffer): void {
    const data = this.#tail === undefined ? chunk : Buffer.concat([this.#tail, chunk])
    this.#tail = undefined
    let at = 0
    for (let end = data.indexOf(END); end >= 0; end = data.indexOf(END, at)) {
      this.#message(data, at, end)
      at = end + END.length
    }
    // The client acknowledges everything that it has, so that one answer for a chunk is enough.
    if (data.includes(ASKED)) this.#client.write(`<a xmlns='urn:xmpp:sm:3' h='${this.#stanzas}'/>`)
    if (at === data.length) return
    const begun = data.indexOf(OPEN, at)
    const keep = begun >= 0 ? begun : Math.max(at, data.length - OPEN.length + 1)
    this.#tail = Buffer.from(data.subarray(keep))
  }

  #message(data: Buffer, from: number, end: number): void {
    this.#stanzas++
    const mark = data.indexOf(MARK, from)
    if (mark < 0 || mark > end) {
      this.#other(data.toString('latin1', from, end))
      return
    }
    const last = mark + this.#bodyLength
    this.#onMarker(this.#client, {
      pair: digits(data, mark + 2, 6),
      recipient: this.#recipientOf?.(data.toString('latin1', from, mark)) ?? this.#client.index,
      number: digits(data, mark + 8, 9),
      sentAt: digits(data, mark + 17, 13),
      intact: last <= end && data[last - 2] === 69 && data[last - 1] === 126,
    })
  }

  #other(text: string): void {
    this.unmarked++
    if (!/<message[^>]*type=['"]error['"]/.test(text)) return
    this.errors++
    this.#client.problem ||= text.slice(0, 400)
  }
}

/** Counts presence stanzas in everything that the client receives from now on; the returned function tells how many there were. */
export function countPresence(client: Client): () => number {
  let count = 0
  let tail = ''
  client.handle((chunk) => {
    const text = tail + chunk.toString('latin1')
    for (let at = text.indexOf('<presence'); at >= 0; at = text.indexOf('<presence', at + 9)) count++
    tail = text.slice(-8)
  })
  return () => count
}
