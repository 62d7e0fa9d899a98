/** One connection with another server, whoever has made it: text out, elements in, TLS in between (RFC 6120 §4, §5). */
import { type Socket, isIP } from 'node:net'
import { TLSSocket, connect as connectTls } from 'node:tls'
import { SERVER_NS, STREAMS_NS, StreamError, StreamHeader, domainToAscii } from '@meerkat/protocol'
import { type Element, StreamParser, serializeHeader, serializeInStream } from '@meerkat/xml'
import type { Kernel } from '../../core/kernel.ts'
import type { DataCounters } from '../../core/traffic.ts'
import { plainAddress } from '../../core/network.ts'
import { Aftermath } from '../aftermath.ts'
import type { StreamLimits, TlsOptions } from '../c2s/options.ts'
import { overTls } from '../c2s/over-tls.ts'
import { readIntoShared } from '../shared-memory.ts'
import type { S2sClientTls } from './options.ts'
import { Outlet, type Parcel } from './outlet.ts'
import { fromServer, textOf } from './words.ts'

/** The attributes of a stream's start tag. */
export interface Header {
  readonly to: string | undefined
  readonly from: string | undefined
  readonly id: string | undefined
  readonly version: string | undefined
}

/** Whose connection it is. */
export interface LinkOwner {
  /** The other server opens its stream, or opens it anew. */
  opened(header: Header): void
  /** An element of its stream; stanzas stand in the namespace of clients. */
  received(element: Element, bytes: number): void
  /** The TLS handshake is done. */
  secured(): void
  /** What the other server sent is wrong, by an `XmlError` or a `StreamError`; or something broke. */
  failed(error: unknown): void
  /** The other server has closed its stream. */
  finished(): void
  /** What was written has left, so that there is room again. */
  drained(): void
  /** The connection is no more; called once. */
  gone(reason: string): void
}

/** How long the other server has to close its side after we have closed ours, in seconds. */
const CLOSE_SECONDS = 5

/** A connection with another server. */
export class Link {
  readonly ip: string
  readonly #kernel: Kernel
  readonly #owner: LinkOwner
  readonly #data: DataCounters
  readonly #parser: StreamParser
  readonly #outlet: Outlet
  #socket: Socket
  #encrypted = false
  #handshaking = false
  #holds = 0
  #isClosing = false
  #isGone = false
  #aftermath: Aftermath | undefined
  #read = 0
  #counted = 0

