/**
 * The GraphQL endpoint over HTTP. graphql-js is called directly: with graphql-yoga the answers' statuses and codes could not be MongooseIM's,
 * it costs 27 MB of memory and a quarter of a second at start (measured, Node 24), and its page loads scripts from elsewhere.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tryJid } from '@meerkat/protocol'
import type { Kernel } from '../core/kernel.ts'
import { plainAddress } from '../core/network.ts'
import type { ApiContext } from './context.ts'
import { type Recognise, readBasic } from './credentials.ts'
import { RequestError } from './errors.ts'
import { type ApiAnswer, type ApiRequest, executeRequest, refused } from './execute.ts'
import { PAGE, PAGE_POLICY } from './graphiql.ts'
import { readRequest } from './request.ts'
import type { ApiSchema } from './schema.ts'
import { isStream, serveStream } from './sse.ts'
import type { WrongCredentials } from './wrong-credentials.ts'

/** What an endpoint serves, and to whom. */
export interface EndpointOptions {
  readonly kernel: Kernel
  readonly api: ApiSchema
  /** Who the caller is by its credentials; throws RequestError to refuse it. */
  readonly caller: Recognise
  /** Slows down who tries passwords; not given where none are asked for. */
  readonly wrong?: WrongCredentials
  readonly method: 'http' | 'cli'
  readonly allowedCategories?: readonly string[] | undefined
  /** Requests whose Host header is no name of this machine are refused: where a password is asked for, a foreign page has none (S92). */
  readonly localOnly?: boolean
  /** Milliseconds that an event stream may be silent (`sse_idle_timeout`); an hour when not given. */
  readonly idleTimeout?: number | undefined
  /** Bytes of a request's body; 1 MiB when not given (S81). */
  readonly maxBody?: number
}

/** Answers HTTP requests. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void

const MAX_BODY = 1024 * 1024

/** An endpoint for `POST` and `GET`; a browser that asks for HTML gets a page to try queries on. */
export function graphqlEndpoint(options: EndpointOptions): RequestHandler {
  return (request, response) => {
    if (isStream(request)) return serveStream(options, request, response)
    if (wantsPage(request)) return sendPage(response)
    answer(options, request)
      .catch((error: unknown) => refused(error, (cause) => options.kernel.report('graphql_failed', cause)))
      .then((answered) => send(response, answered))
      .catch((error: unknown) => options.kernel.report('graphql_failed', error))
  }
}

async function answer(options: EndpointOptions, request: IncomingMessage): Promise<ApiAnswer> {
  if (request.method !== 'GET' && request.method !== 'POST')
    throw new RequestError(405, 'method_not_allowed', 'Use GET or POST')
  const { context, wanted } = await admitted(options, request)
  return executeRequest(options.api, wanted, context)
}

/** Who asks for what, and how to find out whether that is still so. */
export interface Admitted {
  readonly context: ApiContext
  readonly wanted: ApiRequest
  /** Rejects when the credentials are no longer good, or no longer those of the same caller. */
  readonly again: () => Promise<void>
}

/** Finds out who asks for what; rejects with RequestError. */
export async function admitted(options: EndpointOptions, request: IncomingMessage): Promise<Admitted> {
  if (options.localOnly === true && !isLocalName(request.headers.host))
    throw new RequestError(403, 'request_error', 'Without a password the API serves only local names of this machine')
  const given = readBasic(request.headers.authorization)
  const recognise = async () => options.caller(given)
  const account = tryJid(given?.username)
  const caller = await (options.wrong?.recognise(plainAddress(request.socket.remoteAddress), recognise, account) ??
    recognise())
  const wanted = await readRequest(request, options.maxBody ?? MAX_BODY)
  const categories = options.allowedCategories
  const context: ApiContext = {
    kernel: options.kernel,
    ...caller,
    method: options.method,
    ...(categories === undefined || categories.length === 0 ? {} : { allowedCategories: categories }),
  }
  const again = async (): Promise<void> => {
    const { role } = await options.caller(given)
    if (role !== caller.role) throw new RequestError(401, 'no_permissions', 'The caller may not watch this any more')
  }
  return { context, wanted, again }
}

/** A page that was opened under a foreign name must not reach an open API by pointing that name at this machine. */
function isLocalName(host: string | undefined): boolean {
  if (host === undefined) return false
  const name = host.replace(/:\d+$/, '').toLowerCase()
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name)
}

const wantsPage = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.accept?.includes('text/html') === true

function sendPage(response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(PAGE),
    'content-security-policy': PAGE_POLICY,
    'x-frame-options': 'DENY',
  })
  response.end(PAGE)
}

/** Writes an answer as JSON. */
export function send(response: ServerResponse, { status, body }: ApiAnswer): void {
  const text = JSON.stringify(body)
  if (status === 401) response.setHeader('www-authenticate', 'Basic realm="GraphQL", charset="UTF-8"')
  if (status === 405 && !response.hasHeader('allow')) response.setHeader('allow', 'GET, POST')
  // What was not read of a refused body would be taken for the next request.
  if (status === 413) response.setHeader('connection', 'close')
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(text)
}
