/** As much of an IRC server (RFC 2812) as a gateway needs to join a channel and talk there. */
import { type Server, type Socket, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { Change } from '../../e2e/waiting.ts'

/** A server with one channel for everybody. */
export class IrcServer {
  /** What was said in channels: `nick: text`. */
  readonly said: string[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #change = new Change()

  private constructor() {
    this.#server = createServer((socket) => this.#accept(socket))
  }

  /** Listens where gateways look for IRC without TLS. */
  static async listen(address: string, port = 6667): Promise<IrcServer> {
    const irc = new IrcServer()
    await new Promise<void>((resolve, reject) => {
      irc.#server.once('error', reject).listen(port, address, () => resolve())
    })
    return irc
  }

  /** Says something to everybody in a channel. */
  say(nick: string, channel: string, text: string): void {
    for (const socket of this.#sockets) socket.write(`:${nick}!${nick}@irc PRIVMSG ${channel} :${text}\r\n`)
  }

  /** Resolves when somebody has said this. */
  async hears(line: string): Promise<void> {
    await this.#change.until(
      () => this.said.includes(line) || undefined,
      () => `nobody has said ${line}, but ${JSON.stringify(this.said)}`,
    )
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket))
    let nick = ''
    const send = (line: string): void => void socket.write(`${line}\r\n`)
    createInterface(socket).on('line', (line) => {
      const [head = '', ...rest] = line.split(' :')
      const [command = '', first = ''] = head.split(' ')
      const text = rest.join(' :')
      if (command === 'NICK') nick = first
      else if (command === 'USER') {
        send(`:irc 001 ${nick} :Welcome`)
        send(`:irc 376 ${nick} :End of MOTD`)
      } else if (command === 'QUIT') socket.end()
      else if (command === 'PING') send(`:irc PONG irc :${text === '' ? first : text}`)
      else if (command === 'JOIN') {
        send(`:${nick}!${nick}@irc JOIN ${first}`)
        send(`:irc 353 ${nick} = ${first} :${nick} robot`)
        send(`:irc 366 ${nick} ${first} :End of NAMES`)
      } else if (command === 'PRIVMSG') {
        this.said.push(`${nick}: ${text}`)
        this.#change.happened()
      }
    })
  }
}
