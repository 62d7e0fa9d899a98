/** Answers that are compressed for clients that can read it: `protocol.compress` of a listener. Texts that are known as a whole, and files of theirs. */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { gzip } from 'node:zlib'

/** As in `server.ts`. */
const { ServerResponse } = process.getBuiltinModule('node:http')

/** Bytes from which it is worth it. */
const LEAST = 300
const TEXT = /^(?:text\/(?!event-stream)|application\/(?:json|xml|[\w.+-]+\+(?:json|xml)))/

/** The beginning of an answer that waits for its end. */
interface Head {
  readonly status: number
  readonly headers: OutgoingHttpHeaders
}

/** An answer of a listener that compresses. One that is written piece by piece goes out as it is. */
export class CompressedResponse<R extends IncomingMessage = IncomingMessage> extends ServerResponse<R> {
  #head: Head | undefined
  #isEnding = false

  override writeHead(status: number, ...more: unknown[]): this {
    if (this.#isEnding) return this
    this.#head = undefined
    const [headers] = more
    if (more.length !== 1 || !isWorthIt(this.req, status, headers as OutgoingHttpHeaders))
      return super.writeHead(status, ...(more as [OutgoingHttpHeaders]))
    this.#head = { status, headers: headers as OutgoingHttpHeaders }
    return this
  }

  override write(...piece: unknown[]): boolean {
    this.#begin()
    return super.write(...(piece as [string]))
  }

  override end(...last: unknown[]): this {
    if (this.#isEnding) return this
    const [body] = last
    const head = this.#head
    if (head === undefined || last.length !== 1 || !(typeof body === 'string' || Buffer.isBuffer(body))) {
      this.#begin()
      return super.end(...(last as [string]))
    }
    this.#isEnding = true
    this.#head = undefined
    gzip(body, (error, small) => {
      if (this.destroyed) return
      if (error === null) super.writeHead(head.status, compressedHeaders(head.headers, small.length))
      else super.writeHead(head.status, head.headers)
      super.end(error === null ? small : body)
    })
    return this
  }

  /** What waits goes out uncompressed. */
  #begin(): void {
    const head = this.#head
    this.#head = undefined
    if (head !== undefined) super.writeHead(head.status, head.headers)
  }
}

function isWorthIt({ method, headers }: IncomingMessage, status: number, answer: OutgoingHttpHeaders): boolean {
  const length = Number(answer['content-length'])
  const isText = TEXT.test(answer['content-type'] ?? '')
  return status === 200 && method !== 'HEAD' && length >= LEAST && isText && takesGzip(headers['accept-encoding'])
}

/** RFC 9110 §12.5.3; a weight of 0 is a no. */
const takesGzip = (accepted: string | string[] | undefined): boolean =>
  /(?:^|[\s,])gzip\s*(?:$|,|;\s*q=(?!0(?:\.0*)?\s*(?:$|,)))/i.test(String(accepted ?? ''))

function compressedHeaders(headers: OutgoingHttpHeaders, length: number): OutgoingHttpHeaders {
  const { vary } = headers
  return {
    ...headers,
    vary: vary === undefined ? 'accept-encoding' : `${vary}, accept-encoding`,
    'content-encoding': 'gzip',
    'content-length': length,
  }
}