  constructor(kernel: Kernel, socket: Socket, limits: StreamLimits, owner: LinkOwner) {
    this.#kernel = kernel
    this.#owner = owner
    this.#socket = socket
    this.ip = plainAddress(socket.remoteAddress)
    this.#data = kernel.traffic.data('s2s')
    this.#outlet = new Outlet(socket, {
      written: (characters) => this.#written(characters),
      drained: () => owner.drained(),
    })
    this.#parser = new StreamParser(
      {
        open: (header, defaultNs) => this.#opened(header, defaultNs),
        element: (element) => this.#element(element),
        close: () => owner.finished(),
      },
      limits,
    )
    this.#listen(socket)
  }

  get encrypted(): boolean {
    return this.#encrypted
  }

  /** The TLS connection, once there is one. */
  get tls(): TLSSocket | undefined {
    return this.#socket instanceof TLSSocket ? this.#socket : undefined
  }

  /** Bytes that wait to be looked at. */
  get buffered(): number {
    return this.#parser.buffered
  }

  /** Whether the other server takes what it is sent. */
  get hasRoom(): boolean {
    return this.#outlet.hasRoom
  }

  /** Characters that wait for the other server. */
  get waiting(): number {
    return this.#outlet.waiting
  }

  set limits(limits: StreamLimits) {
    this.#parser.limits = limits
  }

  /** Opens our stream. */
  open(attributes: Readonly<Record<string, string | undefined>>): void {
    const header = StreamHeader({ ...attributes, version: '1.0', 'xml:lang': 'en' })
    // XEP-0220 §2.1: who knows dialback binds its prefix
    const text = `${serializeHeader(header, SERVER_NS).slice(0, -1)} xmlns:db='jabber:server:dialback'>`
    this.#outlet.add(`<?xml version='1.0'?>${text}`)
  }

  /** Sends a child of the stream; `parcel` comes back from `undelivered` while it has not left. Returns the length of its text. */
  send(element: Element, parcel?: Parcel): number {
    const text = textOf(element)
    this.#outlet.add(text, parcel)
    return text.length
  }

  /** What was to be sent and has not left, oldest first. */
  undelivered(): Parcel[] {
    return this.#outlet.undelivered()
  }

  /** Says the error, if there is one, and ends the stream; the other server has some seconds to end its own. */
  close(error?: StreamError): void {
    if (this.#isClosing) return
    this.#isClosing = true
    if (this.#handshaking) return this.destroy(error?.condition ?? 'closed')
    if (error !== undefined) {
      this.#kernel.counters.streamErrors++
      this.#outlet.add(serializeInStream(error.toElement(), SERVER_NS))
    }
    this.#outlet.add('</stream:stream>')
    this.#parser.stop()
    this.#outlet.end()
    const timer = this.#kernel.timers.after(CLOSE_SECONDS, () => this.destroy(error?.condition ?? 'closed'))
    this.#socket.once('close', () => timer.cancel())
  }

  /** Drops the connection. */
  destroy(reason: string): void {
    this.#isClosing = true
    this.#parser.stop()
    this.#socket.destroy()
    this.#over(reason)
  }

  /** What follows is a new stream (RFC 6120 §4.3.3). */
  restart(): void {
    this.#parser.reset()
  }

  /** Hands nothing more out, and reads nothing more, until `resume`. */
  pause(): void {
    this.#parser.pause()
    this.hold()
  }

  resume(): void {
    try {
      if (!this.#isClosing) this.#parser.resume()
    } catch (error) {
      this.#owner.failed(error)
    }
    this.release()
  }

  /** Reads nothing more until `release`; calls are counted. */
  hold(): void {
    if (this.#holds++ === 0) this.#socket.pause()
  }

  release(): void {
    if (--this.#holds === 0) this.#socket.resume()
  }

  /** Goes over to TLS, as the one that was connected to. */
  acceptTls(options: TlsOptions): void {
    // Whether a certificate will do is for the owner to say, who also takes those that are for servers alone.
    const secure = overTls(this.#leavePlain(), options, {
      ready: () => this.#secured(),
      failed: (why) => this.destroy(why),
    })
    this.#move(secure)
  }

  /** Goes over to TLS, as the one that has connected; `isDirect`: from the first byte (XEP-0368 §4). */
  startTls({ context, serverName }: S2sClientTls, domain: string, isDirect: boolean): void {
    const name = serverName ?? nameOf(domain)
    const secure = connectTls({
      socket: this.#leavePlain(),
      secureContext: context(),
      rejectUnauthorized: false,
      ...(name !== '' && { servername: name }),
      ...(isDirect && { ALPNProtocols: ['xmpp-server'] }),
    })
    secure.once('secureConnect', () => this.#secured())
    this.#move(secure)
  }

  #secured(): void {
    this.#handshaking = false
    this.#owner.secured()
  }

  #leavePlain(): Socket {
    this.#outlet.flush()
    const plain = this.#socket
    plain.removeListener('data', this.#take)
    plain.removeListener('close', this.#closed)
    this.#handshaking = true
    return plain
  }

  #move(secure: TLSSocket): void {
    this.#socket = secure
    this.#encrypted = true
    this.#outlet.move(secure)
    this.#listen(secure)
  }

  #listen(socket: Socket): void {
    socket.on('data', this.#take)
    if (!this.encrypted) readIntoShared(socket, this.#takeShared)
    socket.on('end', () => this.#over('connection closed'))
    socket.on('error', (error) => this.destroy(error.message))
    socket.on('close', this.#closed)
  }

  readonly #closed = (): void => this.#over('connection closed')

  #over(reason: string): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#isClosing = true
    this.#parser.stop()
    if (!this.#socket.destroyed) this.#socket.end()
    this.#owner.gone(reason)
  }

  #opened(header: Element, defaultNs: string): void {
    // RFC 6120 §4.8.3: the content namespace of a server's stream
    if (header.name !== 'stream' || header.ns !== STREAMS_NS || defaultNs !== SERVER_NS)
      return this.#owner.failed(new StreamError('invalid-namespace'))
    const [to, from, id, version] = ['to', 'from', 'id', 'version'].map((name) => header.attr(name))
    this.#owner.opened({ to, from, id, version })
  }

  #element(element: Element): void {
    const bytes = this.#read - this.#parser.buffered - this.#counted
    this.#counted += bytes
    this.#owner.received(fromServer(element), bytes)
  }

  readonly #take = (chunk: Buffer): void => {
    if (this.#counts(chunk.length)) this.#parse(chunk)
  }

  /** The first bytes of memory that belongs to all connections. */
  readonly #takeShared = (memory: Buffer, count: number): void => {
    if (this.#counts(count)) this.#parse(memory, count)
  }

  /** Counts what came; false when nobody hears it any more. */
  #counts(bytes: number): boolean {
    if (this.#isClosing) {
      this.#ignored(bytes)
      return false
    }
    if (this.encrypted) this.#data.tlsIn.value += bytes
    else this.#data.tcpIn.value += bytes
    this.#kernel.counters.bytesIn += bytes
    this.#read += bytes
    return true
  }

  #parse(bytes: Buffer, lent?: number): void {
    try {
      this.#parser.write(bytes, lent)
    } catch (error) {
      this.#owner.failed(error)
    }
  }

  #ignored(bytes: number): void {
    this.#aftermath ??= new Aftermath(
      { hold: () => this.hold(), destroy: () => this.destroy('closed') },
      this.#kernel.timers,
    )
    this.#aftermath.heard(bytes)
  }

  #written(characters: number): void {
    this.#kernel.counters.bytesOut += characters
    if (this.encrypted) this.#data.tlsOut.value += characters
    else this.#data.tcpOut.value += characters
  }
}

/** RFC 6066 §3: the name to ask for; '' for an address, which is none. */
function nameOf(domain: string): string {
  const name = domainToAscii(domain) ?? ''
  return name.startsWith('[') || isIP(name) !== 0 ? '' : name
}
