/** Outbound messages of a WebSocket: collected while the event loop turns, handed to the system at once at the end of the turn. */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { OutputCaps } from '../c2s/output.ts'

/** All lines with something to send: one callback at the end of the turn serves them. */
let waiting: FrameLine[] = []

function flushAll(): void {
  const lines = waiting
  waiting = []
  for (const line of lines) line.flush()
}

/** The way out of one connection. */
export class FrameLine {
  readonly #socket: WebSocket
  readonly #below: Duplex
  readonly #caps: OutputCaps
  readonly #overflow: () => void
  #texts: string[] = []
  #length = 0
  #waiting = false
  #blocked = false
  #ended = false

  /** `below` carries the frames; `overflow` is called, once, when the peer reads too slowly. */
  constructor(socket: WebSocket, below: Duplex, caps: OutputCaps, overflow: () => void) {
    this.#socket = socket
    this.#below = below
    this.#caps = caps
    this.#overflow = overflow
  }

  /** Puts a message in line; it leaves at the end of this turn of the event loop, or when the peer reads on. */
  add(text: string): void {
    if (this.#ended) return
    this.#texts.push(text)
    this.#length += text.length
    this.#wait()
    // What one turn collects is no fault of the peer: it counts only once the peer's socket does not take it.
    if (this.#length > this.#caps.bytes) this.flush()
    if (!this.#full()) return
    this.#ended = true
    this.#texts = []
    this.#overflow()
  }

  /** Sends what is in line now, as one write. */
  flush(): void {
    this.#waiting = false
    const texts = this.#texts
    if (texts.length === 0 || this.#blocked) return
    this.#texts = []
    this.#length = 0
    this.#blocked = true
    const last = texts.length - 1
    this.#below.cork()
    texts.forEach((text, i) => this.#socket.send(text, i === last ? this.#taken : undefined))
    this.#below.uncork()
  }

  /** Sends what is in line, and the frame that ends the connection (RFC 6455 §5.5.1). */
  end(): void {
    if (!this.#ended) {
      this.#blocked = false
      this.flush()
    }
    this.#ended = true
    this.#socket.close(1000)
  }

  #wait(): void {
    if (this.#waiting || this.#blocked) return
    this.#waiting = true
    if (waiting.length === 0) setImmediate(flushAll)
    waiting.push(this)
  }

  /** The system has taken the last message of a write, or never will. */
  readonly #taken = (): void => {
    this.#blocked = false
    if (!this.#ended) this.flush()
  }

  #full(): boolean {
    if (this.#length + this.#below.writableLength > this.#caps.bytes) return true
    return this.#blocked && this.#texts.length > this.#caps.stanzas
  }
}
