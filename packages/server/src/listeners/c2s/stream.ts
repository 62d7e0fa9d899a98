/** A client's stream (RFC 6120 §4): bytes in, elements to the present stage, text out; headers, restarts, errors and the end. */
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import {
  CLIENT_NS,
  type Jid,
  STREAMS_NS,
  type StreamCondition,
  StreamError,
  StreamFeatures,
  StreamHeader,
  tryJid,
} from '@meerkat/protocol'
import { type Element, StreamParser, XmlError, serialize, serializeHeader, serializeInStream } from '@meerkat/xml'
import type { Kernel } from '../../core/kernel.ts'
import type { Timer } from '../../core/timers.ts'
import type { DataCounters, ElementTraffic } from '../../core/traffic.ts'
import type { C2sOptions } from './options.ts'
import { Output } from './output.ts'
import { overTls } from './over-tls.ts'

/** What a stream does with elements at one stage of its life. */
export interface Stage {
  /** The content of `<stream:features/>` after the next stream header. */
  features(): readonly Element[] | Promise<readonly Element[]>
  /** Takes an element; the next one waits for a returned promise. Throws StreamError to end the stream. */
  element(element: Element): void | Promise<void>
  /** The client was heard of, if only by white space. */
  active?(): void
  /** The stream has ended. */
  closed?(reason: string): void
}

/** How long a step may wait before the stream is given up, in milliseconds. */
const STUCK_MS = 120_000

/** How long a peer has to close its side after we have closed ours, in seconds. */
const CLOSE_SECONDS = 5

/** One connection of a client. */
export class ClientStream {
  readonly kernel: Kernel
  readonly options: C2sOptions
  readonly ip: string
  readonly port: number
  /** The domain the stream is for; undefined before the first header. */
  domain: string | undefined
  /** Who the client says it is in its stream header, and who it has proved to be. */
  #claimed: string | undefined
  #user: Jid | undefined
  #socket: Socket
  #stage: Stage
  readonly #parser: StreamParser
  readonly #output: Output
  readonly #pause: (bytes: number, nowMs: number) => number
  #headerSent = false
  #handshaking = false
  #closing = false
  #ended = false
  #paused = 0
  /** Since when a step has waited, in milliseconds of the monotonic clock. */
  #waitingSince: number | undefined
  readonly #data: DataCounters
  /** The traffic of the host type, once the client has said whom it wants. */
  #elements: ElementTraffic
  /** Bytes read, and those of them that belong to elements already counted. */
  #bytesRead = 0
  #bytesCounted = 0
  #timer: Timer | undefined
  readonly #onClose: () => void

