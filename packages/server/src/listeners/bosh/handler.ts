/** BOSH on an HTTP listener: one body a request (XEP-0124 §5), for pages of any site that may come (CORS). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import { BoshBody } from '@meerkat/protocol'
import { type Element, parseElement } from '@meerkat/xml'
import { plainAddress } from '../../core/network.ts'
import type { C2sOptions } from '../c2s/options.ts'
import type { HttpMount } from '../http/index.ts'
import { type TerminalCondition, numberOf, terminalBody } from './body.ts'
import { Reply, type ReplyHeaders } from './reply.ts'
import type { BoshTerms } from './request.ts'
import type { BoshService } from './service.ts'

/** How a handler behaves. */
export interface BoshOptions {
  readonly host: string
  readonly path: string
  readonly stream: C2sOptions
  /** The web sites whose pages may connect, as `Origin` has them; empty: all. */
  readonly origins: readonly string[]
}

/** Bytes that a body may have besides a stanza. */
const WRAPPER = 1024

/** XEP-0124: the newest minor version of 1 that is spoken here. */
const MINOR = 11

/** Seconds that a client's request is held when it does not say. */
const USUAL_WAIT = 60

/** Seconds that a request is held at most. */
const MOST_WAIT = 3600

/** Serves the sessions of a service at one place. */
export class BoshHandler implements HttpMount {
  readonly host: string
  readonly path: string
  readonly #service: BoshService
  readonly #options: BoshOptions
  readonly #most: number

  constructor(service: BoshService, options: BoshOptions) {
    this.host = options.host
    this.path = options.path
    this.#service = service
    this.#options = options
    this.#most = options.stream.afterLogin.stanzaBytes + WRAPPER
  }

  /** Answers one HTTP request, perhaps later. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const { origin } = request.headers
    const { origins } = this.#options
    // S23: pages of other sites may not come
    if (origin !== undefined && origins.length > 0 && !origins.includes(origin.toLowerCase()))
      return refuse(response, 403, {}, 'This site may not connect.')
    const headers: ReplyHeaders = { 'access-control-allow-origin': origin ?? '*', vary: 'origin' }
    switch (request.method ?? '') {
      case 'POST':
        return this.#post(request, response, headers)
      case 'OPTIONS':
        response.writeHead(200, { ...headers, ...PREFLIGHT, 'content-length': 0 }).end()
        return
      case 'GET':
        return refuse(response, 200, headers, 'This is an XMPP connection manager (XEP-0124). Use POST.')
      default:
        return refuse(response, 405, { ...headers, allow: METHODS }, 'Use POST request method')
    }
  }

  #post(request: IncomingMessage, response: ServerResponse, headers: ReplyHeaders): void {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      // S24: no more is kept than a body may have
      if (length <= this.#most) chunks.push(chunk)
      else if (!response.headersSent)
        refuse(response, 413, { ...headers, connection: 'close' }, 'The body is too large.')
    })
    request.on('end', () => {
      if (response.headersSent) return
      if (length === 0) return refuse(response, 400, headers, 'There is no body.')
      this.#body(Buffer.concat(chunks), request, new Reply(response, headers))
    })
  }

  #body(bytes: Buffer, request: IncomingMessage, reply: Reply): void {
    const body = parsed(bytes, this.#options.stream)
    const rid = body === undefined ? undefined : numberOf(body, 'rid')
    if (body === undefined || rid === undefined || Number.isNaN(rid)) return reply.send(terminalBody('bad-request'))
    const taken = { rid, body, bytes: bytes.length, reply }
    const sid = body.attr('sid')
    if (sid === undefined && !this.#service.hasRoom()) return reply.unavailable()
    const encrypted = request.socket instanceof TLSSocket
    if (sid === undefined) {
      const terms =
        bytes.length > this.#options.stream.beforeLogin.stanzaBytes + WRAPPER
          ? 'policy-violation'
          : this.#terms(body, request)
      if (typeof terms === 'string') return reply.send(terminalBody(terms))
      const { socket } = request
      const origin = { ip: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0, encrypted, socket }
      return this.#service.begin(this.#options.stream, terms, origin, taken)
    }
    const session = this.#service.find(sid)
    if (session === undefined) return reply.send(terminalBody('item-not-found'))
    // XEP-0124 §19.1: a session that began over TLS does not go on without, nor does it end by that
    if (session.encrypted && !encrypted) return void request.socket.destroy()
    if (bytes.length > session.limits.stanzaBytes + WRAPPER) return session.refuse(reply, 'policy-violation')
    session.take(taken)
  }

  /** XEP-0124 §7: what the client wishes, within what it may. */
  #terms(body: Element, { socket }: IncomingMessage): BoshTerms | TerminalCondition {
    const { inactivity, max_wait: maxWait, max_pause: maxPause, server_acks: acks } = this.#service.settings
    const wait = numberOf(body, 'wait') ?? USUAL_WAIT
    const hold = numberOf(body, 'hold') ?? 1
    if (Number.isNaN(wait) || Number.isNaN(hold)) return 'bad-request'
    const to = body.attr('to')
    if (to === undefined || to === '') return 'improper-addressing'
    if (!this.#service.serves(to)) return 'host-unknown'
    if (this.#service.isFull(plainAddress(socket.remoteAddress), this.#options.stream)) return 'policy-violation'
    // With nothing to wait for nothing is held.
    const held = wait === 0 ? 0 : Math.min(hold, 1)
    return { wait: Math.min(wait, maxWait, MOST_WAIT), hold: held, ver: versionFor(body), inactivity, maxPause, acks }
  }
}

const METHODS = 'POST, OPTIONS, GET'

const PREFLIGHT = {
  'access-control-allow-methods': METHODS,
  'access-control-allow-headers': 'content-type',
  'access-control-max-age': '1728000',
}

function refuse(response: ServerResponse, status: number, headers: ReplyHeaders, text: string): void {
  const bytes = Buffer.from(text)
  const all = { ...headers, 'content-type': 'text/plain; charset=utf-8', 'content-length': bytes.length }
  response.writeHead(status, all).end(bytes)
}

function parsed(bytes: Buffer, { afterLogin }: C2sOptions): Element | undefined {
  try {
    const body = parseElement(bytes, {
      ...afterLogin,
      stanzaBytes: afterLogin.stanzaBytes + WRAPPER,
      depth: afterLogin.depth + 1,
    })
    return BoshBody.is(body) ? body : undefined
  } catch {
    // What is wrong with it is not told: the client's library has a fault that no user can mend.
    return undefined
  }
}

/** XEP-0124 §7.2: the highest version that both know. */
function versionFor(body: Element): string {
  const minor = /^1\.(\d{1,3})$/.exec(body.attr('ver') ?? '')?.[1]
  return `1.${Math.min(minor === undefined ? MINOR : Number(minor), MINOR)}`
}
