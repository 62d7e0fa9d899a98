/** Server-sent events (HTML Living Standard §9.2): subscriptions below the endpoint's path, at `/sse` (as in MongooseIM). */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type EndpointOptions, admitted, send } from './endpoint.ts'
import { RequestError } from './errors.ts'
import { type ApiAnswer, executeStream, refused } from './execute.ts'

const IDLE_MS = 3_600_000

/** Whether the request is for the stream and not for the endpoint itself. */
export const isStream = (request: IncomingMessage): boolean => /\/sse\/?(?:\?|$)/.test(request.url ?? '')

/** Answers with a stream of events, or with the JSON of an error. */
export function serveStream(options: EndpointOptions, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET') response.setHeader('allow', 'GET')
  const report = (error: unknown) => options.kernel.report('graphql_stream_failed', error)
  open(options, request)
    .catch((error: unknown) => refused(error, report))
    .then((opened) => ('status' in opened ? send(response, opened) : write(response, opened, options.idleTimeout)))
    .catch((error: unknown) => {
      report(error)
      response.destroy()
    })
}

async function open(options: EndpointOptions, request: IncomingMessage) {
  if (request.method !== 'GET') throw new RequestError(405, 'method_not_allowed', 'Use GET')
  const { context, wanted } = await admitted(options, request)
  return executeStream(options.api, wanted, context)
}

async function write(
  response: ServerResponse,
  stream: AsyncGenerator<ApiAnswer['body'], void, void>,
  idleMs: number = IDLE_MS,
): Promise<void> {
  const end = () => void stream.return()
  response.once('close', end)
  // A client that has gone before this line gets no event that says so.
  if (response.closed || response.destroyed) end()
  response.setTimeout(Number.isFinite(idleMs) ? idleMs : 0, end)
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.flushHeaders()
  let id = 0
  for await (const body of stream) {
    if (isEmpty(body.data) && body.errors === undefined) continue
    const taken = response.write(`id: ${++id}\ndata: ${JSON.stringify(body)}\n\n`)
    if (!taken && !response.destroyed) await Promise.race([once(response, 'drain'), once(response, 'close')])
  }
  response.end()
}

/** Whether all leaves are null: there is nothing to tell. */
function isEmpty(data: unknown): boolean {
  if (data === null || data === undefined) return true
  return typeof data === 'object' && Object.values(data).every(isEmpty)
}
