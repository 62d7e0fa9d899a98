/** The ways into the server besides XMPP: HTTP listeners and the control socket. */
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import {
  controlHandler,
  goneHandler,
  graphqlHandler,
  healthHandler,
  metricsHandler,
  openAdminProblem,
  readyHandler,
} from '../api/index.ts'
import { goneHandlers } from '../core/config/declarations/http-handlers.ts'
import type { Config, HttpHandler, ListenerOf } from '../core/config/types.ts'
import type { Kernel } from '../core/kernel.ts'
import { type HttpMount, type HttpTls, openControlSocket, openHttpListener } from '../listeners/http/index.ts'
import { type TlsFiles, tlsContext } from './certificates.ts'
import { presentConfig } from './present-config.ts'
import { filesServed, uploadMount } from './uploads.ts'
import type { WebClients } from './web-clients.ts'

/** What was opened. */
export interface Interfaces {
  /** What it listens on, one line each. */
  readonly addresses: readonly string[]
  close(): Promise<void>
}

/** The name of the control socket in the data folder; the command line looks for it there. */
const SOCKET = 'meerkat.sock'

/** Opens what the configuration names, and the control socket if it is wanted. Rejects, with everything closed, when one cannot be opened. */
export async function openInterfaces(
  kernel: Kernel,
  config: Config,
  development: TlsFiles,
  controlled = true,
): Promise<Interfaces> {
  const closers: (() => Promise<void>)[] = []
  const addresses: string[] = []
  const close = async (): Promise<void> => {
    await Promise.all(closers.map((each) => each()))
  }
  try {
    if (controlled) {
      const file = join(config.general.data_dir, SOCKET)
      const control = await openControlSocket(file, controlHandler(kernel), kernel.logs.area('http'))
      closers.push(() => control.close())
    }
    const listeners = config.listen.filter((listener) => listener.kind === 'http')
    if (listeners.length === 0) return { addresses, close }
    // A server without them does not have it in memory.
    const { boshService, webClients } = await import('./web-clients.ts')
    const bosh = boshService(kernel, config)
    if (bosh !== undefined) closers.push(() => bosh.close())
    for (const listener of listeners) {
      const clients = webClients(kernel, listener, bosh)
      const http = await openHttp(kernel, config, listener, development, clients)
      closers.push(() => http.close())
      addresses.push(...http.addresses)
    }
  } catch (error) {
    await close()
    throw error
  }
  return { addresses, close }
}

async function openHttp(
  kernel: Kernel,
  config: Config,
  listener: ListenerOf<'http'>,
  development: TlsFiles,
  clients: WebClients,
) {
  const { settings, ip_address: address } = listener
  const tls = httpTls(kernel, listener, development)
  const http = await openHttpListener({
    port: listener.port,
    address,
    tls,
    maxConnections: settings.transport.max_connections,
    compress: settings.protocol.compress,
    mounts: withGone(listener, [
      ...listener.handlers.flatMap((handler) => mountsOf(kernel, handler, address)),
      ...clients.mounts,
    ]),
    log: kernel.logs.area('http'),
    serverName: config.general.http_server_name,
  }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`cannot listen on port ${listener.port}: ${reason}`, { cause: error })
  })
  const base = `${tls === undefined ? 'http' : 'https'}://${inUrl(address ?? 'localhost')}:${http.port}`
  filesServed(kernel, listener, http.port)
  const described = listener.handlers.map(({ kind, settings: { path } }) => `${handlerName(kind)} ${base}${path}`)
  const close = async (): Promise<void> => {
    await Promise.all([clients.close(), http.close()])
  }
  return { addresses: described, close }
}

/** TLS of a listener; it follows the configuration. */
function httpTls(kernel: Kernel, listener: ListenerOf<'http'>, development: TlsFiles): HttpTls | undefined {
  const made = ({ settings: { tls } }: ListenerOf<'http'>): HttpTls | undefined =>
    tls && {
      context: tlsContext(tls, development, kernel.clock),
      requestCertificate: tls.verify_mode !== 'none',
      allowSelfSigned: tls.verify_mode === 'selfsigned_peer',
      rejectUnauthorized: tls.verify_mode !== 'none' && tls.disconnect_on_failure,
    }
  const options = made(listener)
  let section = listener.settings.tls
  kernel.shared(presentConfig).followListener(listener, (next) => {
    const other = next.settings.tls
    if (options === undefined || other === undefined || isDeepStrictEqual(section, other)) return () => undefined
    const changes = made(next)
    return () => {
      Object.assign(options, changes)
      section = other
    }
  })
  return options
}

/** An address as URLs have it: those of IPv6 in brackets (RFC 3986 §3.2.2). */
export const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address)

/** What a handler is called in the greeting. */
function handlerName(kind: HttpHandler['kind']): string {
  const names: Partial<Record<HttpHandler['kind'], string>> = {
    mongoose_graphql_handler: 'GraphQL API',
    mongoose_prometheus_handler: 'Metrics',
    meerkat_health_handler: 'Alive?',
    meerkat_ready_handler: 'Ready?',
    meerkat_upload_handler: 'Files',
    mongoose_websocket_handler: 'WebSocket',
    mongoose_bosh_handler: 'BOSH',
  }
  return (names[kind] ?? kind).padEnd(14)
}

const isGone = (kind: string): kind is keyof typeof goneHandlers => Object.hasOwn(goneHandlers, kind)

/** What a handler serves; a GraphQL endpoint has its subscriptions as server-sent events below it. */
function mountsOf(kernel: Kernel, handler: HttpHandler, address: string | undefined): HttpMount[] {
  const { kind, settings } = handler
  if (kind === 'mongoose_prometheus_handler') return [{ ...settings, handle: metricsHandler(kernel) }]
  if (kind === 'meerkat_health_handler') return [{ ...settings, handle: healthHandler() }]
  if (kind === 'meerkat_ready_handler') return [{ ...settings, handle: readyHandler(kernel) }]
  if (kind === 'meerkat_upload_handler') return [uploadMount(kernel, settings)]
  // Those for clients have a life of their own; the removed ones take what is left.
  if (kind === 'mongoose_websocket_handler' || kind === 'mongoose_bosh_handler' || isGone(kind)) return []
  if (kind !== 'mongoose_graphql_handler') throw new Error(`${kind} is not built into this server`)
  // S92: nobody administers this server from elsewhere without a password
  const problem = openAdminProblem(settings, address)
  if (problem !== undefined) throw new Error(problem)
  const { host, path } = settings
  const handle = graphqlHandler(kernel, settings)
  return [path, `${path}/sse`].map((place) => ({ host, path: place, handle }))
}

/** Adds the handlers of removed APIs: several of them could share a path, and they take none from those that there are. */
function withGone({ handlers }: ListenerOf<'http'>, mounts: readonly HttpMount[]): HttpMount[] {
  const all = new Map(mounts.map((mount) => [`${mount.host} ${mount.path}`, mount]))
  if (all.size < mounts.length) return [...mounts]
  for (const { kind, settings } of handlers) {
    if (!isGone(kind)) continue
    const { host, path } = settings
    const base = path.replace(/\/(?:\[\.\.\.\])?$/, '')
    const handle = goneHandler(goneHandlers[kind].api, base)
    for (const place of [base === '' ? '/' : base, `${base}/[...]`])
      if (!all.has(`${host} ${place}`)) all.set(`${host} ${place}`, { host, path: place, handle })
  }
  return [...all.values()]
}
