/** Something between two servers that cuts their connections, or swallows what goes over them. */
import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'

/** One connection through it. */
interface Passage {
  readonly near: Socket
  readonly far: Socket
  swallows: 'nothing' | 'there' | 'back' | 'both'
  /** Bytes that have still to go there before it is dropped. */
  budget: number
}

/** A line on which the test has its hand. */
export class BadLine {
  readonly #server: Server
  readonly #passages = new Set<Passage>()
  #target = 0
  #budgets: number[] = []
  #cuts = 0

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (near) => this.#pass(near))
  }

  static async open(): Promise<BadLine> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new BadLine(server)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** How many connections were dropped because they had taken enough. */
  get cuts(): number {
    return this.#cuts
  }

  /** Leads to a port. */
  to(port: number): number {
    this.#target = port
    return this.port
  }

  /** Passes nothing on any more, over the present connections. */
  swallow(way: Passage['swallows']): void {
    for (const passage of this.#passages) passage.swallows = way
  }

  /** Drops the present connections. */
  cut(): void {
    for (const passage of this.#passages) this.#drop(passage)
  }

  /** Drops each of the next connections when it has taken so many bytes there. */
  cutBehind(...budgets: readonly number[]): void {
    this.#budgets = [...budgets]
  }

  close(): void {
    this.cut()
    this.#server.close()
  }

  #pass(near: Socket): void {
    const far = connect(this.#target, '127.0.0.1')
    const passage: Passage = { near, far, swallows: 'nothing', budget: this.#budgets.shift() ?? Infinity }
    this.#passages.add(passage)
    for (const socket of [near, far]) {
      socket.on('error', () => undefined)
      socket.once('close', () => this.#drop(passage))
    }
    near.on('data', (chunk: Buffer) => {
      const part = chunk.subarray(0, passage.budget)
      if (passage.swallows === 'nothing' || passage.swallows === 'back') far.write(part)
      passage.budget -= part.length
      if (passage.budget > 0) return
      this.#cuts++
      // What was let through arrives; what is said about it does not.
      far.end()
      near.destroy()
    })
    far.on('data', (chunk) => {
      if (passage.swallows === 'nothing' || passage.swallows === 'there') near.write(chunk)
    })
  }

  #drop(passage: Passage): void {
    this.#passages.delete(passage)
    passage.near.destroy()
    passage.far.destroy()
  }
}
