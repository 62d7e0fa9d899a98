/**
 * Publications as frames of AMQP 0-9-1 (§2.3.5, §4.2), in one piece of memory and one write for all that one event of the loop brings: a commit, or what
 * the broker has said. The driver makes five buffers for each and takes it through two streams, which was a twentieth of a message with everything on.
 */
import type { Writable } from 'node:stream'
import type { MessageProperties } from './rabbit-pool.ts'

/** Types of frames, and the octet behind each. */
export const METHOD = 1
export const HEADER = 2
export const BODY = 3
export const FRAME_END = 0xce
/** Octets around what a frame holds. */
export const AROUND = 8

/** The class `basic`, its method `publish`, and the flag `mandatory`. */
const BASIC = 60
const PUBLISH = 40
const MANDATORY = 1

/** Flags of properties: content-type, delivery-mode, message-id and timestamp. */
const PROPERTIES = (1 << 15) | (1 << 12) | (1 << 7) | (1 << 6)
const PERSISTENT = 2
const TRANSIENT = 1

/** Octets of a publication that are there whatever it says: the three frames' own, and the fixed fields. */
const FIXED = 3 * AROUND + 4 + 2 + 2 + 1 + (2 + 2 + 8 + 2) + (1 + 1 + 1 + 8)
/** A piece of memory serves so many octets of publications. */
const PIECE = 64 * 1024

/** The publications of one connection. */
export class PublicationFrames {
  readonly #out: Writable
  /** The most octets of a body that one frame may have. */
  readonly #maxBody: number
  #piece = Buffer.alloc(0)
  /** What is written goes from here to `#end`. */
  #begin = 0
  #end = 0
  #planned = false

  /** `frameMax`: the octets that a frame may have, as agreed with the broker. */
  constructor(out: Writable, frameMax: number) {
    this.#out = out
    this.#maxBody = frameMax - AROUND
  }

  /** Publishes on a channel; it goes out when what goes on now has had its say. The exchange and the routing key have 255 octets at most. */
  publish(channel: number, exchange: string, routingKey: string, body: string, properties: MessageProperties): number {
    const size = Buffer.byteLength(body)
    const frames = Math.ceil(size / this.#maxBody)
    // Three octets for each character of what is short.
    const short =
      3 * (exchange.length + routingKey.length + properties.contentType.length + properties.messageId.length)
    this.#makeRoom(FIXED + short + size + frames * AROUND)
    this.#method(channel, exchange, routingKey, properties.mandatory)
    this.#header(channel, size, properties)
    this.#body(channel, body, size)
    if (!this.#planned) {
      this.#planned = true
      // Not at the end of the turn: the broker would answer behind the next one's look at the sockets, and each event take two turns.
      process.nextTick(this.#flush)
    }
    return size
  }

  readonly #flush = (): void => {
    this.#planned = false
    this.#send()
  }

  #send(): void {
    if (this.#begin === this.#end) return
    this.#out.write(this.#piece.subarray(this.#begin, this.#end))
    this.#begin = this.#end
  }

  #makeRoom(octets: number): void {
    if (this.#piece.length - this.#end >= octets) return
    this.#send()
    // What was written may still be on its way: its memory is not used again.
    this.#piece = Buffer.allocUnsafeSlow(Math.max(PIECE, octets))
    this.#begin = 0
    this.#end = 0
  }

  #method(channel: number, exchange: string, routingKey: string, mandatory: boolean): void {
    const frame = this.#open(METHOD, channel)
    this.#uint16(BASIC)
    this.#uint16(PUBLISH)
    this.#uint16(0)
    this.#shortText(exchange)
    this.#shortText(routingKey)
    this.#piece[this.#end++] = mandatory ? MANDATORY : 0
    this.#close(frame)
  }

  #header(channel: number, size: number, { contentType, persistent, messageId, timestamp }: MessageProperties): void {
    const frame = this.#open(HEADER, channel)
    this.#uint16(BASIC)
    this.#uint16(0)
    this.#uint64(size)
    this.#uint16(PROPERTIES)
    this.#shortText(contentType)
    this.#piece[this.#end++] = persistent ? PERSISTENT : TRANSIENT
    this.#shortText(messageId)
    this.#uint64(timestamp)
    this.#close(frame)
  }

  #body(channel: number, body: string, size: number): void {
    if (size <= this.#maxBody) {
      if (size === 0) return
      const frame = this.#open(BODY, channel)
      this.#end += this.#piece.write(body, this.#end)
      this.#close(frame)
      return
    }
    const whole = Buffer.from(body)
    for (let at = 0; at < size; at += this.#maxBody) {
      const frame = this.#open(BODY, channel)
      this.#end += whole.copy(this.#piece, this.#end, at, at + this.#maxBody)
      this.#close(frame)
    }
  }

  /** Begins a frame; returns where it begins, for `#close`. */
  #open(type: number, channel: number): number {
    const begin = this.#end
    this.#piece[this.#end++] = type
    this.#uint16(channel)
    this.#end += 4
    return begin
  }

  /** Ends a frame: its size is known now. */
  #close(begin: number): void {
    this.#piece.writeUInt32BE(this.#end - begin - AROUND + 1, begin + 3)
    this.#piece[this.#end++] = FRAME_END
  }

  #uint16(value: number): void {
    this.#piece[this.#end++] = value >>> 8
    this.#piece[this.#end++] = value
  }

  #uint64(value: number): void {
    this.#end = this.#piece.writeUInt32BE(Math.floor(value / 0x1_0000_0000), this.#end)
    this.#end = this.#piece.writeUInt32BE(value >>> 0, this.#end)
  }

  #shortText(text: string): void {
    const size = this.#piece.write(text, this.#end + 1)
    this.#piece[this.#end] = size
    this.#end += size + 1
  }
}
