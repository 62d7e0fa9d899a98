/** A network that breaks after so many bytes. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'

/** Whose bytes are counted. */
export type Direction = 'client' | 'server'

/** Passes one connection on to a server, until one side has sent so many bytes. */
export class Cutter {
  readonly #server: Server
  readonly #direction: Direction
  readonly #limit: number
  readonly #sockets: Socket[] = []
  /** How many bytes each side has sent. */
  readonly bytes: Record<Direction, number> = { client: 0, server: 0 }
  /** Whether the connection was cut. */
  cut = false

  private constructor(target: number, direction: Direction, limit: number) {
    this.#direction = direction
    this.#limit = limit
    this.#server = createServer((client) => this.#join(client, connect(target, '127.0.0.1')))
  }

  /** A network on a port of its own; `limit` may be Infinity. */
  static async open(target: number, direction: Direction, limit: number): Promise<Cutter> {
    const cutter = new Cutter(target, direction, limit)
    cutter.#server.listen(0, '127.0.0.1')
    await once(cutter.#server, 'listening')
    return cutter
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Ends it, and the connection. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#destroy()
    await closed
  }

  #join(client: Socket, server: Socket): void {
    this.#sockets.push(client, server)
    this.#pass('client', client, server)
    this.#pass('server', server, client)
    // Nothing has been sent yet, and nothing will be.
    if (this.#limit === 0) this.#break()
  }

  #pass(direction: Direction, from: Socket, to: Socket): void {
    from.on('error', () => undefined)
    from.on('close', () => to.destroySoon())
    from.on('data', (piece: Buffer) => {
      if (this.cut) return
      const left = direction === this.#direction ? this.#limit - this.bytes[direction] : Infinity
      this.bytes[direction] += Math.min(piece.length, left)
      if (piece.length < left) to.write(piece)
      else this.#break(() => to.write(piece.subarray(0, left), () => this.#destroy()))
    })
  }

  #break(last: () => void = () => this.#destroy()): void {
    this.cut = true
    last()
  }

  #destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
