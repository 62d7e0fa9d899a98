/** Server-sent events (HTML Living Standard §9.2): subscriptions below the endpoint's path, at `/sse` (as in MongooseIM). */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type EndpointOptions, admitted, send } from './endpoint.ts'
import { RequestError } from './errors.ts'
import { type ApiAnswer, executeStream, refused } from './execute.ts'

const IDLE_MS = 3_600_000

/** How often it is asked whether the caller may still watch. */
const RECHECK_SECONDS = 60

/** Whether the request is for the stream and not for the endpoint itself. */
export const isStream = (request: IncomingMessage): boolean => /\/sse\/?(?:\?|$)/.test(request.url ?? '')

/** Answers with a stream of events, or with the JSON of an error. */
export function serveStream(options: EndpointOptions, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET') response.setHeader('allow', 'GET')
  const report = (error: unknown) => options.kernel.report('graphql_stream_failed', error)
  open(options, request)
    .catch((error: unknown) => refused(error, report))
    .then((opened) => ('status' in opened ? send(response, opened) : watched(options, response, opened)))
    .catch((error: unknown) => {
      report(error)
      response.destroy()
    })
}

async function open(options: EndpointOptions, request: IncomingMessage) {
  if (request.method !== 'GET') throw new RequestError(405, 'method_not_allowed', 'Use GET')
  const { context, wanted, again } = await admitted(options, request)
  const stream = await executeStream(options.api, wanted, context)
  return 'status' in stream ? stream : { stream, again }
}

interface Opened {
  readonly stream: AsyncGenerator<ApiAnswer['body'], void, void>
  readonly again: () => Promise<void>
}

/** S82: a stream ends, with the reason, when its caller's credentials are no longer good. */
async function watched(options: EndpointOptions, response: ServerResponse, { stream, again }: Opened): Promise<void> {
  let refusal: ApiAnswer['body'] | undefined
  const look = (): void => {
    again().catch((error: unknown) => {
      // A store that is away says nothing about the caller.
      if (!(error instanceof RequestError) || error.status !== 401) return
      refusal = refused(error, () => undefined).body
      void stream.return()
    })
  }
  const timer = options.kernel.timers.every(RECHECK_SECONDS, look)
  try {
    await write(response, stream, options.idleTimeout)
    if (refusal !== undefined && response.writable) response.write(`event: error\ndata: ${JSON.stringify(refusal)}\n\n`)
    response.end()
  } finally {
    timer.cancel()
  }
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
}

/** Whether all leaves are null: there is nothing to tell. */
function isEmpty(data: unknown): boolean {
  if (data === null || data === undefined) return true
  return typeof data === 'object' && Object.values(data).every(isEmpty)
}
