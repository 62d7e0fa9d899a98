/** A connection's bytes: a TCP socket, with TLS from the start (XEP-0368), from some moment on (RFC 6120 §5), or never. */
import { type Socket, connect } from 'node:net'
import { type ConnectionOptions, TLSSocket, connect as connectTls } from 'node:tls'
import { type ChannelBinding, TLS_EXPORTER } from '@meerkat/protocol/sasl'
import { TimeoutError } from './errors.ts'

/** Who gets what a connection brings. */
export interface WireEvents {
  data(chunk: Buffer): void
  /** The connection is gone, after `error` if there was one. Called once. */
  closed(error: Error | undefined): void
}

/** Where to connect to. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** A socket that can change to TLS. */
export class Wire {
  /** Bytes of XML, as before encryption. */
  bytesSent = 0
  /** Bytes of XML, as after decryption. */
  bytesReceived = 0
  readonly #events: WireEvents
  readonly #place: string
  #socket: Socket
  #error: Error | undefined
  #established = false

  /** Begins to connect, with TLS at once when `tls` is given; `opened` says when it is done. */
  constructor({ host, port }: Place, tls: ConnectionOptions | undefined, events: WireEvents) {
    this.#events = events
    this.#place = `${host}:${port}`
    this.#socket = tls === undefined ? connect({ host, port }) : connectTls({ ...tls, host, port })
    this.#adopt(this.#socket)
    this.#socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      this.#established = true
    })
  }

  /** The socket, for what only it knows: addresses, cipher, certificate. */
  get socket(): Socket | TLSSocket {
    return this.#socket
  }

  /** Whether the bytes are encrypted. */
  get secure(): boolean {
    return this.#socket instanceof TLSSocket
  }

  /** RFC 9266 §2: what both ends of a TLS 1.3 channel know and nobody between them does; undefined without TLS 1.3. */
  get channelBinding(): ChannelBinding | undefined {
    const socket = this.#socket
    // With older versions the value is unique only under conditions that Node does not let us check (RFC 9266 §3).
    if (!(socket instanceof TLSSocket) || socket.getProtocol() !== 'TLSv1.3') return undefined
    return { type: TLS_EXPORTER, data: socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)) }
  }

  /** Resolves when the connection, and its TLS if it begins with that, is established. */
  opened(timeoutMs: number): Promise<void> {
    if (this.#established) return Promise.resolve()
    if (this.secure) return ready(this.#socket, 'secureConnect', `a TLS connection to ${this.#place}`, timeoutMs)
    return ready(this.#socket, 'connect', `a TCP connection to ${this.#place}`, timeoutMs)
  }

  /** Changes to TLS on the same socket; resolves after the handshake. */
  startTls(options: ConnectionOptions, timeoutMs: number): Promise<void> {
    this.#socket.removeAllListeners('data')
    this.#socket = connectTls({ ...options, socket: this.#socket })
    this.#adopt(this.#socket)
    return ready(this.#socket, 'secureConnect', `the TLS handshake with ${this.#place}`, timeoutMs)
  }

  /** Sends bytes; what a connection that is gone, or was ended, is given is lost. */
  write(bytes: string | Uint8Array): void {
    if (!this.#socket.writable) return
    this.bytesSent += typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length
    this.#socket.write(bytes)
  }

  /** Resolves when the operating system has taken everything that was written, or the connection is gone. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write('', () => resolve())
    })
  }

  /** Stops reading, so that the server's writes pile up. */
  pause(): void {
    this.#socket.pause()
  }

  /** Reads again. */
  resume(): void {
    this.#socket.resume()
  }

  /** Sends what is left and closes. */
  end(): void {
    this.#socket.end()
  }

  /** Closes at once. */
  destroy(error?: Error): void {
    this.#error ??= error
    this.#socket.destroy()
  }

  #adopt(socket: Socket): void {
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.bytesReceived += chunk.length
      this.#events.data(chunk)
    })
    socket.on('error', (error) => {
      this.#error ??= error
    })
    // A socket under TLS closes, too, but only the one on top speaks.
    socket.on('close', () => {
      if (socket === this.#socket) this.#events.closed(this.#error)
    })
  }
}

function ready(socket: Socket, event: string, what: string, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: Error): void => {
      clearTimeout(timer)
      socket.off(event, established).off('error', finish).off('close', closed)
      if (error === undefined) return resolve()
      socket.destroy()
      reject(error)
    }
    const established = (): void => finish()
    const closed = (): void => finish(new Error(`${what}: the connection was closed`))
    const timer = setTimeout(() => finish(new TimeoutError(what, timeoutMs)), timeoutMs)
    socket.once(event, established).once('error', finish).once('close', closed)
  })
}
