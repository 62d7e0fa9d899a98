/** A way to a server that a test can slow down, cut and block. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** Passes bytes between its own port and a server's. */
export class TcpProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** How long each piece that the server sends is held back, in milliseconds; Infinity swallows it. */
  delayMs = 0
  /** Called for each piece that a client sends, before it is passed on. */
  onSent: (piece: Buffer) => void = () => undefined
  /** Called for each piece that the server sends, before it is passed on. */
  onReceived: (piece: Buffer) => void = () => undefined
  /** The connections that were made. */
  accepted = 0
  port = 0

  private constructor(target: number) {
    this.#server = createServer((client) => this.#join(client, connect(target, '127.0.0.1')))
  }

  /** A proxy on a port of its own. */
  static async open(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    await proxy.listen()
    return proxy
  }

  /** Takes connections, again on the same port. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve))
    this.port = (this.#server.address() as AddressInfo).port
  }

  /** Refuses connections from now on, and cuts those there are. */
  async refuse(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut()
    await closed
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.refuse()
  }

  #join(client: Socket, server: Socket): void {
    this.accepted++
    this.#guard(client, server)
    this.#guard(server, client)
    client.on('data', (piece: Buffer) => {
      this.onSent(piece)
      server.write(piece)
    })
    server.on('data', (piece: Buffer) => {
      this.onReceived(piece)
      if (this.delayMs === 0) client.write(piece)
      else if (this.delayMs !== Infinity) setTimeout(() => client.write(piece), this.delayMs)
    })
  }

  #guard(socket: Socket, other: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      other.destroy()
    })
  }
}
