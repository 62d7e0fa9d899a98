/** `[[listen.c2s]]` as the listener wants it. */
import type { Config, ListenerOf } from '../core/config/types.ts'
import type { Clock } from '../core/clock.ts'
import { Shaper } from '../core/shaper.ts'
import type { C2sOptions, TlsOptions } from '../listeners/c2s/options.ts'
import { mechanismsOf } from './auth.ts'
import { type TlsFiles, tlsContext } from './certificates.ts'

/** The options of a listener; `development` is the certificate for listeners that name none. */
export function c2sOptionsOf(
  listener: ListenerOf<'c2s'>,
  config: Config,
  development: TlsFiles,
  clock: Clock,
): C2sOptions {
  const { settings } = listener
  const { pre_auth: before, limits } = settings
  const rate = config.shapers.get(settings.shaper)
  return {
    port: listener.port,
    address: listener.ip_address ?? (settings.ip_version === 4 ? '0.0.0.0' : undefined),
    backlog: settings.backlog,
    authMethods: settings.allowed_auth_methods.length === 0 ? undefined : settings.allowed_auth_methods,
    tls: tlsOf(settings.tls, development, clock),
    access: settings.access,
    beforeLogin: {
      stanzaBytes: before.max_stanza_size,
      depth: before.max_depth,
      elements: before.max_elements,
      attributes: 32,
    },
    afterLogin: {
      stanzaBytes: settings.max_stanza_size,
      depth: limits.max_depth,
      elements: limits.max_elements,
      attributes: limits.max_attributes,
    },
    authTimeoutMs: before.auth_timeout * 1000,
    authAttempts: before.auth_attempts,
    maxConnections: settings.max_connections,
    maxUnauthenticatedPerIp: before.max_unauthenticated_per_ip,
    maxFailuresPerIp: before.max_failures_per_ip,
    allowPlainWithoutTls: settings.allow_plain_without_tls,
    offerSession: settings.backwards_compatible_session,
    outboundBytes: limits.max_queue_bytes,
    outboundStanzas: limits.max_queue_stanzas,
    defaultDomain: config.general.default_server_domain,
    hideServiceName: config.general.hide_service_name,
    mechanisms: (hostType) => {
      const auth = config.hostTypes.get(hostType)?.auth
      return auth === undefined ? undefined : mechanismsOf(auth)
    },
    scramIterations: (hostType) => config.hostTypes.get(hostType)?.auth.password.scram_iterations ?? 10_000,
    shaper: () => {
      if (rate === undefined) return () => 0
      const shaper = new Shaper(rate)
      return (bytes, nowMs) => shaper.take(bytes, nowMs)
    },
  }
}

function tlsOf(tls: ListenerOf<'c2s'>['settings']['tls'], development: TlsFiles, clock: Clock): TlsOptions | undefined {
  if (tls === undefined) return undefined
  return {
    mode: tls.mode,
    context: tlsContext(tls, development, clock),
    requestCertificate: tls.verify_mode !== 'none',
    requireCertificate: tls.verify_mode === 'peer' && tls.disconnect_on_failure,
  }
}
