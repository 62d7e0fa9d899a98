/** The ways into the server besides XMPP: HTTP listeners and the control socket. */
import { join } from 'node:path'
import {
  controlHandler,
  graphqlHandler,
  healthHandler,
  metricsHandler,
  openAdminProblem,
  readyHandler,
} from '../api/index.ts'
import type { Config, HttpHandler, ListenerOf } from '../core/config/types.ts'
import type { Kernel } from '../core/kernel.ts'
import { type HttpMount, type HttpTls, openControlSocket, openHttpListener } from '../listeners/http/index.ts'
import { type TlsFiles, tlsContext } from './certificates.ts'
import { type WebClients, boshService, webClients } from './web-clients.ts'

/** What was opened. */
export interface Interfaces {
  /** What it listens on, one line each. */
  readonly addresses: readonly string[]
  close(): Promise<void>
}

/** The name of the control socket in the data folder; the command line looks for it there. */
const SOCKET = 'meerkat.sock'

/** Opens what the configuration names, and the control socket. Rejects, with everything closed, when one cannot be opened. */
export async function openInterfaces(kernel: Kernel, config: Config, development: TlsFiles): Promise<Interfaces> {
  const closers: (() => Promise<void>)[] = []
  const addresses: string[] = []
  const close = async (): Promise<void> => {
    await Promise.all(closers.map((each) => each()))
  }
  try {
    const control = await openControlSocket(
      join(config.general.data_dir, SOCKET),
      controlHandler(kernel),
      kernel.logs.area('http'),
    )
    closers.push(() => control.close())
    const bosh = boshService(kernel, config)
    if (bosh !== undefined) closers.push(() => bosh.close())
    for (const listener of config.listen) {
      if (listener.kind !== 'http') continue
      const clients = webClients(kernel, config, listener, bosh)
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
  const tls: HttpTls | undefined = settings.tls && {
    context: tlsContext(settings.tls, development, kernel.clock),
    requestCertificate: settings.tls.verify_mode !== 'none',
    rejectUnauthorized: settings.tls.verify_mode === 'peer' && settings.tls.disconnect_on_failure,
  }
  const http = await openHttpListener({
    port: listener.port,
    address,
    tls,
    maxConnections: settings.transport.max_connections,
    mounts: [...listener.handlers.flatMap((handler) => mountsOf(kernel, handler, address)), ...clients.mounts],
    log: kernel.logs.area('http'),
    serverName: config.general.http_server_name,
  }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`cannot listen on port ${listener.port}: ${reason}`, { cause: error })
  })
  const base = `${tls === undefined ? 'http' : 'https'}://${address ?? 'localhost'}:${http.port}`
  const described = listener.handlers.map(({ kind, settings: { path } }) => `${handlerName(kind)} ${base}${path}`)
  const close = async (): Promise<void> => {
    await Promise.all([clients.close(), http.close()])
  }
  return { addresses: described, close }
}

/** What a handler is called in the greeting. */
function handlerName(kind: HttpHandler['kind']): string {
  const names: Partial<Record<HttpHandler['kind'], string>> = {
    mongoose_graphql_handler: 'GraphQL API',
    mongoose_prometheus_handler: 'Metrics',
    meerkat_health_handler: 'Alive?',
    meerkat_ready_handler: 'Ready?',
    mongoose_websocket_handler: 'WebSocket',
    mongoose_bosh_handler: 'BOSH',
  }
  return (names[kind] ?? kind).padEnd(14)
}

/** What a handler serves; a GraphQL endpoint has its subscriptions as server-sent events below it. */
function mountsOf(kernel: Kernel, handler: HttpHandler, address: string | undefined): HttpMount[] {
  const { kind, settings } = handler
  if (kind === 'mongoose_prometheus_handler') return [{ ...settings, handle: metricsHandler(kernel) }]
  if (kind === 'meerkat_health_handler') return [{ ...settings, handle: healthHandler() }]
  if (kind === 'meerkat_ready_handler') return [{ ...settings, handle: readyHandler(kernel) }]
  // Those for clients have a life of their own.
  if (kind === 'mongoose_websocket_handler' || kind === 'mongoose_bosh_handler') return []
  if (kind !== 'mongoose_graphql_handler') throw new Error(`${kind} is not built into this server`)
  // S92: nobody administers this server from elsewhere without a password
  const problem = openAdminProblem(settings, address)
  if (problem !== undefined) throw new Error(problem)
  const { host, path } = settings
  const handle = graphqlHandler(kernel, settings)
  return [path, `${path}/sse`].map((place) => ({ host, path: place, handle }))
}
