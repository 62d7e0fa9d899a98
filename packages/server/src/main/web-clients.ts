/** What of an HTTP listener is for clients: WebSocket, BOSH, and where to find them. */
import type { Config, HttpHandler, ListenerOf } from '../core/config/types.ts'
import type { Kernel } from '../core/kernel.ts'
import { BoshHandler } from '../listeners/bosh/handler.ts'
import { BoshService } from '../listeners/bosh/service.ts'
import type { BoshSettings } from '../listeners/bosh/settings.ts'
import { type C2sOptions, c2sOptions } from '../listeners/c2s/options.ts'
import type { HttpMount } from '../listeners/http/index.ts'
import { type Endpoint, hostMetaMounts } from '../listeners/websocket/host-meta.ts'
import { WebSocketListener } from '../listeners/websocket/listener.ts'
import { streamOptionsOf } from './stream-options.ts'

/** The ways in for clients on one listener. */
export interface WebClients {
  readonly mounts: readonly HttpMount[]
  /** Ends all their streams; resolves when the clients are gone. */
  close(): Promise<void>
}

type BoshHandlerConfig = HttpHandler & { readonly kind: 'mongoose_bosh_handler' }
type WebSocketHandler = HttpHandler & { readonly kind: 'mongoose_websocket_handler' }

/** The service for BOSH, where the configuration has it. */
export function boshService(kernel: Kernel, config: Config): BoshService | undefined {
  // The service's own declaration has read it.
  const settings = config.services.get('service_bosh') as BoshSettings | undefined
  return settings && new BoshService(kernel, settings)
}

/** What the handlers of a listener serve to clients; nothing when there is none for them. Throws where BOSH lacks its service. */
export function webClients(kernel: Kernel, listener: ListenerOf<'http'>, bosh: BoshService | undefined): WebClients {
  const sockets = listener.handlers
    .filter((handler): handler is WebSocketHandler => handler.kind === 'mongoose_websocket_handler')
    .map((handler) => webSockets(kernel, handler))
  const bodies = listener.handlers
    .filter((handler): handler is BoshHandlerConfig => handler.kind === 'mongoose_bosh_handler')
    .map((handler) => boshHandler(kernel, handler, bosh))
  const endpoints = listener.handlers.flatMap(endpointOf)
  const secure = listener.settings.tls !== undefined
  return {
    mounts: endpoints.length === 0 ? [] : [...sockets, ...bodies, ...hostMetaMounts(endpoints, secure)],
    close: async () => {
      await Promise.all(sockets.map((each) => each.close()))
    },
  }
}

function webSockets(kernel: Kernel, { settings }: WebSocketHandler): WebSocketListener {
  return new WebSocketListener(kernel, {
    host: settings.host,
    path: settings.path,
    origins: settings.origins.map((origin) => origin.toLowerCase()),
    idleMs: settings.timeout === 0 ? Infinity : settings.timeout,
    pingMs: settings.ping_rate,
    stream: streamOptions(kernel, {
      allowPlainWithoutTls: settings.allow_plain_without_tls,
      offerSession: settings.backwards_compatible_session,
      stanzaBytes: settings.max_stanza_size,
    }),
  })
}

function boshHandler(kernel: Kernel, { settings }: BoshHandlerConfig, bosh: BoshService | undefined): BoshHandler {
  if (bosh === undefined) throw new Error(`mongoose_bosh_handler at ${settings.path} needs [services.service_bosh]`)
  return new BoshHandler(bosh, {
    host: settings.host,
    path: settings.path,
    origins: settings.origins.map((origin) => origin.toLowerCase()),
    stream: streamOptions(kernel, { allowPlainWithoutTls: settings.allow_plain_without_tls }),
  })
}

/** What differs between the handlers for clients. */
interface Differences {
  readonly allowPlainWithoutTls: boolean
  readonly offerSession?: boolean
  readonly stanzaBytes?: number
}

/** The options of streams over HTTP: as those of a listener that sets nothing else, behind a proxy perhaps. STARTTLS has no place here (S27). */
function streamOptions(kernel: Kernel, { stanzaBytes, ...rest }: Differences): C2sOptions {
  const usual = c2sOptions(0)
  return {
    ...usual,
    ...rest,
    sharedAddress: true,
    afterLogin: { ...usual.afterLogin, stanzaBytes: stanzaBytes ?? usual.afterLogin.stanzaBytes },
    ...streamOptionsOf(kernel),
  }
}

function endpointOf({ kind, settings }: HttpHandler): Endpoint[] {
  if (kind !== 'mongoose_websocket_handler' && kind !== 'mongoose_bosh_handler') return []
  const { path, url } = settings
  return [{ kind: kind === 'mongoose_websocket_handler' ? 'websocket' : 'xbosh', path, url }]
}
