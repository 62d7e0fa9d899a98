/** A way to a service that a test can cut and slow down. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** Passes bytes between a port of its own and a service. */
export class DelayingProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** How long each piece that the service sends is held back, in milliseconds. */
  delayMs = 0
  port = 0

  private constructor(host: string, port: number) {
    this.#server = createServer((client) => this.#join(client, connect(port, host)))
  }

  /** A proxy on a port of its own. */
  static async open(host: string, port: number): Promise<DelayingProxy> {
    const proxy = new DelayingProxy(host, port)
    await proxy.listen()
    return proxy
  }

  /** Takes connections, again on the same port. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve))
    this.port = (this.#server.address() as AddressInfo).port
  }

  /** Refuses connections from now on, and cuts those there are. */
  refuse(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Ends, also when it refuses already. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise((resolve) => this.#server.once('close', resolve))
    this.refuse()
    await closed
  }

  #join(client: Socket, service: Socket): void {
    for (const [from, to] of [
      [client, service],
      [service, client],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => undefined)
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
    client.on('data', (piece) => void service.write(piece))
    service.on('data', (piece) => {
      if (this.delayMs === 0) client.write(piece)
      else setTimeout(() => client.write(piece), this.delayMs)
    })
  }
}
