/** `[s2s]` and `[[listen.s2s]]` as the listeners for other servers and the connections to them want them. */
import { X509Certificate, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type SecureContext, createSecureContext, getCACertificates } from 'node:tls'
import { serverConnections } from '../api/index.ts'
import { s2sSettings } from '../core/config/declarations/s2s.ts'
import { readSettings } from '../core/config/read-settings.ts'
import type { Config, ListenerOf } from '../core/config/types.ts'
import type { Kernel } from '../core/kernel.ts'
import type { Values } from '../core/settings.ts'
import { Shaper } from '../core/shaper.ts'
import { systemDns } from '../listeners/s2s/dns.ts'
import { Federation } from '../listeners/s2s/federation.ts'
import { S2sListener } from '../listeners/s2s/listener.ts'
import type { Pause, S2sClientTls, S2sListenerOptions, S2sOptions } from '../listeners/s2s/options.ts'
import type { Roots } from '../listeners/s2s/trust.ts'
import { tlsOf } from './c2s.ts'
import { type TlsFiles, contextOf } from './certificates.ts'
import { presentConfig } from './present-config.ts'

type S2sSettings = Values<typeof s2sSettings>
type OutgoingTls = S2sSettings['outgoing']['tls']

/** Everything about other servers: the listeners, not open yet, and the connections to them. */
export interface S2s {
  readonly federation: Federation
  readonly listeners: readonly { readonly options: S2sListenerOptions; readonly listener: S2sListener }[]
}

/** What the configuration says about other servers; undefined when it says nothing: then nobody is spoken with. */
export function s2sOf(kernel: Kernel, config: Config, development: TlsFiles): S2s | undefined {
  const listeners = config.listen.filter((each): each is ListenerOf<'s2s'> => each.kind === 's2s')
  const hostTypes = [...config.hostTypes.values()]
  if (listeners.length === 0 && hostTypes.every(({ s2s }) => s2s === undefined)) return undefined
  const fallback = readSettings(s2sSettings, {}, { folder: '' }).values!
  const all = new Map(
    hostTypes.map((each) => {
      const settings = (each.s2s as S2sSettings | undefined) ?? fallback
      const routeSubdomains = each.general.route_subdomains === 's2s'
      return [each.name, s2sOptionsOf(kernel, config, settings, listeners, routeSubdomains)] as const
    }),
  )
  const { dns } = ((hostTypes[0]?.s2s as S2sSettings | undefined) ?? fallback).outgoing
  const usual = all.get(config.general.default_server_domain) ?? [...all.values()][0]!
  const federation = new Federation({
    kernel,
    dns: systemDns({ servers: dns.servers, timeoutMs: dns.timeout * 1000, tries: dns.retries }),
    options: (hostType) => (hostType === undefined ? usual : (all.get(hostType) ?? usual)),
  })
  const opened = listeners.map((each) => {
    const options = listenerOptionsOf(kernel, each, config, development)
    return { options, listener: new S2sListener(federation, options) }
  })
  kernel.share(serverConnections, {
    incoming: () => opened.reduce((sum, { listener }) => sum + listener.size, 0),
    outgoing: () => federation.size,
  })
  return { federation, listeners: opened }
}

function s2sOptionsOf(
  kernel: Kernel,
  { shapers }: Config,
  { default_policy, host_policy, shared, outgoing, stream_management: acks }: S2sSettings,
  listeners: readonly ListenerOf<'s2s'>[],
  routeSubdomains: boolean,
): S2sOptions {
  const policies = new Map(host_policy.map(({ host, policy }) => [host, policy]))
  return {
    allows: (domain) => (policies.get(domain) ?? default_policy) === 'allow',
    secret: shared ?? createHmac('sha256', kernel.secret).update('dialback').digest('hex'),
    port: outgoing.port,
    addresses: outgoing.address.map(({ host, ip_address: ip, port, tls }) => ({ host, ip, port, tls })),
    ipVersions: outgoing.ip_versions,
    denyPrivate: outgoing.deny_private_addresses,
    connectTimeoutMs: outgoing.connection_timeout,
    stateTimeoutMs: outgoing.state_timeout,
    streamTimeoutMs: outgoing.stream_timeout,
    maxRetryDelayMs: outgoing.max_retry_delay * 1000,
    queueBytes: outgoing.max_queue_bytes,
    queueStanzas: outgoing.max_queue_stanzas,
    queueTimeoutMs: outgoing.queue_timeout * 1000,
    // Over connections that we have made come features and short answers.
    limits: { stanzaBytes: 65_536, depth: 16, elements: 512, attributes: 64 },
    acks: acks.enabled
      ? {
          stanzas: acks.buffer_max,
          characters: acks.buffer_bytes,
          askEvery: acks.ack_freq,
          timeoutMs: acks.ack_timeout * 1000,
        }
      : undefined,
    tls: clientTlsOf(kernel, outgoing.tls, listeners),
    shaper: shaperOf(shapers.get(outgoing.shaper)),
    routeSubdomains,
  }
}

