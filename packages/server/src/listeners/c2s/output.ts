/** Outbound text of a connection: collected while the event loop turns, written once at the end of the turn. */
import type { Writable } from 'node:stream'
import { turn } from '../turn.ts'
import type { C2sOptions } from './options.ts'

/** How much may wait for a peer that does not read: characters, of which its socket may hold as many again, and stanzas. */
export type OutputCaps = Pick<C2sOptions, 'outboundBytes' | 'outboundStanzas'>

/** Whose way out it is. */
export interface OutputOwner {
  /** The peer reads too slowly; told once. */
  overflowed(): void
  /** So many characters go to the socket. */
  written(characters: number): void
  /** Where it is there: so many characters have left this process. */
  readonly taken?: ((characters: number) => void) | undefined
}

/** Characters that whoever sends much puts in line before it asks whether the peer takes them. */
const MUCH = 65_536

/** All outputs with something to write: one callback at the end of the turn serves them, or several in turns when they are very many. */
let waiting: Output[] = []

const flush = (output: Output): void => output.flush()

function flushAll(): void {
  turn.ended()
  const outputs = waiting
  waiting = []
  const done = turn.spend(outputs, flush)
  if (done === outputs.length) return
  if (waiting.length === 0) setImmediate(flushAll)
  waiting = [...outputs.slice(done), ...waiting]
}

/** The way out of one connection. */
export class Output {
  #socket: Writable
  #text = ''
  #stanzas = 0
  #flushed = 0
  #blocked = false
  #ended = false
  /** Told when the peer has taken what is in line. */
  #room: PromiseWithResolvers<void> | undefined
  readonly #caps: OutputCaps
  readonly #owner: OutputOwner

  constructor(socket: Writable, caps: OutputCaps, owner: OutputOwner) {
    this.#socket = socket
    this.#caps = caps
    this.#owner = owner
    this.#listen()
  }

  /** How many characters were put in line so far. */
  get added(): number {
    return this.#flushed + this.#text.length
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
    if (this.#text.length > this.#caps.outboundBytes) this.flush()
    if (this.#full()) {
      this.drop()
      this.#owner.overflowed()
    }
  }

  /** Writes what is in line now. */
  flush(): void {
    if (this.#text === '' || this.#blocked) return
    const text = this.#text
    this.#text = ''
    this.#stanzas = 0
    this.#flushed += text.length
    this.#owner.written(text.length)
    this.#blocked = !this.#write(text)
  }

  /**
   * Undefined while there is room for more; else resolves when the peer's socket has taken all that is in line, or when nothing is sent any more.
   * With `all` there is room only when the socket has taken everything.
   */
  room(all: boolean): Promise<void> | undefined {
    if (all || this.#text.length >= Math.min(MUCH, this.#caps.outboundBytes / 2)) this.flush()
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

  /** Forgets what is in line, for a connection that is no more: to write there would make an error each time. */
  drop(): void {
    this.#ended = true
    this.#text = ''
    this.#tell()
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

  #write(text: string): boolean {
    const { taken } = this.#owner
    if (taken === undefined) return this.#socket.write(text)
    return this.#socket.write(text, (error) => {
      if (error === null || error === undefined) taken(text.length)
    })
  }

  #full(): boolean {
    return this.#blocked && (this.#text.length > this.#caps.outboundBytes || this.#stanzas > this.#caps.outboundStanzas)
  }
}
