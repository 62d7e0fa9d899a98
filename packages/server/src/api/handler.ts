/** Makes the endpoints that a configuration asks for, and the one of the control socket. */
import process from 'node:process'
import type { Kernel } from '../core/kernel.ts'
import { sharedOrNone } from './context.ts'
import { type Credentials, type Recognise, adminCaller, domainAdminCaller, userCaller } from './credentials.ts'
import type { RequestHandler } from './endpoint.ts'
import { healthHandler, metricsHandler, readyHandler } from './health.ts'
import { type LateOptions, type SchemaEndpoint, lateEndpoint } from './late-endpoint.ts'
import { orderHandler } from './orders.ts'
import { nodeControl, phaseOf } from './node-control.ts'
import type { ApiSchema } from './schema.ts'
import { troubledSinks } from './sinks.ts'
import { WrongCredentials } from './wrong-credentials.ts'

/** `[[listen.http.handlers.mongoose_graphql_handler]]`, as far as it concerns the endpoint. */
export interface GraphqlHandlerSettings {
  readonly schema_endpoint: SchemaEndpoint
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly allowed_categories?: readonly string[] | undefined
  /** Milliseconds; Infinity for no limit. */
  readonly sse_idle_timeout?: number | undefined
}

/** What an operator may allow beyond MongooseIM's settings. */
export interface HandlerOptions {
  readonly api?: ApiSchema
  /** An admin handler without credentials may be reached from other machines. */
  readonly allowOpen?: boolean
}

/** The handler that a section of the configuration describes, for its path and for `/sse` below it. */
export function graphqlHandler(
  kernel: Kernel,
  settings: GraphqlHandlerSettings,
  { api, allowOpen = false }: HandlerOptions = {},
): RequestHandler {
  const { schema_endpoint, username, password } = settings
  const wanted = username === undefined || password === undefined ? undefined : { username, password }
  const options: LateOptions = {
    kernel,
    caller: recogniser(kernel, schema_endpoint, wanted),
    wrong: new WrongCredentials(kernel.clock, kernel.timers),
    method: 'http',
    allowedCategories: settings.allowed_categories,
    idleTimeout: settings.sse_idle_timeout,
    localOnly: schema_endpoint === 'admin' && wanted === undefined && !allowOpen,
  }
  return lateEndpoint(options, schema_endpoint, api)
}

/** Who may call an endpoint. */
function recogniser(kernel: Kernel, endpoint: SchemaEndpoint, wanted: Credentials | undefined): Recognise {
  if (endpoint === 'user') return userCaller(kernel)
  return endpoint === 'domain_admin' ? domainAdminCaller(kernel) : adminCaller(wanted)
}

/**
 * The handler behind the control socket: whoever may open the socket is admin, and is answered as the command line is.
 * `GET /status` tells what the command `status` prints; `/health`, `/ready` and `/metrics` are what HTTP listeners can serve; `POST /reload`
 * and `POST /backup` are orders.
 */
export function controlHandler(kernel: Kernel, api?: ApiSchema): RequestHandler {
  const graphql = lateEndpoint({ kernel, caller: () => ({ role: 'admin' }), method: 'cli' }, 'admin', api)
  const others = new Map([
    ['/health', healthHandler()],
    ['/ready', readyHandler(kernel)],
    ['/metrics', metricsHandler(kernel)],
    ['/reload', orderHandler(kernel, (node) => node.reload())],
    ['/backup', orderHandler(kernel, (node, { file }) => node.backup(file ?? ''))],
  ])
  return (request, response) => {
    const other = others.get(request.url ?? '')
    if (other !== undefined) return other(request, response)
    if (request.url !== '/status') return graphql(request, response)
    const text = JSON.stringify(nodeStatus(kernel))
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    response.end(text)
  }
}

/** The state of the node, in plain words. */
export function nodeStatus(kernel: Kernel): object {
  const node = sharedOrNone(kernel, nodeControl)
  return {
    node: kernel.node,
    pid: process.pid,
    state: phaseOf(kernel),
    version: node?.version ?? '',
    startedAt: node?.startedAt ?? 0,
    uptimeSeconds: node === undefined ? 0 : Math.floor((kernel.clock.now() - node.startedAt) / 1000),
    logFiles: node?.logFiles ?? [],
    sinks: troubledSinks(kernel),
  }
}

/**
 * S92: why an admin handler must not be opened on this address; undefined when it may. Without credentials it serves this machine only,
 * unless `allowOpen` says that the operator wants it so.
 */
export function openAdminProblem(
  settings: GraphqlHandlerSettings,
  address: string | undefined,
  allowOpen = false,
): string | undefined {
  const needsNone = settings.schema_endpoint !== 'admin' || settings.password !== undefined || allowOpen
  if (needsNone || isLoopback(address)) return undefined
  return (
    `an admin handler without username and password may only listen on this machine (ip_address = "127.0.0.1"), ` +
    `not on ${address ?? 'all addresses'}`
  )
}

/** An address that only this machine can reach; none at all means every address. */
function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}
