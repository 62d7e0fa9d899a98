/** Listens for other servers. */
import { type Server, type Socket, createServer } from 'node:net'
import { StreamError } from '@meerkat/protocol'
import { listenOn } from '../listen.ts'
import { Strangers } from '../c2s/strangers.ts'
import type { Federation } from './federation.ts'
import { IncomingStream } from './incoming.ts'
import type { S2sListenerOptions } from './options.ts'

/** How long a connection may be silent before the operating system asks whether the other end is still there. */
const KEEP_ALIVE_MS = 60_000

/** A listener for other servers. */
export class S2sListener {
  readonly #federation: Federation
  readonly #options: S2sListenerOptions
  readonly #server: Server
  readonly #streams = new Set<IncomingStream>()
  readonly #strangers = new Strangers()

  constructor(federation: Federation, options: S2sListenerOptions) {
    this.#federation = federation
    this.#options = options
    const alive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
    this.#server = createServer(alive, (socket) => this.#accept(socket))
  }

  /** How many connections there are. */
  get size(): number {
    return this.#streams.size
  }

  /** Starts to listen; resolves with the port. Rejects when the port is taken (R28). */
  async listen(): Promise<number> {
    const { port } = this.#options
    const failed = (error: Error): void => this.#federation.kernel.report('listener_failed', error, { port })
    const bound = await listenOn(this.#server, this.#options, failed)
    return bound
  }

  /** Accepts no more, tells every server `system-shutdown`, and resolves when they are gone, at the latest after `seconds` (R20). */
  async close(seconds = 5): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const stream of this.#streams) stream.close(new StreamError('system-shutdown'))
    const late = setTimeout(() => {
      for (const stream of this.#streams) stream.destroy('the server stops')
    }, seconds * 1000)
    await closed
    clearTimeout(late)
  }

  #accept(socket: Socket): void {
    const { kernel } = this.#federation
    const ip = socket.remoteAddress ?? ''
    const { maxConnections, maxUnauthenticatedPerIp } = this.#options
    const isFull = this.#streams.size >= maxConnections || this.#strangers.from(ip) >= maxUnauthenticatedPerIp
    // R22, S9: there is no room for anybody, or not for one more of whom nothing is known
    if (isFull || !kernel.room.forOneMore()) {
      kernel.counters.connectionsRefused++
      socket.on('error', () => undefined)
      socket.destroy()
      return
    }
    kernel.counters.connectionsAccepted++
    const known = this.#strangers.add(ip)
    const stream = new IncomingStream(this.#federation, this.#options, socket, known, () => {
      known()
      this.#streams.delete(stream)
    })
    this.#streams.add(stream)
  }
}
