import { type Server, type Socket, createServer } from 'node:net'
import { StreamError } from '@meerkat/protocol'
import { listenOn } from '../listen.ts'
import type { Kernel } from '../../core/kernel.ts'
import type { Timer } from '../../core/timers.ts'
import { plainAddress } from '../../core/network.ts'
import { LoginStage } from './login.ts'
import type { C2sOptions } from './options.ts'
import type { Origin } from './proxy.ts'
import { ProxyGate } from './proxy-gate.ts'
import { ClientStream } from './stream.ts'
import { Strangers } from './strangers.ts'
import { TcpWire, refusalText } from './tcp-wire.ts'
import type { Receiver } from './wire.ts'

/** How often streams are looked at whose handlers do not settle. */
const WATCH_SECONDS = 30
/** How long a connection may be silent before the operating system asks whether the other end is still there. */
const KEEP_ALIVE_MS = 60_000
/** How many clients that are turned away may be told so at once, and how long each has to read it. */
const MOST_LEAVING = 100
const LEAVE_SECONDS = 1

/** A listener for clients over TCP. */
export class C2sListener {
  readonly #kernel: Kernel
  readonly #options: C2sOptions
  readonly #server: Server
  /** Where connections wait for their PROXY header, on a listener where they begin with one. */
  readonly #gate: ProxyGate | undefined
  #watch: Timer | undefined
  /** How many connections that were turned away are still there. */
  #leaving = 0
  readonly #streams = new Set<ClientStream>()
  readonly #strangers = new Strangers()

  constructor(kernel: Kernel, options: C2sOptions) {
    this.#kernel = kernel
    this.#options = options
    const { trustedProxy } = options
    this.#gate = trustedProxy && new ProxyGate(kernel, options, trustedProxy)
    const alive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
    // Whose client has ended its side is ended by its wire, in a turn that has time for it: Node would end all of them at once.
    this.#server = createServer({ ...alive, allowHalfOpen: true }, (socket) => this.#accept(socket))
  }

  /** Starts to listen; resolves with the port. Rejects when the port is taken (R28). */
  async listen(): Promise<number> {
    const { port } = this.#options
    const failed = (error: Error): void => this.#kernel.report('listener_failed', error, { port })
    const bound = await listenOn(this.#server, this.#options, failed)
    this.#watch = this.#kernel.timers.every(WATCH_SECONDS, () => {
      for (const stream of this.#streams) stream.endIfStuck()
    })
    return bound
  }

  /** How many connections there are. */
  get size(): number {
    return this.#streams.size + (this.#gate?.size ?? 0)
  }

  /** Accepts no more, tells every client `system-shutdown`, and resolves when they are gone, at the latest after `seconds` (R20). */
  async close(seconds = 5): Promise<void> {
    this.#watch?.cancel()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#gate?.close()
    for (const stream of this.#streams) stream.close(new StreamError('system-shutdown'))
    const late = setTimeout(() => this.#destroyAll(), seconds * 1000)
    await closed
    clearTimeout(late)
  }

  #destroyAll(): void {
    for (const stream of this.#streams) stream.destroy('the server stops')
  }

  #accept(socket: Socket): void {
    if (!this.#kernel.room.forOneMore()) return this.#turnAway(socket)
    if (this.size >= this.#options.maxConnections) return this.#refuse(socket)
    if (this.#gate !== undefined) return this.#gate.enter(socket, this.#admitPaused)
    this.#admit(socket, { ip: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 })
  }

  readonly #admitPaused = (socket: Socket, origin: Origin): void => {
    this.#admit(socket, origin)
    // TLS from the first byte has the connection itself by now, and reads what was in front of it too.
    if (this.#options.tls?.mode !== 'tls') socket.resume()
  }

  #admit(socket: Socket, origin: Origin): void {
    if (this.#strangers.from(origin.ip) >= this.#options.maxUnauthenticatedPerIp) return this.#refuse(socket)
    this.#kernel.counters.connectionsAccepted++
    const known = this.#strangers.add(origin.ip)
    const stream = this.#streamOver(this.#wireOver(socket, origin), known)
    this.#streams.add(stream)
    stream.start(new LoginStage(stream, known))
  }

  // In functions of their own: what a stream keeps for its end does not keep everything of its beginning, too.

  #wireOver(socket: Socket, origin: Origin): (receiver: Receiver) => TcpWire {
    return (receiver) => new TcpWire(this.#kernel, this.#options, socket, origin, receiver)
  }

  #streamOver(wireTo: (receiver: Receiver) => TcpWire, known: () => void): ClientStream {
    const stream = new ClientStream(this.#kernel, this.#options, wireTo, () => {
      known()
      this.#streams.delete(stream)
    })
    return stream
  }

  /** R22: says why, where that costs no TLS handshake, and nobody waits for the client for long. */
  #turnAway(socket: Socket): void {
    const { tls, defaultDomain, hideServiceName } = this.#options
    if (tls?.mode === 'tls' || hideServiceName || this.#leaving >= MOST_LEAVING) return this.#refuse(socket)
    this.#kernel.counters.connectionsRefused++
    this.#kernel.counters.streamErrors++
    this.#leaving++
    socket.on('error', () => undefined)
    socket.on('close', () => this.#leaving--)
    socket.end(refusalText(defaultDomain, new StreamError('resource-constraint')))
    socket.resume()
    this.#kernel.timers.after(LEAVE_SECONDS, () => socket.destroy())
  }

  #refuse(socket: Socket): void {
    this.#kernel.counters.connectionsRefused++
    socket.on('error', () => undefined)
    socket.destroy()
  }
}
