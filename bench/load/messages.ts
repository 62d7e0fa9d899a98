/** The messages of the one-to-one tests: pairs of users, one direction, with a marker in each body that proves order and completeness. */
import type { Client } from './client.ts'
import type { Marker } from './scanner.ts'
import { microseconds } from './test.ts'

const padded = (value: number, length: number) => String(value).padStart(length, '0')

/** Whoever writes stanzas. */
export type Sender = Pick<Client, 'write'>

/** Sends for every pair and judges what comes out. */
export class Messages {
  sent = 0
  delivered = 0
  readonly faults = { dup: 0, gap: 0, misrouted: 0, damaged: 0 }
  readonly #senders: readonly Sender[]
  readonly #heads: readonly string[]
  readonly #filling: string
  /** Number of the next message of each pair: to send, and to come. */
  readonly #next: Uint32Array
  readonly #expected: Uint32Array
  /** Ask for an acknowledgement (XEP-0198) behind every so many messages of a pair; never when 0. */
  readonly #askEvery: number

  /** `addresses` are the attributes of each pair's messages that say where they go. */
  constructor(senders: readonly Sender[], addresses: readonly string[], bodyLength: number, askEvery: number) {
    this.#senders = senders
    this.#heads = addresses.map((words) => `<message ${words} type='chat' id='m`)
    const filling = Math.max(64, bodyLength) - 2 - 6 - 9 - 13 - 2
    this.#filling = `${'abcdefghij klmnopqrst uvwxyz '.repeat(Math.ceil(filling / 29)).slice(0, filling)}E~</body></message>`
    this.#next = new Uint32Array(senders.length)
    this.#expected = new Uint32Array(senders.length)
    this.#askEvery = askEvery
  }

  /** Sends the next message of a pair: one stanza a write, as clients do. */
  send(pair: number): void {
    const number = this.#next[pair]!++
    const text = padded(number, 9)
    this.sent++
    const ask = this.#askEvery > 0 && number % this.#askEvery === 0 ? "<r xmlns='urn:xmpp:sm:3'/>" : ''
    this.#senders[pair]!.write(
      `${this.#heads[pair]}${text}'><body>~B${padded(pair, 6)}${text}${padded(microseconds(), 13)}${this.#filling}${ask}`,
    )
  }

  /** Takes what a recipient got. */
  arrived({ pair, recipient, number, intact }: Marker): void {
    if (!intact) this.faults.damaged++
    if (pair !== recipient) {
      this.faults.misrouted++
      return
    }
    this.delivered++
    const expected = this.#expected[pair]!
    if (number < expected) {
      this.faults.dup++
      return
    }
    this.faults.gap += number - expected
    this.#expected[pair] = number + 1
  }

  get faultless(): boolean {
    return this.delivered === this.sent && Object.values(this.faults).every((count) => count === 0)
  }
}
