/** An HTTP listener: one section `[[listen.http]]`, with bounds on everything a client can make it hold. */
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import { type AddressInfo, type Server as NetServer, type Socket, createServer as createNetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { type SecureContext, TLSSocket } from 'node:tls'
import { type Log, errorText } from '../../core/log.ts'
import { isTrusted } from '../certificates/accepted.ts'
import { type HttpMount, Mounts } from './mounts.ts'

/** Not imported: that would have Node load fetch, WebSocket and HTTP/2, whose names are among those of `node:http`, 3 MB. */
const { createServer } = process.getBuiltinModule('node:http')

/** TLS of an HTTP listener. */
export interface HttpTls {
  /** The present certificate and key; asked for each handshake, so that a replaced file is used without a restart. */
  readonly context: () => SecureContext
  /** Asks clients for a certificate. */
  readonly requestCertificate?: boolean
  /** Takes a certificate that is signed by itself, too. */
  readonly allowSelfSigned?: boolean
  /** Refuses clients whose certificate is missing or not taken. */
  readonly rejectUnauthorized?: boolean
}

/** How an HTTP listener behaves. */
export interface HttpOptions {
  /** 0 lets the operating system choose. */
  readonly port: number
  /** Undefined: all addresses. */
  readonly address: string | undefined
  readonly tls?: HttpTls | undefined
  readonly maxConnections?: number
  readonly mounts: readonly HttpMount[]
  readonly log: Log
  /** The `Server` header. */
  readonly serverName?: string
  /** Compresses answers for clients that can read it. */
  readonly compress?: boolean
}

/** A listener that is open. */
export interface HttpListener {
  readonly port: number
  /** Stops accepting, ends idle connections at once and the others after their answer, or after `graceMs`. */
  close(graceMs?: number): Promise<void>
}

/** Bytes and milliseconds that one connection may take; BOSH and event streams lengthen the idle time of their own. */
const LIMITS = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 5000,
  handshakeTimeout: 10_000,
  idleTimeout: 300_000,
  maxHeadersCount: 100,
}

/** Opens the listener; rejects when the address cannot be listened on. */
export async function openHttpListener(options: HttpOptions): Promise<HttpListener> {
  const http = httpServer(options, await responses(options))
  const front = options.tls === undefined ? http : tlsFront(http, options.tls)
  front.maxConnections = Math.min(options.maxConnections ?? 1024, Number.MAX_SAFE_INTEGER)
  await listening(front, () => front.listen({ port: options.port, ...(options.address && { host: options.address }) }))
  // Node watches over the time that connections take from this event on, and only the front listens.
  if (front !== http) http.emit('listening')
  return {
    port: (front.address() as AddressInfo).port,
    close: (graceMs = 1000) => close(front, http, graceMs),
  }
}

/** The kind of answers, loaded when it is wanted. */
async function responses({ compress }: HttpOptions): Promise<Pick<ServerOptions, 'ServerResponse'>> {
  if (compress !== true) return {}
  const { CompressedResponse } = await import('./compressed.ts')
  return { ServerResponse: CompressedResponse }
}

/** Resolves when `listen` has opened the server; rejects when it could not. */
export function listening(server: NetServer, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    listen()
  })
}

/** The HTTP server behind a listener or a control socket. */
export function httpServer(
  options: Pick<HttpOptions, 'mounts' | 'log' | 'serverName'>,
  responses: Pick<ServerOptions, 'ServerResponse'> = {},
): Server {
  const mounts = new Mounts(options.mounts)
  const name = options.serverName ?? 'Meerkat'
  const server = createServer({ ...LIMITS, ...responses }, (request, response) => {
    response.setHeader('server', name)
    const mount = mounts.find(request)
    if (isPatient && mount?.patient !== true) hurry(request)
    answer(mount, request, response, options.log)
  })
  // Node knows one time for all requests; where one mount has its own, the others' is kept here.
  const isPatient = options.mounts.some(({ patient }) => patient === true)
  if (isPatient) server.requestTimeout = 0
  server.maxHeadersCount = LIMITS.maxHeadersCount
  server.setTimeout(LIMITS.idleTimeout)
  server.on('clientError', refuse)
  if (options.mounts.some((mount) => mount.upgrade !== undefined))
    server.on('upgrade', (request, socket, head) => upgrade(mounts.find(request), request, socket, head))
  return server
}

/** Ends a request whose body does not come in time. */
function hurry(request: IncomingMessage): void {
  const late = setTimeout(() => request.destroy(), LIMITS.requestTimeout)
  const done = (): void => clearTimeout(late)
  request.once('end', done).once('close', done)
}

function answer(mount: HttpMount | undefined, request: IncomingMessage, response: ServerResponse, log: Log): void {
  if (mount === undefined) {
    response.writeHead(404, { 'content-length': 0 }).end()
    return
  }
  try {
    mount.handle(request, response)
  } catch (error) {
    log.error({ what: 'http_handler_failed', path: mount.path, error: errorText(error) })
    if (!response.headersSent) response.writeHead(500, { 'content-length': 0 })
    response.end()
  }
}

function upgrade(mount: HttpMount | undefined, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  if (mount?.upgrade !== undefined) return mount.upgrade(request, socket, head)
  const status = mount === undefined ? '404 Not Found' : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

/** What is no HTTP, or too slow or too big: told if the client still listens, then closed. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy())
}

/** Accepts TLS connections for an HTTP server; each handshake uses the certificate of that moment. */
function tlsFront(http: Server, tls: HttpTls): NetServer {
  return createNetServer((socket: Socket) => {
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: tls.context(),
      requestCert: tls.requestCertificate ?? false,
      rejectUnauthorized: tls.rejectUnauthorized ?? false,
      ALPNProtocols: ['http/1.1'],
    })
    const drop = () => secure.destroy()
    secure.setTimeout(LIMITS.handshakeTimeout, drop)
    secure.once('error', drop)
    secure.once('secure', () => {
      secure.authorized = isTrusted(secure, tls.allowSelfSigned)
      if (tls.rejectUnauthorized === true && !secure.authorized) return void drop()
      secure.setTimeout(0)
      http.emit('connection', secure)
    })
    socket.once('error', drop)
  })
}

async function close(front: NetServer, http: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => front.close(() => resolve()))
  // It never listened itself; closing it ends its watch over connections.
  if (front !== http) http.close(() => undefined)
  http.closeIdleConnections()
  const late = setTimeout(() => http.closeAllConnections(), graceMs)
  await closed
  clearTimeout(late)
}
