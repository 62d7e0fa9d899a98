/** A TCP connection that can be cut without a word to either side: a relay on a port of its own. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Lays cables to one place. */
export class Cable {
  readonly #server: Server
  readonly #ends = new Set<Socket>()
  #isCut = false

  /** Nobody can connect before `laid`. */
  constructor(host: string, port: number) {
    this.#server = createServer((near) => {
      if (this.#isCut) return void near.destroy()
      const far = connect(port, host)
      this.#join(near, far)
      this.#join(far, near)
    })
  }

  /** Resolves with the port of the near end, on 127.0.0.1. */
  async laid(): Promise<number> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  /** Breaks what is connected; nothing gets through before `mend`. */
  cut(): void {
    this.#isCut = true
    for (const end of this.#ends) end.destroy()
  }

  /** Lets connections through again. */
  mend(): void {
    this.#isCut = false
  }

  /** Takes it away. */
  remove(): void {
    this.cut()
    this.#server.close()
  }

  #join(from: Socket, to: Socket): void {
    this.#ends.add(from)
    from.on('error', () => undefined)
    from.on('close', () => {
      this.#ends.delete(from)
      to.destroy()
    })
    from.pipe(to)
  }
}
