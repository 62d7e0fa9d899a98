/** Streams over TCP (RFC 6120 §4): one long document each way, with TLS from the first byte or by STARTTLS (§5). */
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { CLIENT_NS, STREAMS_NS, StreamError, StreamHeader } from '@meerkat/protocol'
import {
  type Element,
  type StreamHandler,
  StreamParser,
  serialize,
  serializeHeader,
  serializeInStream,
} from '@meerkat/xml'
import type { Kernel } from '../../core/kernel.ts'
import type { DataCounters } from '../../core/traffic.ts'
import type { C2sOptions, StreamLimits } from './options.ts'
import { Aftermath } from '../aftermath.ts'
import { readIntoShared } from '../shared-memory.ts'
import { turn } from '../turn.ts'
import { acceptedCertificate } from '../certificates/accepted.ts'
import { Output, type OutputCaps, type OutputOwner } from './output.ts'
import { overTls } from './over-tls.ts'
import { printer } from './printer.ts'
import type { Origin } from './proxy.ts'
import type { Answer, ChannelBindingData, Receiver, Wire } from './wire.ts'

const textOf = printer((element) =>
  element.ns === CLIENT_NS ? serialize(element, CLIENT_NS) : serializeInStream(element),
)

/** Bytes that may wait for a later turn of the event loop, and their connection is read on. */
const LITTLE = 4096

/** RFC 6120 §4.9.1.2: a whole stream that says nothing but an error, for a client that is not taken at all. */
export function refusalText(from: string, error: StreamError): string {
  const header = StreamHeader({ id: randomBytes(16).toString('hex'), from, version: '1.0', 'xml:lang': 'en' })
  const words = serializeInStream(error.toElement())
  return `<?xml version='1.0'?>${serializeHeader(header, CLIENT_NS)}${words}</stream:stream>`
}

/** What differs between the kinds of streams over TCP. */
export interface Dialect {
  /** RFC 6120 §4.8.3: the content namespace. */
  readonly ns: string
  /** What our header says; undefined where it says nothing. */
  readonly version: string | undefined
  /** The name of the kind of connection in the figures. */
  readonly traffic: string
}

const CLIENTS: Dialect = { ns: CLIENT_NS, version: '1.0', traffic: 'c2s' }

/** What a wire needs of a listener's options. */
export type WireOptions = OutputCaps & Pick<C2sOptions, 'tls' | 'beforeLogin'>

/** The TCP connection of a client, or of a peer that speaks another dialect. */
export class TcpWire implements Wire, OutputOwner {
  readonly ip: string
  readonly port: number
  readonly #kernel: Kernel
  readonly #options: WireOptions
  readonly #dialect: Dialect
  readonly #receiver: Receiver
  readonly #data: DataCounters
  readonly #parser: StreamParser
  readonly #output: Output
  /** What comes after the end of the stream. */
  #aftermath: Aftermath | undefined
  #socket: Socket
  #encrypted = false
  #handshaking = false
  #binding: ChannelBindingData | undefined
  #holds = 0
  /** Bytes read, and those of them that belong to elements already handed out. */
  #read = 0
  #counted = 0
  /** How many reads wait for a later turn. */
  #postponed = 0

  /** Told what the peer's socket has taken, where the receiver wants to know. */
  readonly taken: ((characters: number) => void) | undefined

  constructor(
    kernel: Kernel,
    options: WireOptions,
    socket: Socket,
    origin: Origin,
    receiver: Receiver,
    dialect: Dialect = CLIENTS,
  ) {
    this.#kernel = kernel
    this.#options = options
    this.#dialect = dialect
    this.#receiver = receiver
    this.taken = receiver.taken?.bind(receiver)
    this.ip = origin.ip
    this.port = origin.port
    this.#socket = socket
    this.#data = kernel.traffic.data(dialect.traffic)
    this.#output = new Output(socket, options, this)
    this.#parser = new StreamParser(new Inlet(this), options.beforeLogin)
    this.#listen(socket)
  }

  /** How many characters were put in line since the connection began. */
  get added(): number {
    return this.#output.added
  }

