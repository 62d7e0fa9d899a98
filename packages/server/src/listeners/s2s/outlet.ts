/** The way out to another server: collected while the event loop turns, written once, and remembered until the operating system has it. */
import type { Writable } from 'node:stream'
import type { Delivery } from '../../core/delivery.ts'

/** A stanza on its way out: it is not lost without a word. */
export interface Parcel {
  readonly delivery: Delivery
  /** Since when it has been in line, in milliseconds of the monotonic clock. */
  since: number
  /** Over how many connections it was sent. */
  sendings: number
  /** How long its text is, once that is known. */
  characters: number
}

/** Whose way out it is. */
export interface OutletOwner {
  /** So many characters go to the socket. */
  written(characters: number): void
  /** The socket takes more again. */
  drained(): void
}

/** What was written at once. */
interface Batch {
  readonly parcels: readonly Parcel[]
}

/** The way out of one connection. */
export class Outlet {
  readonly #owner: OutletOwner
  #socket: Writable
  #text = ''
  #parcels: Parcel[] = []
  /** Written, and not yet taken by the operating system. */
  readonly #leaving = new Set<Batch>()
  #isPlanned = false
  #isEnded = false

  constructor(socket: Writable, owner: OutletOwner) {
    this.#socket = socket
    this.#owner = owner
    socket.on('drain', this.#drained)
  }

  /** Whether the socket takes what is written. */
  get hasRoom(): boolean {
    return !this.#socket.writableNeedDrain
  }

  /** Characters that have not left. */
  get waiting(): number {
    return this.#text.length + this.#socket.writableLength
  }

  /** Puts text in line; it leaves at the end of this turn of the event loop. */
  add(text: string, parcel?: Parcel): void {
    if (this.#isEnded) {
      if (parcel !== undefined) this.#parcels.push(parcel)
      return
    }
    this.#text += text
    if (parcel !== undefined) this.#parcels.push(parcel)
    if (this.#isPlanned) return
    this.#isPlanned = true
    setImmediate(() => {
      this.#isPlanned = false
      this.flush()
    })
  }

  /** Writes what is in line now. */
  flush(): void {
    if (this.#text === '' || this.#socket.destroyed) return
    const text = this.#text
    const batch: Batch = { parcels: this.#parcels }
    this.#text = ''
    this.#parcels = []
    this.#leaving.add(batch)
    this.#owner.written(text.length)
    this.#socket.write(text, (error) => {
      if (!error) this.#leaving.delete(batch)
    })
  }

  /** What has not left, oldest first. */
  undelivered(): Parcel[] {
    return [...[...this.#leaving].flatMap(({ parcels }) => parcels), ...this.#parcels]
  }

  /** Goes on over another socket (TLS over the present one). */
  move(socket: Writable): void {
    this.#socket.off('drain', this.#drained)
    this.#socket = socket
    socket.on('drain', this.#drained)
  }

  /** Writes what is in line and ends the connection's sending side. */
  end(): void {
    this.flush()
    this.#isEnded = true
    this.#socket.end()
  }

  readonly #drained = (): void => this.#owner.drained()
}
