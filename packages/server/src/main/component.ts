/** `[[listen.component]]` as the listener wants it. */
import type { Config, ListenerOf } from '../core/config/types.ts'
import type { Kernel } from '../core/kernel.ts'
import { Shaper } from '../core/shaper.ts'
import { Components } from '../listeners/component/components.ts'
import { ComponentListener } from '../listeners/component/listener.ts'
import type { ComponentOptions } from '../listeners/component/options.ts'
import { tlsOf, trusts } from './c2s.ts'
import type { TlsFiles } from './certificates.ts'
import { presentConfig } from './present-config.ts'

/** A listener that is not open yet, and what it is to say of itself. */
export interface ComponentsWay {
  readonly options: ComponentOptions
  readonly listener: ComponentListener
}

/** The listeners for components of the configuration; they share what components there are. */
export function componentListeners(kernel: Kernel, config: Config, development: TlsFiles): ComponentsWay[] {
  const listeners = config.listen.filter((each): each is ListenerOf<'component'> => each.kind === 'component')
  if (listeners.length === 0) return []
  const components = new Components(kernel)
  return listeners.map((each) => {
    const options = componentOptionsOf(each, config, kernel, development)
    return { options, listener: new ComponentListener(kernel, components, options) }
  })
}

function componentOptionsOf(
  listener: ListenerOf<'component'>,
  config: Config,
  kernel: Kernel,
  development: TlsFiles,
): ComponentOptions {
  const { port, ip_address: address, settings } = listener
  const { pre_auth: before, limits } = settings
  const options: ComponentOptions = {
    ...changeableOptionsOf(listener, config),
    port,
    address: address ?? (settings.ip_version === 4 ? '0.0.0.0' : undefined),
    backlog: settings.backlog,
    tls: tlsOf(settings.tls, development, kernel),
    trustedProxy: settings.proxy_protocol ? trusts(settings.proxy_trusted) : undefined,
    access: settings.access,
    password: settings.password,
    checkFrom: settings.check_from,
    conflict: settings.conflict_behaviour,
    hidden: settings.hidden_components,
    beforeLogin: { stanzaBytes: before.max_stanza_size, depth: 8, elements: 32, attributes: 32 },
    authTimeoutMs: before.auth_timeout * 1000,
    maxUnauthenticatedPerIp: before.max_unauthenticated_per_ip,
    maxFailuresPerIp: before.max_failures_per_ip,
    outboundBytes: limits.max_queue_bytes,
    outboundStanzas: limits.max_queue_stanzas,
    defaultDomain: config.general.default_server_domain,
  }
  kernel.shared(presentConfig).followListener(listener, (next, changed) => {
    const changes = changeableOptionsOf(next, changed)
    return () => void Object.assign(options, changes)
  })
  return options
}

/** Those of a listener's options that may change while it listens; components that come from then on have the new ones. */
function changeableOptionsOf({ settings }: ListenerOf<'component'>, { shapers }: Config) {
  const { limits } = settings
  const rate = shapers.get(settings.shaper)
  return {
    maxConnections: settings.max_connections,
    afterLogin: {
      stanzaBytes: settings.max_stanza_size,
      depth: limits.max_depth,
      elements: limits.max_elements,
      attributes: limits.max_attributes,
    },
    shaper: () => {
      if (rate === undefined) return undefined
      const shaper = new Shaper(rate)
      return (bytes: number, nowMs: number) => shaper.take(bytes, nowMs)
    },
  }
}
