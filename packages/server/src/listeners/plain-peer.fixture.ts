/** The other end of a listener in tests: a plain socket, on which it says what the test wants and keeps what it hears. */
import type { Socket } from 'node:net'

/** One connection. */
export class PlainPeer {
  socket: Socket
  /** All that the server has said. */
  heard = ''
  closed = false
  #told = Promise.withResolvers<void>()

  constructor(socket: Socket) {
    this.socket = socket
    this.#listen()
  }

  say(words: string): this {
    this.socket.write(words)
    return this
  }

  /** Resolves when the server has said what the expression matches; rejects when it has gone without that. */
  async hears(what: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = what.exec(this.heard)
      if (found !== null) return found
      if (this.closed) throw new Error(`closed after ${this.heard}`)
      await this.#told.promise
    }
  }

  /** Resolves with all that it has heard, when the server has gone. */
  async ends(): Promise<string> {
    while (!this.closed) await this.#told.promise
    return this.heard
  }

  /** Goes on over a TLS socket, once that is ready. */
  protected async goOver(secure: Socket): Promise<void> {
    this.socket.removeAllListeners('data')
    this.socket.removeAllListeners('close')
    this.socket = secure
    this.heard = ''
    this.#listen()
    await new Promise((resolve) => this.socket.once('secureConnect', resolve))
  }

  #listen(): void {
    this.socket.setEncoding('utf8').on('data', (text: string) => {
      this.heard += text
      this.#tell()
    })
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => {
      this.closed = true
      this.#tell()
    })
  }

  #tell(): void {
    this.#told.resolve()
    this.#told = Promise.withResolvers()
  }
}
