/**
 * A minimal XMPP client for load: a raw socket, stanzas put together by hand, and one handler for the bytes that come in. It logs in with
 * regular expressions (login.ts) and then hands its bytes to what a test wants to do with them (scanner.ts).
 */
import net from 'node:net'
import { performance } from 'node:perf_hooks'
import tls from 'node:tls'
import type { SaltedPasswords } from './scram.ts'

/** The only address that this generator ever connects to. */
const HOST = '127.0.0.1'
/** One buffer to read into for all plain sockets: 10,000 clients must not cost the generator a buffer each. */
const SHARED = Buffer.allocUnsafe(128 * 1024)

export type Mechanism = 'auto' | 'PLAIN' | 'SCRAM-SHA-1'

/** Who connects, and how. */
export interface ClientOptions {
  readonly port: number
  readonly domain: string
  readonly user: string
  readonly password: string
  readonly mechanism: Mechanism
  readonly tls: boolean
  readonly salted: SaltedPasswords
  readonly timeoutMs: number
}

interface Waiter {
  readonly pattern: RegExp
  readonly resolve: (match: RegExpExecArray) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

const onlyNoted = (): void => {}

/** One connection. */
export class Client {
  readonly options: ClientOptions
  jid = ''
  /** Iterations of the password's key, once SCRAM has told them. */
  iterations: number | undefined
  closed = false
  /** The first thing that went wrong. */
  problem = ''
  /** When the last bytes came. */
  lastHeard = 0
  /** Which of the test's clients this is. */
  index = 0
  socket: net.Socket | undefined
  #text = ''
  #waiter: Waiter | undefined
  readonly #collect = (data: Buffer): void => {
    this.#text += data.toString('latin1')
    this.#try()
  }
  #take: (data: Buffer) => void = this.#collect

  constructor(options: ClientOptions) {
    this.options = options
  }

  /** Opens the TCP connection. */
  connect(): Promise<void> {
    const { port, tls: secure } = this.options
    const callback = (length: number, buffer: Uint8Array): boolean => {
      this.#received((buffer as Buffer).subarray(0, length))
      return true
    }
    // A socket that TLS will take over must not read into the shared buffer.
    const read = secure ? {} : { onread: { buffer: SHARED, callback } }
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: HOST, port, noDelay: true, ...read }, resolve)
      this.#adopt(socket, reject)
      if (secure) socket.on('data', (data) => this.#received(data))
    })
  }

  /** Takes a connection that was made to us. */
  accept(socket: net.Socket): void {
    this.#adopt(socket, onlyNoted)
    socket.on('data', (data) => this.#received(data))
  }

  /** Puts TLS on the connection, as STARTTLS wants it. */
  secure(): Promise<void> {
    const raw = this.socket!
    for (const event of ['data', 'error', 'close']) raw.removeAllListeners(event)
    return new Promise((resolve, reject) => {
      const socket = tls.connect({ socket: raw, rejectUnauthorized: false, servername: this.options.domain }, resolve)
      this.#adopt(socket, reject)
      socket.on('data', (data: Buffer) => this.#received(data))
    })
  }

  #adopt(socket: net.Socket, reject: (error: Error) => void): void {
    this.socket = socket
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.problem ||= error.code ?? error.message
      reject(error)
      this.#fail(error)
    })
    socket.on('close', () => {
      this.closed = true
      this.#fail(new Error(`${this.options.user}: the connection was closed`))
    })
  }

  #received(data: Buffer): void {
    this.lastHeard = performance.now()
    this.#take(data)
  }

  /** Sends text: everything that load consists of is ASCII. */
  write(text: string): void {
    this.socket!.write(text, 'latin1')
  }

  /** Waits until the text that has come matches; text up to the end of the match is then forgotten. */
  expect(pattern: RegExp, what: string): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const late = (): void =>
        this.#fail(new Error(`${this.options.user}: no ${what} in time; have: ${this.#text.slice(-300)}`))
      this.#waiter = { pattern, resolve, reject, timer: setTimeout(late, this.options.timeoutMs) }
      this.#try()
    })
  }

  #try(): void {
    const waiter = this.#waiter
    const match = waiter?.pattern.exec(this.#text)
    if (waiter === undefined || !match) return
    this.#text = this.#text.slice(match.index + match[0].length)
    this.#waiter = undefined
    clearTimeout(waiter.timer)
    waiter.resolve(match)
  }

  #fail(error: Error): void {
    const waiter = this.#waiter
    if (waiter === undefined) return
    this.#waiter = undefined
    clearTimeout(waiter.timer)
    waiter.reject(error)
  }

  /** Text that comes is collected again, for `expect`. */
  listen(): void {
    this.#text = ''
    this.#take = this.#collect
  }

  /** Hands everything that comes to `take`, which must not keep the buffer. */
  handle(take: (data: Buffer) => void): void {
    this.#text = ''
    this.#take = take
  }

  /** Only answers pings, so that any server keeps the session. */
  idle(): void {
    this.handle((data) => {
      const text = data.toString('latin1')
      if (!text.includes('urn:xmpp:ping')) return
      const [id, from] = [/id=['"]([^'"]*)['"]/.exec(text)?.[1], /from=['"]([^'"]*)['"]/.exec(text)?.[1]]
      this.write(`<iq type='result' id='${id}'${from === undefined ? '' : ` to='${from}'`}/>`)
    })
  }

  /** Closes the stream. */
  end(): void {
    this.socket?.on('error', onlyNoted)
    this.socket?.end('</stream:stream>')
  }

  /** Drops the connection. */
  destroy(): void {
    this.socket?.destroy()
  }
}
