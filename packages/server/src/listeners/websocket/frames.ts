/** Outbound messages of a WebSocket: collected while the event loop turns, handed to the system at once at the end of the turn. */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { OutputCaps } from '../c2s/output.ts'

/** Characters that whoever sends much puts in line before it asks whether the peer takes them. */
const MUCH = 65_536

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
  #writes = 0
  #blocked = false
  #ended = false
  /** Told when the peer has taken what is in line. */
  #room: PromiseWithResolvers<void> | undefined

  /** `below` carries the frames; `overflow` is called, once, when the peer reads too slowly. */
  constructor(socket: WebSocket, below: Duplex, caps: OutputCaps, overflow: () => void) {
    this.#socket = socket
    this.#below = below
    this.#caps = caps
    this.#overflow = overflow
    below.on('close', this.#tell)
  }

  /** Puts a message in line; it leaves at the end of this turn of the event loop, or when the peer reads on. */
  add(text: string): void {
    if (this.#ended) return
    this.#texts.push(text)
    this.#length += text.length
    this.#wait()
    // What one turn collects is no fault of the peer: it counts only once the peer's socket does not take it.
    if (this.#length > this.#caps.outboundBytes) this.flush()
    if (!this.#full()) return
    this.#ended = true
    this.#texts = []
    this.#tell()
    this.#overflow()
  }

  /** Sends what is in line now, as one write. */
  flush(): void {
    this.#waiting = false
    const texts = this.#texts
    if (texts.length === 0 || this.#blocked) return
    this.#texts = []
    this.#length = 0
    const last = texts.pop()!
    this.#below.cork()
    for (const text of texts) this.#socket.send(text)
    const write = ++this.#writes
    this.#socket.send(last, () => this.#taken(write))
    this.#below.uncork()
    // Mostly the system takes all of it at once.
    this.#blocked = this.#below.writableLength > 0
  }

  /** As `Output.room`: undefined while there is room for more, or with `all`, when everything was taken; else resolves when it was. */
  room(all: boolean): Promise<void> | undefined {
    if (all || this.#length >= Math.min(MUCH, this.#caps.outboundBytes / 2)) this.flush()
    if (!this.#blocked || this.#ended) return undefined
    this.#room ??= Promise.withResolvers()
    return this.#room.promise
  }

  /** Sends what is in line, and the frame that ends the connection (RFC 6455 §5.5.1). */
  end(): void {
    if (!this.#ended) {
      this.#blocked = false
      this.flush()
    }
    this.#ended = true
    this.#tell()
    this.#socket.close(1000)
  }

  #wait(): void {
    if (this.#waiting || this.#blocked) return
    this.#waiting = true
    if (waiting.length === 0) setImmediate(flushAll)
    waiting.push(this)
  }

  /** The system has taken a write, or never will. */
  #taken(write: number): void {
    if (this.#ended || write !== this.#writes) return
    this.#blocked = false
    this.flush()
    if (!this.#blocked) this.#tell()
  }

  readonly #tell = (): void => {
    this.#room?.resolve()
    this.#room = undefined
  }

  #full(): boolean {
    return this.#blocked && (this.#length > this.#caps.outboundBytes || this.#texts.length > this.#caps.outboundStanzas)
  }
}
