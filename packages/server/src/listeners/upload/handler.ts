/** Takes and serves the files of XEP-0363 on an HTTP listener. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Kernel } from '../../core/kernel.ts'
import { errorText } from '../../core/log.ts'
import { type Incoming, MediumFull, type OpenSlot, type UploadDesk, type UploadSlots } from '../../core/uploads.ts'
import type { HttpMount } from '../http/index.ts'
import { type FileAddress, readAddress } from './address.ts'
import { serveFile } from './serve.ts'

/** How the handler behaves. */
export interface UploadOptions {
  readonly host: string
  readonly path: string
  /** The web sites whose pages may upload and fetch; empty: all. */
  readonly origins: readonly string[]
  /** Uploads at a time. */
  readonly maxUploads: number
  /** How long an upload may say nothing, in milliseconds; 30 seconds unless given. */
  readonly silentMs?: number
}

/** How long an upload may say nothing, and last, in milliseconds. */
const SILENT_MS = 30_000
const LONGEST_MS = 1_800_000

const REFUSALS = { unknown: 404, used: 409, expired: 403 } as const

/** An upload ends with this status. */
class Refused extends Error {
  readonly status: number

  constructor(status: number) {
    super(String(status))
    this.status = status
  }
}

/** One section `[[listen.http.handlers.meerkat_upload_handler]]`. */
export class UploadHandler implements HttpMount {
  readonly host: string
  readonly path: string
  /** Bodies may come slowly; this handler watches over them itself. */
  readonly patient = true
  readonly #kernel: Kernel
  readonly #desk: UploadDesk
  readonly #options: UploadOptions
  readonly #base: string
  /** The ids of files that are being written. */
  readonly #active = new Set<string>()

  constructor(kernel: Kernel, desk: UploadDesk, options: UploadOptions) {
    this.#kernel = kernel
    this.#desk = desk
    this.#options = options
    this.#base = basePath(options.path)
    this.host = options.host
    this.path = `${this.#base}/[...]`
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request, response).catch((error: unknown) => this.#failed(error, request, response))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#allow(request, response)
    if (request.method === 'OPTIONS') return void response.writeHead(204).end()
    const address = readAddress(this.#base, request.url ?? '')
    const host = address && this.#kernel.hosts.of(address.domain)
    const slots = host && this.#desk.of(host.type)
    if (address === undefined || slots === undefined) throw new Refused(404)
    if (request.method === 'PUT') return this.#put(slots, address, request, response)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD, PUT, OPTIONS')
      throw new Refused(405)
    }
    const file = await slots.find(address.domain, address.id)
    if (file === undefined || file.name !== address.name) throw new Refused(404)
    await serveFile(this.#desk.files, address.id, file, request, response)
  }

  async #put(
    slots: UploadSlots,
    { domain, id, name, token }: FileAddress,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (token === undefined) throw new Refused(403)
    const slot = await slots.open(domain, id, token)
    if (typeof slot === 'string') throw new Refused(REFUSALS[slot])
    if (slot.name !== name) throw new Refused(404)
    checkHeaders(slot, request)
    if (this.#active.has(id)) throw new Refused(409)
    if (this.#active.size >= this.#options.maxUploads) {
      response.setHeader('retry-after', 10)
      throw new Refused(503)
    }
    this.#active.add(id)
    try {
      await this.#receive(id, slot.size, request)
      if (!(await slots.keep(domain, id))) throw new Refused(404)
    } finally {
      this.#active.delete(id)
    }
    response.writeHead(201, { 'content-length': 0 }).end()
  }

  async #receive(id: string, size: number, request: IncomingMessage): Promise<void> {
    const incoming = await this.#desk.files.create(id)
    try {
      await this.#copy(incoming, size, request)
      await incoming.finish()
    } catch (error) {
      await incoming.abort()
      throw error
    }
  }

  /** S86: counts what comes, whatever the headers say. */
  async #copy(incoming: Incoming, size: number, request: IncomingMessage): Promise<void> {
    const end = this.#kernel.clock.monotonic() + LONGEST_MS
    request.setTimeout(this.#options.silentMs ?? SILENT_MS, () => request.destroy(new Refused(408)))
    let received = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      received += chunk.length
      if (received > size) throw new Refused(413)
      if (this.#kernel.clock.monotonic() > end) throw new Refused(408)
      await incoming.write(chunk)
    }
    if (received !== size) throw new Refused(400)
  }

  /** Pages of web clients fetch and upload; no credentials are sent along, so nothing can be done in a visitor's name. */
  #allow({ headers: { origin } }: IncomingMessage, response: ServerResponse): void {
    const { origins } = this.#options
    if (origin === undefined || (origins.length > 0 && !origins.includes(origin.toLowerCase()))) return
    response.setHeader('access-control-allow-origin', origins.length === 0 ? '*' : origin)
    if (origins.length > 0) response.setHeader('vary', 'origin')
    response.setHeader('access-control-allow-methods', 'GET, HEAD, PUT, OPTIONS')
    response.setHeader('access-control-allow-headers', 'content-type')
    response.setHeader('access-control-max-age', 7200)
  }

  #failed(error: unknown, request: IncomingMessage, response: ServerResponse): void {
    const status = this.#statusOf(error, request)
    if (response.headersSent || response.destroyed) return void response.destroy()
    // What was not read of a body is not waited for.
    const isRead = request.complete || request.method !== 'PUT'
    response.writeHead(status, { 'content-length': 0, ...(!isRead && { connection: 'close' }) }).end()
  }

  #statusOf(error: unknown, request: IncomingMessage): number {
    if (error instanceof Refused) return error.status
    if (error instanceof MediumFull) {
      this.#kernel.report('upload_medium_full', error)
      return 507
    }
    // The client has gone, or its connection is no more.
    if (!request.errored) this.#kernel.logs.area('http').error({ what: 'upload_failed', error: errorText(error) })
    return 500
  }
}

/** A path as the configuration has it, without what stands for the rest and without a slash at its end. */
export const basePath = (path: string): string => path.replace(/\/?(?:\[\.\.\.\])?$/, '')

/** S86: the size is told beforehand, and it is the one that was asked for; so is the type. */
function checkHeaders(slot: OpenSlot, { headers }: IncomingMessage): void {
  const length = headers['content-length']
  if (length === undefined || headers['transfer-encoding'] !== undefined) throw new Refused(411)
  if (Number(length) !== slot.size) throw new Refused(413)
  const type = headers['content-type'] ?? ''
  if (slot.isTyped && type.toLowerCase() !== slot.type.toLowerCase()) throw new Refused(415)
}
