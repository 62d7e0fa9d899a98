/** The answer to one HTTP request of a BOSH client, given now or later. */
import type { ServerResponse } from 'node:http'

/** Headers that every answer has. */
export type ReplyHeaders = Readonly<Record<string, string>>

/** An answer that is still owed. */
export class Reply {
  readonly #response: ServerResponse
  readonly #headers: ReplyHeaders
  #sent = false

  constructor(response: ServerResponse, headers: ReplyHeaders) {
    this.#response = response
    this.#headers = headers
  }

  /** Keeps the connection open for so many seconds, and says when the client has given it up. */
  hold(seconds: number, lost: () => void): void {
    if (this.#response.destroyed) return lost()
    this.#response.setTimeout(Math.min(seconds, 86_400) * 1000)
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) lost()
    })
  }

  /** Answers that the server takes nobody now; the client may come back (RFC 9110 §15.6.4). */
  unavailable(): void {
    if (this.#sent) return
    this.#sent = true
    this.#response.writeHead(503, { ...this.#headers, 'retry-after': '10', 'content-length': 0 }).end()
  }

  /** Answers with a body; only the first answer counts. */
  send(body: string): void {
    if (this.#sent) return
    this.#sent = true
    const bytes = Buffer.from(body)
    const headers = { ...this.#headers, 'content-type': 'text/xml; charset=utf-8', 'content-length': bytes.length }
    this.#response.writeHead(200, headers).end(bytes)
  }
}
