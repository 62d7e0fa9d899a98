/** Streams over WebSocket (RFC 7395): each message is one element with its own namespace. */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { FRAMING_NS, FramingClose, FramingOpen, StreamError } from '@meerkat/protocol'
import { type Element, parseElement, serialize } from '@meerkat/xml'
import type { RawData, WebSocket } from 'ws'
import type { Kernel } from '../../core/kernel.ts'
import type { Counter } from '../../core/metrics.ts'
import type { Timer } from '../../core/timers.ts'
import { plainAddress } from '../../core/network.ts'
import { standaloneText } from '../c2s/stanza-text.ts'
import { Aftermath } from '../aftermath.ts'
import type { C2sOptions, StreamLimits } from '../c2s/options.ts'
import type { Answer, Receiver, Wire } from '../c2s/wire.ts'
import { acceptedCertificate } from '../certificates/accepted.ts'
import { FrameLine } from './frames.ts'

/** How a connection is kept alive. */
export interface Heartbeat {
  /** Milliseconds that a client may be silent; `Infinity`: for ever. */
  readonly idleMs: number
  /** Milliseconds between pings (RFC 6455 §5.5.2); undefined: none. */
  readonly pingMs: number | undefined
}

/** What a WebSocket is made of, once HTTP is done with it. */
export interface Upgraded {
  readonly socket: WebSocket
  /** The connection below. */
  readonly below: Socket
}

/** Bytes of the largest frame header, with its mask. */
const FRAME_HEADER = 14

/** A client's WebSocket. */
export class WebSocketWire implements Wire {
  readonly ip: string
  readonly port: number
  readonly encrypted: boolean
  readonly ready = true
  #limits: StreamLimits
  readonly #kernel: Kernel
  readonly #receiver: Receiver
  readonly #socket: WebSocket
  readonly #below: Socket
  readonly #line: FrameLine
  readonly #idleMs: number
  readonly #in: Counter
  readonly #out: Counter
  /** Messages that came while the stream waited: no more than one read of the connection holds. */
  #messages: Buffer[] = []
  #paused = false
  #holds = 0
  #opened = false
  #over = false
  #broken = false
  /** Bytes since the last message, while the client has not authenticated. */
  #pending = 0
  #heardAt: number
  #idle: Timer | undefined
  readonly #ping: Timer | undefined

  constructor(
    kernel: Kernel,
    options: C2sOptions,
    { socket, below }: Upgraded,
    { idleMs, pingMs }: Heartbeat,
    receiver: Receiver,
  ) {
    this.#kernel = kernel
    this.#receiver = receiver
    this.#socket = socket
    this.#below = below
    this.#idleMs = idleMs
    this.ip = plainAddress(below.remoteAddress)
    this.port = below.remotePort ?? 0
    this.encrypted = below instanceof TLSSocket
    this.#limits = options.beforeLogin
    const scope = kernel.metrics.scope()
    this.#in = scope.counter('websocket_data_received', 'byte_size')
    this.#out = scope.counter('websocket_data_sent', 'byte_size')
    this.#line = new FrameLine(socket, below, options, () => receiver.overflowed())
    this.#heardAt = kernel.clock.monotonic()
    if (idleMs !== Infinity) this.#watch(idleMs)
    if (pingMs !== undefined) this.#ping = kernel.timers.every(pingMs / 1000, () => socket.ping())
    this.#listen()
  }

  get limits(): StreamLimits {
    return this.#limits
  }

  set limits(limits: StreamLimits) {
    this.#limits = limits
    // The WebSocket checks this bound itself.
    this.#below.off('data', this.#bound)
  }

  get buffered(): number {
    return this.#messages.reduce((sum, message) => sum + message.length, 0)
  }

  /** None: a browser cannot derive it, and there may be a proxy between. */
  channelBinding(): undefined {
    return undefined
  }