  get encrypted(): boolean {
    return this.#encrypted
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
    if (this.#binding !== undefined) return this.#binding
    if (!(this.#socket instanceof TLSSocket) || this.#socket.getProtocol() !== 'TLSv1.3') return undefined
    const data = this.#socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
    return (this.#binding = { type: 'tls-exporter', data })
  }

  certificate(): Buffer | undefined {
    return acceptedCertificate(this.#socket, this.#kernel.clock.now())
  }

  open({ id, from, to }: Answer): void {
    const { ns, version } = this.#dialect
    const header = StreamHeader({ id, from, to, version, 'xml:lang': 'en' })
    this.#output.add(`<?xml version='1.0'?>${serializeHeader(header, ns)}`)
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
    this.#output.drop()
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
    const tls = this.#options.tls!
    const secure = overTls(plain, tls, {
      ready: () => {
        this.#handshaking = false
        if (tls.requireCertificate === true && this.certificate() === undefined)
          this.#broken('no client certificate that is taken')
      },
      failed: (why) => this.#broken(why),
    })
    this.#socket = secure
    this.#encrypted = true
    this.#output.move(secure)
    this.#listen(secure)
  }

  /** The start tag of the client's stream. */
  opened(header: Element, defaultNs: string): void {
    if (header.name !== 'stream' || header.ns !== STREAMS_NS || defaultNs !== this.#dialect.ns)
      return this.#receiver.failed(new StreamError('invalid-namespace'))
    this.#receiver.opened({ to: header.attr('to'), from: header.attr('from'), version: header.attr('version'), header })
  }

  /** A child of the client's stream. */
  element(element: Element): void {
    const bytes = this.#read - this.#parser.buffered - this.#counted
    this.#counted += bytes
    this.#receiver.received(element, bytes)
  }

  /** The end tag of the client's stream. */
  finished(): void {
    this.#receiver.finished()
  }

  overflowed(): void {
    this.#receiver.overflowed()
  }

  #listen(socket: Socket): void {
    socket.on('data', this.#take)
    if (!this.encrypted) readIntoShared(socket, this.#takeShared)
    // Behind what the peer has said before, and not thousands of them in one turn: the end of a session is much work. The receiver may be closing
    // too: then what is in line still has to be written.
    socket.on('end', () => turn.take(() => this.#receiver.lost('connection closed')))
    socket.on('error', () => this.#broken('connection lost'))
    socket.on('close', this.#gone)
  }

  #broken(why: string): void {
    this.destroy()
    turn.take(() => this.#receiver.lost(why))
  }

  readonly #gone = (): void => turn.take(() => this.#receiver.gone())

  readonly #take = (chunk: Buffer): void => {
    if (turn.isOver) this.#postpone(chunk)
    else if (this.#counts(chunk.length)) this.#parse(chunk)
  }

  /** The first bytes of memory that belongs to all connections. */
  readonly #takeShared = (memory: Buffer, count: number): void => {
    if (turn.isOver) this.#postpone(Buffer.from(memory.subarray(0, count)))
    else if (this.#counts(count)) this.#parse(memory, count)
  }

  /**
   * What a peer has said waits for a turn with more time. Few have more to say before they were heard, and to stop reading from a socket and begin
   * again takes longer than to read: that is for those who say much, or more. Of messages between 10,000 sessions at saturation it was a quarter.
   */
  #postpone(chunk: Buffer): void {
    const isHeld = this.#postponed++ > 0 || chunk.length > LITTLE
    if (isHeld) this.hold()
    turn.later(() => {
      this.#postponed--
      if (isHeld) this.release()
      if (!this.#socket.destroyed && this.#counts(chunk.length)) this.#parse(chunk)
    })
  }

  /** Counts what came; false when nobody hears it any more. */
  #counts(bytes: number): boolean {
    if (this.encrypted) this.#data.tlsIn.value += bytes
    else this.#data.tcpIn.value += bytes
    this.#read += bytes
    if (this.#receiver.heard(bytes)) return true
    this.#aftermath ??= new Aftermath(this, this.#kernel.timers)
    this.#aftermath.heard(bytes)
    return false
  }

  #parse(bytes: Buffer, lent?: number): void {
    try {
      this.#parser.write(bytes, lent)
    } catch (error) {
      this.#receiver.failed(error)
    }
  }

  written(characters: number): void {
    this.#kernel.counters.bytesOut += characters
    if (this.encrypted) this.#data.tlsOut.value += characters
    else this.#data.tcpOut.value += characters
  }
}

/** What a parser finds goes to the wire: one small object for each connection, and no closures. */
class Inlet implements StreamHandler {
  readonly #wire: TcpWire

  constructor(wire: TcpWire) {
    this.#wire = wire
  }

  open(header: Element, defaultNs: string): void {
    this.#wire.opened(header, defaultNs)
  }

  element(element: Element): void {
    this.#wire.element(element)
  }

  close(): void {
    this.#wire.finished()
  }
}
