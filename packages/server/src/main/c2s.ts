/** `[[listen.c2s]]` as the listener wants it. */
import { isDeepStrictEqual } from 'node:util'
import type { Config, ListenerOf } from '../core/config/types.ts'
import type { Kernel } from '../core/kernel.ts'
import { ipRange } from '../core/network.ts'
import { Shaper } from '../core/shaper.ts'
import type { C2sOptions, TlsOptions } from '../listeners/c2s/options.ts'
import { type TlsFiles, tlsContext } from './certificates.ts'
import { presentConfig } from './present-config.ts'
import { streamOptionsOf } from './stream-options.ts'

/** The options of a listener, which follow the configuration; `development` is the certificate for listeners that name none. */
export function c2sOptionsOf(listener: ListenerOf<'c2s'>, kernel: Kernel, development: TlsFiles): C2sOptions {
  const { settings } = listener
  const present = kernel.shared(presentConfig)
  const options: C2sOptions = {
    ...changeableOptionsOf(listener, present.started),
    port: listener.port,
    address: listener.ip_address ?? (settings.ip_version === 4 ? '0.0.0.0' : undefined),
    backlog: settings.backlog,
    tls: tlsOf(settings.tls, development, kernel),
    trustedProxy: settings.proxy_protocol ? trusts(settings.proxy_trusted) : undefined,
    sharedAddress: false,
    ...streamOptionsOf(kernel),
  }
  let tls = settings.tls
  present.followListener(listener, (next, config) => {
    const others = next.settings.tls
    // To begin with TLS, or to end with it, needs a restart.
    const isChanged = tls !== undefined && others !== undefined && !isDeepStrictEqual(tls, others)
    const changes = {
      ...changeableOptionsOf(next, config),
      ...(isChanged && { tls: tlsOf(others, development, kernel) }),
    }
    return () => {
      Object.assign(options, changes)
      if (isChanged) tls = others
    }
  })
  return options
}

/** Those of a listener's options that may change while it listens; connections that come from then on have the new ones. */
function changeableOptionsOf({ settings }: ListenerOf<'c2s'>, { shapers }: Config) {
  const { pre_auth: before, limits } = settings
  const rate = shapers.get(settings.shaper)
  return {
    access: settings.access,
    authMethods: settings.allowed_auth_methods.length === 0 ? undefined : settings.allowed_auth_methods,
    allowPlainWithoutTls: settings.allow_plain_without_tls,
    offerSession: settings.backwards_compatible_session,
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
    outboundBytes: limits.max_queue_bytes,
    outboundStanzas: limits.max_queue_stanzas,
    shaper: () => {
      if (rate === undefined) return undefined
      const shaper = new Shaper(rate)
      return (bytes: number, nowMs: number) => shaper.take(bytes, nowMs)
    },
  }
}

/** Whether an address is in one of the networks. */
export function trusts(networks: readonly string[]): (ip: string) => boolean {
  const ranges = networks.map(ipRange)
  return (ip) => ranges.some((covers) => covers(ip))
}

/** TLS of a listener for streams. */
export function tlsOf(
  tls: ListenerOf<'c2s'>['settings']['tls'],
  development: TlsFiles,
  { clock }: Kernel,
): TlsOptions | undefined {
  if (tls === undefined) return undefined
  return {
    mode: tls.mode,
    context: tlsContext(tls, development, clock),
    requestCertificate: tls.verify_mode !== 'none',
    allowSelfSigned: tls.verify_mode === 'selfsigned_peer',
    requireCertificate: tls.verify_mode !== 'none' && tls.disconnect_on_failure,
  }
}