  certificate(): Buffer | undefined {
    return acceptedCertificate(this.#below, this.#kernel.clock.now())
  }

  /** RFC 7395 §3.4: our `<open/>`. */
  open({ id, from, to }: Answer): void {
    this.#send(serialize(FramingOpen({ id, from, to, version: '1.0', 'xml:lang': 'en' })))
  }

  send(element: Element): number {
    return this.#send(standaloneText(element))
  }

  room(all: boolean): Promise<void> | undefined {
    return this.#line.room(all)
  }

  /** RFC 7395 §3.6: the stream is closed by `<close/>`, then the connection by its own handshake. */
  close(error: StreamError | undefined, silent: boolean): void {
    if (!silent) {
      if (error !== undefined) this.send(error.toElement())
      this.#send(serialize(FramingClose()))
    }
    this.#end()
    this.#line.end()
    const aftermath = new Aftermath(this, this.#kernel.timers)
    this.#below.on('data', (chunk: Buffer) => aftermath.heard(chunk.length))
  }

  destroy(): void {
    this.#end()
    // What is no WebSocket any more is told so before it goes.
    if (this.#broken) this.#below.destroySoon()
    else this.#socket.terminate()
  }

  restart(): void {
    this.#opened = false
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    while (!this.#paused && this.#messages.length > 0) this.#take(this.#messages.shift()!)
  }

  hold(): void {
    if (this.#holds++ === 0) this.#socket.pause()
  }

  release(): void {
    if (--this.#holds === 0) this.#socket.resume()
  }

  #send(text: string): number {
    this.#kernel.counters.bytesOut += text.length
    this.#out.value += text.length
    this.#line.add(text)
    return text.length
  }

  #end(): void {
    this.#over = true
    this.#messages = []
    this.#idle?.cancel()
    this.#ping?.cancel()
    this.#below.off('data', this.#bound)
  }

  #listen(): void {
    const socket = this.#socket
    socket.on('message', (data, isBinary) => this.#message(data, isBinary))
    socket.on('ping', this.#alive)
    socket.on('pong', this.#alive)
    socket.on('error', () => {
      this.#broken = true
      this.#receiver.lost('no proper WebSocket frame')
    })
    socket.on('close', () => {
      this.#end()
      this.#receiver.gone()
    })
    // Before those of the WebSocket itself, so that a message that is complete sets the count back.
    this.#below.prependListener('data', this.#bound)
  }

  /**
   * S22: until a client has authenticated it may make the server hold less. The WebSocket knows only the bound for later, which it checks by the
   * length in a frame's header; before, this looks at what has come and made no message yet.
   */
  readonly #bound = (chunk: Buffer): void => {
    this.#pending += chunk.length
    if (this.#pending - chunk.length > this.#limits.stanzaBytes + FRAME_HEADER)
      this.#receiver.failed(new StreamError('policy-violation', 'more bytes than allowed'))
  }

  readonly #alive = (): void => {
    this.#heardAt = this.#kernel.clock.monotonic()
  }

  #watch(ms: number): void {
    this.#idle = this.#kernel.timers.after(ms / 1000, () => {
      const rest = this.#idleMs - (this.#kernel.clock.monotonic() - this.#heardAt)
      if (rest > 0) this.#watch(rest)
      else this.#receiver.lost('the client was silent')
    })
  }

  #message(data: RawData, isBinary: boolean): void {
    this.#pending = 0
    this.#alive()
    if (this.#over) return
    const message = data as Buffer
    this.#in.value += message.length
    if (!this.#receiver.heard(message.length)) return
    // RFC 7395 §3.2: messages are text.
    if (isBinary) return this.#receiver.failed(new StreamError('bad-format', 'not a text message'))
    if (this.#paused || this.#messages.length > 0) this.#messages.push(message)
    else this.#take(message)
  }

  #take(message: Buffer): void {
    let element: Element
    try {
      // RFC 7395 §3.3.3: neither a part of an element nor several of them
      element = parseElement(message, this.#limits)
    } catch (error) {
      return this.#receiver.failed(error)
    }
    if (element.ns === FRAMING_NS) this.#framing(element)
    // RFC 7395 §3.3.3: the namespace is given in every message
    else if (!this.#opened || element.ns === '') this.#receiver.failed(new StreamError('invalid-namespace'))
    else this.#receiver.received(element, message.length)
  }

  #framing(element: Element): void {
    if (element.name === FramingClose.local) return this.#receiver.finished()
    if (element.name !== FramingOpen.local || this.#opened)
      return this.#receiver.failed(new StreamError('unsupported-stanza-type'))
    this.#opened = true
    this.#receiver.opened({ to: element.attr('to'), from: element.attr('from'), version: element.attr('version') })
  }
}
