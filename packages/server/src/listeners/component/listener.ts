/** A listener for components (XEP-0114). */
import { type Server, type Socket, createServer } from 'node:net'
import { COMPONENT_NS, StreamError } from '@meerkat/protocol'
import { listenOn } from '../listen.ts'
import type { Kernel } from '../../core/kernel.ts'
import type { Timer } from '../../core/timers.ts'
import { plainAddress } from '../../core/network.ts'
import type { Origin } from '../c2s/proxy.ts'
import { ProxyGate } from '../c2s/proxy-gate.ts'
import { Strangers } from '../c2s/strangers.ts'
import { type Dialect, TcpWire, type WireOptions } from '../c2s/tcp-wire.ts'
import type { Components } from './components.ts'
import type { ComponentOptions } from './options.ts'
import { ComponentStream } from './stream.ts'

/** How often streams are looked at that do not move on. */
const WATCH_SECONDS = 30
/** How long a connection may be silent before the operating system asks whether the other end is still there. */
const KEEP_ALIVE_MS = 60_000

const DIALECT: Dialect = { ns: COMPONENT_NS, version: undefined, traffic: 'component' }

/** One `[[listen.component]]`. */
export class ComponentListener {
  readonly #kernel: Kernel
  readonly #components: Components
  readonly #options: ComponentOptions
  readonly #wireOptions: WireOptions
  readonly #server: Server
  /** Where connections wait for their PROXY header, on a listener where they begin with one. */
  readonly #gate: ProxyGate | undefined
  readonly #streams = new Set<ComponentStream>()
  readonly #strangers = new Strangers()
  #watch: Timer | undefined

  constructor(kernel: Kernel, components: Components, options: ComponentOptions) {
    this.#kernel = kernel
    this.#components = components
    this.#options = options
    // The stream itself refuses what there is no room for; answers and errors go beyond that, and not far.
    const { tls, beforeLogin, outboundBytes, outboundStanzas } = options
    this.#wireOptions = {
      tls,
      beforeLogin,
      outboundBytes: outboundBytes * 2,
      outboundStanzas: outboundStanzas * 2,
    }
    const { trustedProxy } = options
    this.#gate = trustedProxy && new ProxyGate(kernel, options, trustedProxy)
    const alive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
    this.#server = createServer(alive, (socket) => this.#accept(socket))
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

  /** Accepts no more, tells every component `system-shutdown`, and resolves when they are gone, at the latest after `seconds` (R20). */
  async close(seconds = 5): Promise<void> {
    this.#watch?.cancel()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#gate?.close()
    for (const stream of this.#streams) stream.close(new StreamError('system-shutdown'))
    const late = setTimeout(() => {
      for (const stream of this.#streams) stream.overflowed()
    }, seconds * 1000)
    await closed
    clearTimeout(late)
  }

  #accept(socket: Socket): void {
    const isFull = this.#streams.size + (this.#gate?.size ?? 0) >= this.#options.maxConnections
    if (isFull || !this.#kernel.room.forOneMore()) return this.#refuse(socket)
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
    const stream = new ComponentStream(
      {
        kernel: this.#kernel,
        options: this.#options,
        components: this.#components,
        known,
        gone: () => {
          known()
          this.#streams.delete(stream)
        },
      },
      (receiver) => new TcpWire(this.#kernel, this.#wireOptions, socket, origin, receiver, DIALECT),
    )
    this.#streams.add(stream)
  }

  #refuse(socket: Socket): void {
    this.#kernel.counters.connectionsRefused++
    socket.on('error', () => undefined)
    socket.destroy()
  }
}
