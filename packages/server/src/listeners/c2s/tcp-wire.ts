/** Streams over TCP (RFC 6120 §4): one long document each way, with TLS from the first byte or by STARTTLS (§5). */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { CLIENT_NS, STREAMS_NS, StreamError, StreamHeader } from '@meerkat/protocol'
import { type Element, StreamParser, serialize, serializeHeader, serializeInStream } from '@meerkat/xml'
import type { Kernel } from '../../core/kernel.ts'
import type { DataCounters } from '../../core/traffic.ts'
import type { C2sOptions, StreamLimits } from './options.ts'
import { Output } from './output.ts'
import { overTls } from './over-tls.ts'
import { printer } from './printer.ts'
import type { Origin } from './proxy.ts'
import type { Answer, ChannelBindingData, Receiver, Wire } from './wire.ts'

const textOf = printer((element) =>
  element.ns === CLIENT_NS ? serialize(element, CLIENT_NS) : serializeInStream(element),
)

/** A client's TCP connection. */
export class TcpWire implements Wire {
  readonly ip: string
  readonly port: number
  readonly #kernel: Kernel
  readonly #options: C2sOptions
  readonly #receiver: Receiver
  readonly #data: DataCounters
  readonly #parser: StreamParser
  readonly #output: Output
  #socket: Socket
  #handshaking = false
  #holds = 0
  /** Bytes read, and those of them that belong to elements already handed out. */
  #read = 0
  #counted = 0

  constructor(kernel: Kernel, options: C2sOptions, socket: Socket, origin: Origin, receiver: Receiver) {
    this.#kernel = kernel
    this.#options = options
    this.#receiver = receiver
    this.ip = origin.ip
    this.port = origin.port
    this.#socket = socket
    this.#data = kernel.traffic.data('c2s')
    const caps = { bytes: options.outboundBytes, stanzas: options.outboundStanzas }
    this.#output = new Output(socket, caps, () => receiver.overflowed(), this.#written)
    this.#parser = new StreamParser(
      {
        open: (header, defaultNs) => this.#opened(header, defaultNs),
        element: (element) => this.#element(element),
        close: () => receiver.finished(),
      },
      options.beforeLogin,
    )
    this.#listen(socket)
  }

  get encrypted(): boolean {
    return this.#socket instanceof TLSSocket
  }

  get ready(): boolean {
    return !this.#handshaking
  }

  get buffered(): number {
    return this.#parser.buffered
  }

  get limits(): StreamLimits {
    return this.#parser.limits
  }

  set limits(limits: StreamLimits) {
    this.#parser.limits = limits
  }

  /** RFC 9266 §2: 32 bytes that both ends of this TLS 1.3 connection can derive; undefined on any other connection. */
  channelBinding(): ChannelBindingData | undefined {
    if (!(this.#socket instanceof TLSSocket) || this.#socket.getProtocol() !== 'TLSv1.3') return undefined
    const data = this.#socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
    return { type: 'tls-exporter', data }
  }

  open({ id, from, to }: Answer): void {
    const header = StreamHeader({ id, from, to, version: '1.0', 'xml:lang': 'en' })
    this.#output.add(`<?xml version='1.0'?>${serializeHeader(header, CLIENT_NS)}`)
  }

  send(element: Element): number {
    const text = textOf(element)
    this.#output.add(text)
    return text.length
  }

  room(all: boolean): Promise<void> | undefined {
    return this.#output.room(all)
  }

  close(error: StreamError | undefined, silent: boolean): void {
    if (!silent) {
      if (error !== undefined) this.#output.add(serializeInStream(error.toElement()))
      this.#output.add('</stream:stream>')
    }
    this.#parser.stop()
    this.#output.end()
  }

  destroy(): void {
    this.#parser.stop()
    this.#socket.destroy()
  }

  restart(): void {
    this.#parser.reset()
  }

  pause(): void {
    this.#parser.pause()
  }

  resume(): void {
    try {
      this.#parser.resume()
    } catch (error) {
      this.#receiver.failed(error)
    }
  }

  hold(): void {
    if (this.#holds++ === 0) this.#socket.pause()
  }

  release(): void {
    if (--this.#holds === 0) this.#socket.resume()
  }

  secure(): void {
    this.#output.flush()
    const plain = this.#socket
    plain.removeListener('data', this.#take)
    plain.removeListener('close', this.#gone)
    this.#handshaking = true
    const secure = overTls(plain, this.#options.tls!, {
      ready: () => (this.#handshaking = false),
      failed: (why) => this.#broken(why),
    })
    this.#socket = secure
    this.#output.move(secure)
    this.#listen(secure)
  }

  #opened(header: Element, defaultNs: string): void {
    // RFC 6120 §4.8.3: the content namespace of a client's stream
    if (header.name !== 'stream' || header.ns !== STREAMS_NS || defaultNs !== CLIENT_NS)
      return this.#receiver.failed(new StreamError('invalid-namespace'))
    this.#receiver.opened({ to: header.attr('to'), from: header.attr('from'), version: header.attr('version') })
  }

  #element(element: Element): void {
    const bytes = this.#read - this.#parser.buffered - this.#counted
    this.#counted += bytes
    this.#receiver.received(element, bytes)
  }

  #listen(socket: Socket): void {
    socket.on('data', this.#take)
    // The receiver may be closing too: then what is in line still has to be written.
    socket.on('end', () => this.#receiver.lost('connection closed'))
    socket.on('error', () => this.#broken('connection lost'))
    socket.on('close', this.#gone)
  }

  #broken(why: string): void {
    this.destroy()
    this.#receiver.lost(why)
  }

  readonly #gone = (): void => this.#receiver.gone()

  readonly #take = (chunk: Buffer): void => {
    if (this.encrypted) this.#data.tlsIn.value += chunk.length
    else this.#data.tcpIn.value += chunk.length
    this.#read += chunk.length
    if (!this.#receiver.heard(chunk.length)) return
    try {
      this.#parser.write(chunk)
    } catch (error) {
      this.#receiver.failed(error)
    }
  }

  readonly #written = (count: number): void => {
    this.#kernel.counters.bytesOut += count
    if (this.encrypted) this.#data.tlsOut.value += count
    else this.#data.tcpOut.value += count
  }
}
