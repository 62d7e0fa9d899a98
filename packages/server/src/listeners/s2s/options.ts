/** How this server speaks with other servers. */
import type { SecureContext } from 'node:tls'
import type { StreamLimits, TlsOptions } from '../c2s/options.ts'
import type { Roots } from './trust.ts'

/** Milliseconds to pause after so many bytes. */
export type Pause = (bytes: number, nowMs: number) => number

/** How a listener for servers behaves. */
export interface S2sListenerOptions {
  readonly port: number
  readonly address: string | undefined
  readonly backlog: number
  readonly tls: TlsOptions | undefined
  /** Whom to trust where OpenSSL refuses a certificate for its purpose. */
  readonly roots: Roots | undefined
  readonly beforeLogin: StreamLimits
  readonly afterLogin: StreamLimits
  /** How long a server may take from connecting to its first domain, in milliseconds. */
  readonly authTimeoutMs: number
  /** How long a server that has shown its domain may be silent, in milliseconds. */
  readonly idleTimeoutMs: number
  readonly maxConnections: number
  readonly maxUnauthenticatedPerIp: number
  /** Characters of answers that may wait for a server that does not read. */
  readonly outboundBytes: number
  /** The domain named in stream errors before the other server has named one. */
  readonly defaultDomain: string
  readonly shaper: () => Pause
}

/** An address that is written in the configuration. */
export interface FixedAddress {
  readonly host: string
  readonly ip: string
  readonly port: number | undefined
  readonly tls: boolean
}

/** TLS of connections to other servers. */
export interface S2sClientTls {
  readonly mode: 'tls' | 'starttls' | 'starttls_required'
  readonly context: () => SecureContext
  /** Whether the context has a certificate of ours to show. */
  readonly ownCertificate: boolean
  /** Refuse servers whose certificate is not trusted, or not for their domain. */
  readonly mustTrust: boolean
  /** The name that is asked for in place of the domain; '' for none. */
  readonly serverName: string | undefined
}

/** Acknowledgements of what other servers are sent (XEP-0198). */
export interface AckOptions {
  /** How much may wait for an acknowledgement; what comes then waits to be sent. */
  readonly stanzas: number
  readonly characters: number
  /** Behind how many stanzas the other server is asked. */
  readonly askEvery: number
  /** How long it may take to answer. */
  readonly timeoutMs: number
}

/** `[s2s]` of a host type. */
export interface S2sOptions {
  readonly allows: (domain: string) => boolean
  /** The secret of dialback. */
  readonly secret: string | Buffer
  readonly port: number
  readonly addresses: readonly FixedAddress[]
  readonly ipVersions: readonly (4 | 6)[]
  readonly denyPrivate: boolean
  readonly connectTimeoutMs: number
  /** How long one step of a negotiation may take. */
  readonly stateTimeoutMs: number
  /** How long a connection may lie idle. */
  readonly streamTimeoutMs: number
  readonly maxRetryDelayMs: number
  /** What waits for a domain, at most, and how long. */
  readonly queueBytes: number
  readonly queueStanzas: number
  readonly queueTimeoutMs: number
  readonly limits: StreamLimits
  /** Undefined: nothing is acknowledged, in neither direction. */
  readonly acks: AckOptions | undefined
  readonly tls: S2sClientTls
  readonly shaper: () => Pause
  /** Whether stanzas to subdomains of ours that nobody serves go out. */
  readonly routeSubdomains: boolean
}
