/** Orders over the control socket that are no part of the GraphQL API: `POST` with a JSON object, answered with one. */
import type { Kernel } from '../core/kernel.ts'
import { sharedOrNone } from './context.ts'
import type { RequestHandler } from './endpoint.ts'
import { type NodeControl, nodeControl } from './node-control.ts'

/** The words of an order. */
export type OrderWords = Readonly<Record<string, string | undefined>>

/** Longer orders are nobody's. */
const MAX_BODY = 65_536

/** Follows an order; `{error}` is the answer when it cannot be followed. */
export function orderHandler(
  kernel: Kernel,
  follow: (node: NodeControl, words: OrderWords) => Promise<object>,
): RequestHandler {
  return (request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    const node = sharedOrNone(kernel, nodeControl)
    if (request.method !== 'POST') return answer(405, { error: 'use POST' })
    if (node === undefined) return answer(503, { error: 'the server is starting' })
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      text += chunk
      if (text.length > MAX_BODY) request.destroy()
    })
    request.on('end', () => {
      Promise.resolve()
        .then(() => follow(node, text === '' ? {} : (JSON.parse(text) as OrderWords)))
        .then((done) => answer(200, done))
        .catch((error: unknown) => answer(400, { error: error instanceof Error ? error.message : String(error) }))
    })
  }
}
