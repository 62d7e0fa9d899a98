/** Outbound text of a connection: collected while the event loop turns, written once at the end of the turn. */
import type { Writable } from 'node:stream'

/** How much may wait for a peer that does not read. */
export interface OutputCaps {
  /** Characters that wait because the peer's socket takes no more; it may hold as many again. */
  readonly bytes: number
  /** Stanzas that wait because the peer's socket takes no more. */
  readonly stanzas: number
}

/** Characters that whoever sends much puts in line before it asks whether the peer takes them. */
const MUCH = 65_536

/** All outputs with something to write: one callback at the end of the turn serves them. */
let waiting: Output[] = []

function flushAll(): void {
  const outputs = waiting
  waiting = []
  for (const output of outputs) output.flush()
}

/** The way out of one connection. */
export class Output {
  #socket: Writable
  #text = ''
  #stanzas = 0
  #blocked = false
  #ended = false
  /** Told when the peer has taken what is in line. */
  #room: PromiseWithResolvers<void> | undefined
  readonly #caps: OutputCaps
  readonly #overflow: () => void
  readonly #count: (characters: number) => void

  /** `overflow` is called, once, when the peer reads too slowly; `count` gets the length of each write. */
  constructor(socket: Writable, caps: OutputCaps, overflow: () => void, count: (characters: number) => void) {
    this.#socket = socket
    this.#caps = caps
    this.#overflow = overflow
    this.#count = count
    this.#listen()
  }

  /** Puts text in line; it leaves at the end of this turn of the event loop, or when the peer reads on. */
  add(text: string): void {
    if (this.#ended) return
    if (this.#text === '' && !this.#blocked) {
      if (waiting.length === 0) setImmediate(flushAll)
      waiting.push(this)
    }
    this.#text += text
    this.#stanzas++
    // What one turn collects is no fault of the peer: it counts only once the peer's socket does not take it.
    if (this.#text.length > this.#caps.bytes) this.flush()
    if (this.#full()) {
      this.#ended = true
      this.#text = ''
      this.#tell()
      this.#overflow()
    }
  }

  /** Writes what is in line now. */
  flush(): void {
    if (this.#text === '' || this.#blocked) return
    const text = this.#text
    this.#text = ''
    this.#stanzas = 0
    this.#count(text.length)
    this.#blocked = !this.#socket.write(text)
  }

  /**
   * Undefined while there is room for more; else resolves when the peer's socket has taken all that is in line, or when nothing is sent any more.
   * With `all` there is room only when the socket has taken everything.
   */
  room(all: boolean): Promise<void> | undefined {
    if (all || this.#text.length >= Math.min(MUCH, this.#caps.bytes / 2)) this.flush()
    if (!this.#blocked || this.#ended) return undefined
    this.#room ??= Promise.withResolvers()
    return this.#room.promise
  }

  /** Goes on over another socket (TLS over the present one). */
  move(socket: Writable): void {
    this.#socket.off('drain', this.#drained)
    this.#socket.off('close', this.#tell)
    this.#socket = socket
    this.#blocked = false
    this.#tell()
    this.#listen()
  }

  /** Writes what is in line and ends the connection's sending side. */
  end(): void {
    if (!this.#ended) {
      this.#blocked = false
      this.flush()
    }
    this.#ended = true
    this.#tell()
    this.#socket.end()
  }

  readonly #drained = (): void => {
    this.#blocked = false
    this.flush()
    if (!this.#blocked) this.#tell()
  }

  readonly #tell = (): void => {
    this.#room?.resolve()
    this.#room = undefined
  }

  #listen(): void {
    this.#socket.on('drain', this.#drained)
    this.#socket.on('close', this.#tell)
  }

  #full(): boolean {
    return this.#blocked && (this.#text.length > this.#caps.bytes || this.#stanzas > this.#caps.stanzas)
  }
}
