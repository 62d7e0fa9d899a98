/** XMPP over WebSocket on an HTTP listener (RFC 7395). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Kernel } from '../../core/kernel.ts'
import { plainAddress } from '../../core/network.ts'
import type { C2sOptions } from '../c2s/options.ts'
import { Streams } from '../c2s/streams.ts'
import type { HttpMount } from '../http/index.ts'
import { type Heartbeat, WebSocketWire } from './websocket-wire.ts'

/** How WebSockets are taken. */
export interface WebSocketOptions extends Heartbeat {
  readonly host: string
  readonly path: string
  readonly stream: C2sOptions
  /** The web sites whose pages may connect, as `Origin` has them; empty: all. */
  readonly origins: readonly string[]
}

/** RFC 7395 §3.1: the name of the protocol in the WebSocket handshake. */
const PROTOCOL = 'xmpp'

/** The largest message where stanzas have no limit. */
const MOST_BYTES = 134_217_728

/** Takes WebSockets of clients. */
export class WebSocketListener implements HttpMount {
  readonly host: string
  readonly path: string
  readonly #kernel: Kernel
  readonly #options: WebSocketOptions
  readonly #streams: Streams
  readonly #server: WebSocketServer

  constructor(kernel: Kernel, options: WebSocketOptions) {
    this.host = options.host
    this.path = options.path
    this.#kernel = kernel
    this.#options = options
    this.#streams = new Streams(kernel)
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: Math.min(options.stream.afterLogin.stanzaBytes, MOST_BYTES),
      handleProtocols: () => PROTOCOL,
    })
  }

  /** How many connections there are. */
  get size(): number {
    return this.#streams.size
  }

  /** Without a wish for WebSocket there is nothing here (RFC 9110 §15.5.22). */
  handle(_request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(426, { upgrade: 'websocket', connection: 'upgrade', 'content-length': 0 }).end()
  }

  /** Takes a connection whose client asks for a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusal(request)
    if (refusal !== undefined) {
      this.#kernel.counters.connectionsRefused++
      socket.on('error', () => undefined)
      socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const below = socket as Socket
    const { stream } = this.#options
    this.#server.handleUpgrade(request, socket, head, (upgraded) =>
      this.#streams.add(
        stream,
        (receiver) => new WebSocketWire(this.#kernel, stream, { socket: upgraded, below }, this.#options, receiver),
      ),
    )
  }

  /** Tells every client `system-shutdown`, and resolves when they are gone (R20). */
  close(): Promise<void> {
    return this.#streams.close()
  }

  #refusal(request: IncomingMessage): string | undefined {
    const { origin, 'sec-websocket-protocol': protocols } = request.headers
    const { origins } = this.#options
    // S23: pages of other sites connect with the visitor's address, and perhaps from within its network
    if (origin !== undefined && origins.length > 0 && !origins.includes(origin.toLowerCase())) return '403 Forbidden'
    // RFC 7395 §3.1 wants the name; a client that asks for nothing gets XMPP all the same, as in MongooseIM.
    if (protocols !== undefined && !protocols.split(',').some((name) => name.trim() === PROTOCOL))
      return '400 Bad Request'
    // S9: only so many who have not authenticated
    if (!this.#streams.welcomes(plainAddress(request.socket.remoteAddress), this.#options.stream))
      return '429 Too Many Requests'
    return this.#streams.closing || !this.#kernel.room.forOneMore() ? '503 Service Unavailable' : undefined
  }
}
