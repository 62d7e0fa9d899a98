/** Bytes for tests of hostile and unlucky peers. */
import { type ConnectionOptions } from 'node:tls'
import { TimeoutError } from '../errors.ts'
import { Wire } from '../wire.ts'
import { type TestServer } from './server.ts'

/** How much a raw connection keeps unless told otherwise, in bytes; what comes beyond is counted and dropped. */
const KEPT = 1 << 20

/** Where and how a raw connection is made. */
export interface RawOptions {
  readonly host: string
  readonly port: number
  /** TLS from the first byte with these options; in the clear when absent. */
  readonly tls?: ConnectionOptions | undefined
  /** How long each wait lasts at most, in milliseconds; 10,000 unless given. */
  readonly timeoutMs?: number | undefined
  /** How many received bytes are kept; 1 MiB unless given. */
  readonly keep?: number | undefined
}

/** A connection that knows no XMPP: bytes out, bytes in. */
export class RawConnection {
  /** Resolves with what broke the connection, or undefined, when it is gone; never rejects. */
  readonly closed: Promise<Error | undefined>
  readonly #wire: Wire
  readonly #timeoutMs: number
  readonly #keep: number
  #chunks: Buffer[] = []
  #kept = 0
  #wake = (): void => {}
  #gone = false

  constructor({ host, port, tls, timeoutMs = 10_000, keep = KEPT }: RawOptions) {
    const { promise, resolve } = Promise.withResolvers<Error | undefined>()
    this.closed = promise
    this.#timeoutMs = timeoutMs
    this.#keep = keep
    this.#wire = new Wire({ host, port }, tls, {
      data: (chunk) => this.#data(chunk),
      closed: (error) => {
        this.#gone = true
        this.#wake()
        resolve(error)
      },
    })
  }

  /** Waits for the connection that the constructor began. */
  opened(): Promise<void> {
    return this.#wire.opened(this.#timeoutMs)
  }

  /** Bytes received since the connection was opened, also those that were not kept. */
  get bytesReceived(): number {
    return this.#wire.bytesReceived
  }

  /** Bytes sent since the connection was opened. */
  get bytesSent(): number {
    return this.#wire.bytesSent
  }

  /** What came and was kept. */
  get received(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  /** Sends bytes as they are. */
  sendRaw(bytes: string | Uint8Array): void {
    this.#wire.write(bytes)
  }

  /** Resolves when the operating system has taken everything that was sent, or the connection is gone. */
  flushed(): Promise<void> {
    return this.#wire.flushed()
  }

  /** Resolves with everything that came when `text` is part of it. Rejects with TimeoutError, or when the connection ends first. */
  async readUntil(text: string, timeoutMs: number = this.#timeoutMs): Promise<Buffer> {
    await this.#until(() => this.#gone || this.received.includes(text), JSON.stringify(text), timeoutMs)
    if (!this.received.includes(text))
      throw new Error(`the connection ended without ${JSON.stringify(text)}; ${this.#came()}`)
    return this.received
  }

  /** Resolves with everything that came when the server has closed the connection. Rejects with TimeoutError. */
  async readUntilClose(timeoutMs: number = this.#timeoutMs): Promise<Buffer> {
    await this.#until(() => this.#gone, 'the end of the connection', timeoutMs)
    return this.received
  }

  /** Stops reading from the network. */
  pause(): void {
    this.#wire.pause()
  }

  /** Reads from the network again. */
  resume(): void {
    this.#wire.resume()
  }

  /** Sends what is left and closes this side. */
  end(): void {
    this.#wire.end()
  }

  /** Breaks the connection. */
  destroy(): void {
    this.#wire.destroy()
  }

  #data(chunk: Buffer): void {
    const taken = chunk.subarray(0, this.#keep - this.#kept)
    if (taken.length > 0) this.#chunks.push(taken)
    this.#kept += taken.length
    this.#wake()
  }

  #until(done: () => boolean, what: string, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer)
        this.#wake = () => {}
        settle()
      }
      const timer = setTimeout(() => {
        finish(() => reject(new TimeoutError(`${what} (${this.#came()})`, timeoutMs)))
      }, timeoutMs)
      this.#wake = () => {
        if (done()) finish(resolve)
      }
      this.#wake()
    })
  }

  #came(): string {
    return `came: ${JSON.stringify(this.received.toString().slice(0, 2000))}`
  }
}

/** Opens a connection of raw bytes; under TLS from the first byte when `tls` has options. */
export async function openRaw(options: RawOptions): Promise<RawConnection> {
  const connection = new RawConnection(options)
  await connection.opened()
  return connection
}

/** The start of a stream to `server`, for writing by hand. */
export function streamHeader({ domain }: Pick<TestServer, 'domain'>): string {
  return (
    `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' ` +
    `xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`
  )
}

/** What bytes can be written to: a client or a raw connection. */
export interface RawTarget {
  sendRaw(bytes: Uint8Array): void
  flushed(): Promise<void>
}

/**
 * Writes `bytes` in pieces that begin at the given positions, with time for the network between them. A number instead
 * of positions is the length of each piece.
 */
export async function sendPieces(
  target: RawTarget,
  bytes: string | Uint8Array,
  splitAt: number | readonly number[],
): Promise<void> {
  const all = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  const places = typeof splitAt === 'number' ? everyNth(splitAt, all.length) : splitAt
  let from = 0
  for (const to of [...places, all.length]) {
    if (to > from) target.sendRaw(all.subarray(from, to))
    from = Math.max(from, to)
    await target.flushed()
    // A turn of the event loop lets a server in the same process read the piece on its own.
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

function everyNth(length: number, total: number): number[] {
  if (!(length >= 1)) throw new RangeError('A piece has at least one byte.')
  return Array.from({ length: Math.ceil(total / length) }, (_, i) => i * length)
}
