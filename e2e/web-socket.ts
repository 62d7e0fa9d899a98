/** XMPP over WebSocket as a browser speaks it, and frames that no browser sends. */
import { randomBytes } from 'node:crypto'
import { openRaw, type RawConnection } from '@meerkat/client/testing'
import { type Element, parseElement } from '@meerkat/xml'

/** Longest time that a message may take, in milliseconds. */
const PATIENCE = 10_000

export const FRAMING = 'urn:ietf:params:xml:ns:xmpp-framing'

/** The opening of a stream. */
export const openFrame = (to: string, more = ''): string =>
  `<open xmlns='${FRAMING}' to='${to}' version='1.0' ${more}/>`

/** How a WebSocket ended: RFC 6455 §7.4. */
export interface WebSocketEnd {
  readonly code: number
  readonly clean: boolean
}

/** A WebSocket whose messages are waited for one by one. */
export class Frames {
  /** The subprotocol that the server chose. */
  readonly protocol: string
  readonly ended: Promise<WebSocketEnd>
  readonly #socket: WebSocket
  readonly #messages: string[] = []
  #wake = (): void => {}
  #end: WebSocketEnd | undefined

  private constructor(socket: WebSocket) {
    this.#socket = socket
    this.protocol = socket.protocol
    socket.addEventListener('message', ({ data }) => {
      this.#messages.push(String(data))
      this.#wake()
    })
    this.ended = new Promise((resolve) =>
      socket.addEventListener('close', ({ code, wasClean }) => {
        this.#end = { code, clean: wasClean }
        this.#wake()
        resolve(this.#end)
      }),
    )
  }

  /** Connects; rejects when the server refuses. */
  static async connect(url: string, protocols: string | string[] = 'xmpp'): Promise<Frames> {
    const socket = new WebSocket(url, protocols)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', () => reject(new Error('the server refused the WebSocket')))
    })
    return new Frames(socket)
  }

  /** Sends one message. */
  send(message: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(message)
  }

  /** The next message. Rejects when the connection ends, or nothing comes for ten seconds. */
  async next(): Promise<string> {
    const late = Date.now() + PATIENCE
    while (this.#messages.length === 0) {
      if (this.#end !== undefined) throw new Error(`closed with ${this.#end.code} instead of a message`)
      if (Date.now() >= late) throw new Error('no message came')
      await this.#more()
    }
    return this.#messages.shift()!
  }

  /** The next message, as an element. */
  async element(): Promise<Element> {
    return parseElement(await this.next())
  }

  /** All messages up to the end. */
  async rest(): Promise<string[]> {
    await this.ended
    return this.#messages.splice(0)
  }

  /** Ends the WebSocket without ending the stream. */
  close(): void {
    this.#socket.close()
  }

  /** Opens the stream, logs in with PLAIN and opens it again. */
  async authenticate(domain: string, user: string, password: string): Promise<void> {
    this.send(openFrame(domain))
    await this.next()
    await this.next()
    const plain = Buffer.from(`\0${user}\0${password}`).toString('base64')
    this.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`)
    const answer = await this.next()
    if (!answer.startsWith('<success')) throw new Error(answer)
    this.send(openFrame(domain))
    await this.next()
    await this.next()
  }

  /** Authenticates and binds a resource; resolves with the full address. */
  async logIn(domain: string, user: string, password: string): Promise<string> {
    await this.authenticate(domain, user, password)
    this.send(`<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`)
    const bound = await this.next()
    return /<jid>([^<]+)<\/jid>/.exec(bound)![1]!
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PATIENCE)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** A connection on which the WebSocket handshake is done and nothing else (RFC 6455 §4). */
export async function rawWebSocket(host: string, port: number, path: string): Promise<RawConnection> {
  const raw = await openRaw({ host, port })
  raw.sendRaw(upgradeRequest(host, path))
  await raw.readUntil('\r\n\r\n')
  return raw
}

/** The request for a WebSocket, with more headers if wanted. */
export function upgradeRequest(host: string, path: string, headers = 'Sec-WebSocket-Protocol: xmpp\r\n'): string {
  const key = randomBytes(16).toString('base64')
  const usual = `Host: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
  return `GET ${path} HTTP/1.1\r\n${usual}Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n${headers}\r\n`
}

/** What may be odd about a frame. */
export interface FrameOptions {
  /** 1: text, 2: binary, 0: the continuation of a message, 9: ping. */
  readonly opcode?: number
  /** Whether the message ends here. */
  readonly fin?: boolean
  readonly masked?: boolean
  /** The length in the header; that of the payload unless given. */
  readonly length?: number
}

/** A frame (RFC 6455 §5.2). */
export function frame(payload: string | Buffer, options: FrameOptions = {}): Buffer {
  const { opcode = 1, fin = true, masked = true } = options
  const bytes = Buffer.from(payload)
  const { length = bytes.length } = options
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const header = Buffer.alloc(2 + extended)
  header[0] = (fin ? 0x80 : 0) | opcode
  header[1] = (masked ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127)
  if (extended === 2) header.writeUInt16BE(length, 2)
  if (extended === 8) header.writeBigUInt64BE(BigInt(length), 2)
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat(masked ? [header, Buffer.alloc(4), bytes] : [header, bytes])
}