/** A server shows others the certificate that it also shows to those who come, unless another one is written. */
function clientTlsOf(kernel: Kernel, tls: OutgoingTls, listeners: readonly ListenerOf<'s2s'>[]): S2sClientTls {
  const shown = [tls, ...listeners.map(({ settings }) => settings.tls)].find((each) => each?.certfile !== undefined)
  const { certfile, keyfile, password } = shown ?? {}
  const { enabled, host } = tls.server_name_indication
  const own = certfile !== undefined && keyfile !== undefined
  return {
    mode: tls.mode,
    context: own
      ? contextOf({ ...tls, certfile, keyfile, password }, () => kernel.clock.monotonic())
      : contextWithout(tls),
    ownCertificate: own,
    mustTrust: tls.verify_mode === 'peer' && tls.disconnect_on_failure,
    serverName: enabled ? host : '',
  }
}

function contextWithout({ cacertfile, ciphers, versions, crl_files: lists }: OutgoingTls): () => SecureContext {
  const context = createSecureContext({
    minVersion: versions.includes('tlsv1.2') ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: versions.includes('tlsv1.3') ? 'TLSv1.3' : 'TLSv1.2',
    ...(cacertfile !== undefined && { ca: readFileSync(cacertfile) }),
    ...(ciphers !== undefined && { ciphers }),
    ...(lists.length > 0 && { crl: lists.map((file) => readFileSync(file)) }),
  })
  return () => context
}

function listenerOptionsOf(
  kernel: Kernel,
  listener: ListenerOf<'s2s'>,
  config: Config,
  development: TlsFiles,
): S2sListenerOptions {
  const { settings, port, ip_address: address } = listener
  const tls = settings.tls && tlsOf(settings.tls, development, kernel)
  const options: S2sListenerOptions = {
    ...changeableOptionsOf(listener, config),
    port,
    address: address ?? (settings.ip_version === 4 ? '0.0.0.0' : undefined),
    backlog: settings.backlog,
    // A certificate that a server has signed itself says nothing: dialback does.
    tls: tls && { ...tls, requireCertificate: tls.requireCertificate === true && tls.allowSelfSigned !== true },
    roots: settings.tls && rootsOf(settings.tls),
    defaultDomain: config.general.default_server_domain,
  }
  kernel.shared(presentConfig).followListener(listener, (next, config) => {
    const changes = changeableOptionsOf(next, config)
    return () => void Object.assign(options, changes)
  })
  return options
}

/** Those of a listener's options that may change while it listens; connections that come from then on have the new ones. */
function changeableOptionsOf({ settings }: ListenerOf<'s2s'>, { shapers }: Config) {
  const { pre_auth: before, limits } = settings
  return {
    beforeLogin: { stanzaBytes: before.max_stanza_size, depth: 8, elements: 32, attributes: 32 },
    afterLogin: {
      stanzaBytes: settings.max_stanza_size,
      depth: limits.max_depth,
      elements: limits.max_elements,
      attributes: limits.max_attributes,
    },
    authTimeoutMs: before.auth_timeout * 1000,
    idleTimeoutMs: limits.idle_timeout * 1000,
    maxConnections: settings.max_connections,
    maxUnauthenticatedPerIp: before.max_unauthenticated_per_ip,
    outboundBytes: limits.max_queue_bytes,
    shaper: shaperOf(shapers.get(settings.shaper)),
  }
}

const shaperOf = (rate: number | undefined) => (): Pause => {
  if (rate === undefined) return () => 0
  const shaper = new Shaper(rate)
  return (bytes, nowMs) => shaper.take(bytes, nowMs)
}

/** The trusted roots; none where revoked certificates are listed, which OpenSSL alone looks up. */
function rootsOf({
  cacertfile,
  crl_files: lists,
}: NonNullable<ListenerOf<'s2s'>['settings']['tls']>): Roots | undefined {
  if (lists.length > 0) return undefined
  let roots: readonly X509Certificate[] | undefined
  return () => (roots ??= readRoots(cacertfile))
}

function readRoots(file: string | undefined): readonly X509Certificate[] {
  if (file === undefined) return getCACertificates('default').map((pem) => new X509Certificate(pem))
  const blocks = readFileSync(file, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  return (blocks ?? []).map((pem) => new X509Certificate(pem))
}