  /** `onClose` is called once when the socket is gone. */
  constructor(kernel: Kernel, options: C2sOptions, socket: Socket, onClose: () => void) {
    this.kernel = kernel
    this.options = options
    this.ip = socket.remoteAddress ?? ''
    this.port = socket.remotePort ?? 0
    this.#socket = socket
    this.#onClose = onClose
    this.#stage = NOT_YET
    this.#pause = options.shaper()
    const caps = { bytes: options.outboundBytes, stanzas: options.outboundStanzas }
    this.#data = kernel.traffic.data('c2s')
    this.#elements = kernel.traffic.elements('c2s')
    this.#output = new Output(socket, caps, this.#overflow, this.#written)
    this.#parser = new StreamParser(
      {
        open: (header, defaultNs) => this.#wait(() => this.#open(header, defaultNs)),
        element: (element) => this.#wait(() => this.#take(element)),
        close: () => this.close(),
      },
      options.beforeLogin,
    )
    this.#listen(socket)
  }

  /** Begins with `stage`, and over TLS when the listener speaks it from the first byte. */
  start(stage: Stage): void {
    this.#stage = stage
    this.#timer = this.kernel.timers.after(this.options.authTimeoutMs / 1000, () => this.fail('connection-timeout'))
    if (this.options.tls?.mode === 'tls') this.#secure()
  }

  get encrypted(): boolean {
    return this.#socket instanceof TLSSocket
  }

  /** Whether nothing more is taken from or sent to the client. */
  get ended(): boolean {
    return this.#closing
  }

  /** RFC 9266 §2: 32 bytes that both ends of this TLS 1.3 connection can derive; undefined on any other connection. */
  channelBinding(): { type: string; data: Buffer } | undefined {
    if (!(this.#socket instanceof TLSSocket) || this.#socket.getProtocol() !== 'TLSv1.3') return undefined
    const data = this.#socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
    return { type: 'tls-exporter', data }
  }

  /** Sends a stanza or any other child of the stream. */
  send(element: Element): void {
    if (this.#closing) return
    const text = element.ns === CLIENT_NS ? serialize(element, CLIENT_NS) : serializeInStream(element)
    this.#elements.out.count(element, text.length)
    this.#output.add(text)
  }

  #take(element: Element): void | Promise<void> {
    const { in: received } = this.#elements
    const bytes = this.#bytesRead - this.#parser.buffered - this.#bytesCounted
    this.#bytesCounted += bytes
    received.count(element, bytes)
    return this.#stage.element(element)
  }

  readonly #written = (count: number): void => {
    this.kernel.counters.bytesOut += count
    if (this.encrypted) this.#data.tlsOut.value += count
    else this.#data.tcpOut.value += count
  }

  /** Goes on with another stage; its features are sent after the client's next stream header (RFC 6120 §4.3.3). */
  restart(stage: Stage): void {
    this.#stage = stage
    this.#headerSent = false
    this.#parser.reset()
  }

  /** Goes on with another stage on the same stream. */
  become(stage: Stage): void {
    this.#stage = stage
    // It may have ended while the stage was made; nobody else would tell the stage.
    if (this.#ended) stage.closed?.('closed')
  }

  /** The client has proved who it is: the limits for authenticated clients hold. Throws StreamError when it claimed to be another. */
  trust(user: Jid): void {
    this.#user = user
    this.#checkClaim()
    this.#parser.limits = this.options.afterLogin
  }

  /** The session is bound: the time for logging in no longer runs. */
  settle(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** RFC 6120 §5.4.3.3: negotiates TLS on this connection; what follows is a new stream. */
  upgrade(proceed: Element): void {
    // S20: what stands in clear behind <starttls/> was not sent by whom TLS will authenticate.
    if (this.#parser.buffered > 0) return this.destroy('plaintext behind starttls')
    this.send(proceed)
    this.#output.flush()
    this.restart(this.#stage)
    this.#secure()
  }

  /** Ends the stream with an error (RFC 6120 §4.9.1.1). */
  fail(condition: StreamCondition, text?: string): void {
    this.close(new StreamError(condition, text))
  }

  /** Ends the stream, with an error if there is one; the client has some seconds to close its side. */
  close(error?: StreamError): void {
    if (this.#closing) return
    // S10: nobody can be told anything before TLS is there
    if (this.#handshaking) return this.destroy(error?.condition)
    if (error !== undefined) {
      this.kernel.counters.streamErrors++
      this.#elements.out.streamErrors++
    }
    const silent = this.domain === undefined && this.options.hideServiceName
    if (!silent) {
      // RFC 6120 §4.9.1.2: an error before our header still needs the header.
      if (!this.#headerSent) this.#sendHeader(undefined)
      if (error !== undefined) this.#output.add(serializeInStream(error.toElement()))
      this.#output.add('</stream:stream>')
    }
    this.#closing = true
    this.#parser.stop()
    this.settle()
    this.#output.end()
    this.#timer = this.kernel.timers.after(CLOSE_SECONDS, () => this.#socket.destroy())
    this.#over(error?.condition ?? 'closed')
  }

  /** Drops the connection. */
  destroy(reason = 'destroyed'): void {
    this.#closing = true
    this.#parser.stop()
    this.#socket.destroy()
    this.#over(reason)
  }

  #over(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#stage.closed?.(reason)
  }

  #listen(socket: Socket): void {
    socket.on('data', this.#read)
    socket.on('end', () => {
      // When we close too, what is in line still has to be written.
      if (!this.#closing) this.destroy('connection closed')
    })
    socket.on('error', () => this.destroy('connection lost'))
    socket.on('close', this.#gone)
  }

  readonly #gone = (): void => {
    this.settle()
    this.destroy('connection closed')
    this.#onClose()
  }

  readonly #read = (chunk: Buffer): void => {
    if (this.#closing) return
    this.kernel.counters.bytesIn += chunk.length
    this.#bytesRead += chunk.length
    if (this.encrypted) this.#data.tlsIn.value += chunk.length
    else this.#data.tcpIn.value += chunk.length
    this.#stage.active?.()
    const rest = this.#pause(chunk.length, this.kernel.clock.monotonic())
    if (rest > 0) {
      this.#hold()
      this.kernel.timers.after(rest / 1000, () => this.#release())
    }
    this.#parse(() => this.#parser.write(chunk))
  }

  #parse(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Runs a step of the stream; while it waits, nothing more is read from the client. */
  #wait(step: () => void | Promise<void>): void {
    let waiting: void | Promise<void>
    try {
      waiting = step()
    } catch (error) {
      return this.#failed(error)
    }
    if (waiting === undefined) return
    this.#parser.pause()
    this.#hold()
    this.#waitingSince = this.kernel.clock.monotonic()
    waiting
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#waitingSince = undefined
        if (!this.#closing) this.#parse(() => this.#parser.resume())
        this.#release()
      })
  }

  /** Ends the stream when a step never ends: what is not read from cannot tell that its client has gone either. */
  endIfStuck(): void {
    if (this.#closing || this.#waitingSince === undefined) return
    if (this.kernel.clock.monotonic() - this.#waitingSince < STUCK_MS) return
    this.kernel.report('stream_stuck', new Error('a handler has not settled'), { user: this.#user?.toString() })
    this.fail('internal-server-error')
  }

  #hold(): void {
    if (this.#paused++ === 0) this.#socket.pause()
  }

  #release(): void {
    if (--this.#paused === 0) this.#socket.resume()
  }

  #failed(error: unknown): void {
    if (error instanceof StreamError) return this.close(error)
    if (error instanceof XmlError) return this.fail(error.condition, error.message)
    this.kernel.report('stream_failed', error)
    this.fail('internal-server-error')
  }

  /** RFC 6120 §4.7: checks the client's stream header, answers with ours and the features of the stage. */
  async #open(header: Element, defaultNs: string): Promise<void> {
    this.#check(header, defaultNs)
    // RFC 6120 §4.7.2: the address of the client if it gives one; what is none is not repeated
    this.#sendHeader(tryJid(header.attr('from'))?.toString())
    const features = await this.#stage.features()
    this.#output.add(serializeInStream(StreamFeatures({}, ...features)))
  }

  #check(header: Element, defaultNs: string): void {
    if (header.name !== 'stream' || header.ns !== STREAMS_NS) throw new StreamError('invalid-namespace')
    // RFC 6120 §4.8.3: the content namespace of a client's stream
    if (defaultNs !== CLIENT_NS) throw new StreamError('invalid-namespace')
    const to = header.attr('to')?.toLowerCase()
    if (to === undefined || this.kernel.hosts.of(to) === undefined) throw new StreamError('host-unknown')
    // S16: the domain of a stream does not change on a restart.
    if (this.domain !== undefined && this.domain !== to)
      throw new StreamError('host-unknown', 'The domain has changed.')
    this.domain = to
    this.#elements = this.kernel.traffic.elements('c2s', this.kernel.hosts.of(to)?.type)
    this.#claimed = header.attr('from')
    this.#checkClaim()
    // RFC 6120 §4.7.5: only 1.0 and its successors have features
    if (!/^[1-9]\d?\.\d{1,2}$/.test(header.attr('version') ?? '')) throw new StreamError('unsupported-version')
  }

  /** RFC 6120 §4.7.1: whom the stream header says the client is, and whom SASL has proved it to be, are the same. */
  #checkClaim(): void {
    if (this.#user === undefined || this.#claimed === undefined) return
    if (tryJid(this.#claimed)?.bare.equals(this.#user) !== true) throw new StreamError('invalid-from')
  }

  #sendHeader(to: string | undefined): void {
    this.#headerSent = true
    const id = randomBytes(16).toString('hex')
    const from = this.domain ?? this.options.defaultDomain
    const attributes = { id, from, to, version: '1.0', 'xml:lang': 'en' }
    this.#output.add(`<?xml version='1.0'?>${serializeHeader(StreamHeader(attributes), CLIENT_NS)}`)
  }

  /** Puts TLS over the socket. */
  #secure(): void {
    const plain = this.#socket
    plain.removeListener('data', this.#read)
    plain.removeListener('close', this.#gone)
    this.#handshaking = true
    const secure = overTls(plain, this.options.tls!, {
      ready: () => (this.#handshaking = false),
      failed: (why) => this.destroy(why),
    })
    this.#socket = secure
    this.#output.move(secure)
    this.#listen(secure)
  }

  readonly #overflow = (): void => {
    this.kernel.counters.slowReadersClosed++
    this.destroy('the client does not read')
  }
}

const NOT_YET: Stage = { features: () => [], element: () => undefined }
