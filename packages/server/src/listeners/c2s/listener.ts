import { type Server, type Socket, createServer } from 'node:net'
import { StreamError } from '@meerkat/protocol'
import type { Kernel } from '../../core/kernel.ts'
import { network } from '../../core/network.ts'
import type { Timer } from '../../core/timers.ts'
import { LoginStage } from './login.ts'
import type { C2sOptions } from './options.ts'
import type { Origin } from './proxy.ts'
import { ProxyGate } from './proxy-gate.ts'
import { ClientStream } from './stream.ts'
import { TcpWire } from './tcp-wire.ts'
import type { Receiver } from './wire.ts'

/** How often streams are looked at whose handlers do not settle. */
const WATCH_SECONDS = 30
/** How long a connection may be silent before the operating system asks whether the other end is still there. */
const KEEP_ALIVE_MS = 60_000

/** A listener for clients over TCP. */
export class C2sListener {
  readonly #kernel: Kernel
  readonly #options: C2sOptions
  readonly #server: Server
  /** Where connections wait for their PROXY header, on a listener where they begin with one. */
  readonly #gate: ProxyGate | undefined
  #watch: Timer | undefined
  readonly #streams = new Set<ClientStream>()
  /** How many connections of each address (of each network of one customer with IPv6) have not authenticated. */
  readonly #strangers = new Map<string, number>()

  constructor(kernel: Kernel, options: C2sOptions) {
    this.#kernel = kernel
    this.#options = options
    const { trustedProxy } = options
    this.#gate = trustedProxy && new ProxyGate(kernel, options, trustedProxy)
    const alive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
    this.#server = createServer(alive, (socket) => this.#accept(socket))
  }

  /** Starts to listen; resolves with the port. Rejects when the port is taken (R28). */
  listen(): Promise<number> {
    const { port, address, backlog } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ port, host: address, backlog }, () => {
        this.#server.off('error', reject)
        this.#watch = this.#kernel.timers.every(WATCH_SECONDS, () => {
          for (const stream of this.#streams) stream.endIfStuck()
        })
        // R23: out of file descriptors; what is connected goes on, and accepting goes on when there is room.
        this.#server.on('error', (error) => this.#kernel.report('listener_failed', error, { port }))
        const bound = this.#server.address()
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port)
      })
    })
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
    if (this.size >= this.#options.maxConnections) return this.#refuse(socket)
    if (this.#gate !== undefined) return this.#gate.enter(socket, this.#admitPaused)
    this.#admit(socket, { ip: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 })
  }

  readonly #admitPaused = (socket: Socket, origin: Origin): void => {
    this.#admit(socket, origin)
    // TLS from the first byte has the connection itself by now, and reads what was in front of it too.
    if (this.#options.tls?.mode !== 'tls') socket.resume()
  }

  #admit(socket: Socket, origin: Origin): void {
    const ip = network(origin.ip)
    const strangers = this.#strangers.get(ip) ?? 0
    if (strangers >= this.#options.maxUnauthenticatedPerIp) return this.#refuse(socket)
    this.#kernel.counters.connectionsAccepted++
    this.#strangers.set(ip, strangers + 1)
    const known = once(() => this.#recognised(ip))
    const wireTo = (receiver: Receiver) => new TcpWire(this.#kernel, this.#options, socket, origin, receiver)
    const stream = new ClientStream(this.#kernel, this.#options, wireTo, () => {
      known()
      this.#streams.delete(stream)
    })
    this.#streams.add(stream)
    stream.start(new LoginStage(stream, known))
  }

  #refuse(socket: Socket): void {
    this.#kernel.counters.connectionsRefused++
    socket.on('error', () => undefined)
    socket.destroy()
  }

  #recognised(ip: string): void {
    const rest = (this.#strangers.get(ip) ?? 1) - 1
    if (rest === 0) this.#strangers.delete(ip)
    else this.#strangers.set(ip, rest)
  }
}

function once(call: () => void): () => void {
  let done = false
  return () => {
    if (!done) call()
    done = true
  }
}
