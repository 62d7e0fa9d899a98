import type { SecureContext } from 'node:tls'
import { type ExternalRules, STANDARD_RULES } from './external.ts'

/** TLS of a listener. */
export interface TlsOptions {
  /** `tls`: from the first byte; `starttls`: offered; `starttls_required`: nothing else is offered before it. */
  readonly mode: 'tls' | 'starttls' | 'starttls_required'
  /** The present certificate and key; asked for each handshake, so that a replaced file is used without a restart. */
  readonly context: () => SecureContext
  /** Asks clients for a certificate. */
  readonly requestCertificate?: boolean
  /** Takes a certificate that is signed by itself, too. */
  readonly allowSelfSigned?: boolean
  /** Ends a connection whose client shows no certificate, or one that is not taken. */
  readonly requireCertificate?: boolean
}

/** What a client may make the server hold, before and after it has authenticated. */
export interface StreamLimits {
  readonly stanzaBytes: number
  readonly depth: number
  readonly elements: number
  readonly attributes: number
}

/** How a listener for clients behaves. */
export interface C2sOptions {
  readonly port: number
  readonly address: string | undefined
  /** How many connections may wait to be accepted, and how many of those accepted for their PROXY header. */
  readonly backlog: number
  /** The authentication methods that this listener uses; undefined: all of the host type. */
  readonly authMethods: readonly string[] | undefined
  readonly tls: TlsOptions | undefined
  /** The rule of `[access]` that says who may use this listener. */
  readonly access: string
  readonly beforeLogin: StreamLimits
  readonly afterLogin: StreamLimits
  /** How long a client may take from connecting to a bound session, in milliseconds. */
  readonly authTimeoutMs: number
  readonly authAttempts: number
  readonly maxConnections: number
  /** Connections of one address that have not authenticated. */
  readonly maxUnauthenticatedPerIp: number
  /** Failed logins of one address before it has to wait for them to be forgiven; `Infinity`: failures have no consequences. */
  readonly maxFailuresPerIp: number
  /** Whether the PROXY header of a connection from this address is believed; undefined: connections begin without one. */
  readonly trustedProxy: ((ip: string) => boolean) | undefined
  /** Whether all clients may have the same address, that of a proxy: what one of them does there is not held against the others. */
  readonly sharedAddress: boolean
  readonly allowPlainWithoutTls: boolean
  /** Offers `<session/>` to clients of RFC 3921. */
  readonly offerSession: boolean
  /** Characters, and stanzas, that may wait for a client that does not read. */
  readonly outboundBytes: number
  readonly outboundStanzas: number
  /** The domain named in stream errors before the client has named one. */
  readonly defaultDomain: string
  /** Closes without a word on a stream header that is no XMPP. */
  readonly hideServiceName: boolean
  /** `sasl_mechanisms` of a host type, by their names on the wire in the order of the offer; undefined: all. */
  readonly mechanisms: (hostType: string) => readonly string[] | undefined
  /** Whom certificates stand for in a host type (`auth.sasl_external`). */
  readonly external: (hostType: string) => ExternalRules
  /** The iterations of SCRAM that a host type keeps passwords with (`auth.password.scram_iterations`). */
  readonly scramIterations: (hostType: string) => number
  /**
   * Milliseconds to pause a client's reading after so many bytes, by the listener's shaper. A fresh one for each connection; undefined where clients
   * are never paused.
   */
  readonly shaper: () => ((bytes: number, nowMs: number) => number) | undefined
}

/** The options of a listener on `port` with our defaults; `changes` on top. */
export function c2sOptions(port: number, changes: Partial<C2sOptions> = {}): C2sOptions {
  return {
    port,
    address: '127.0.0.1',
    backlog: 1024,
    authMethods: undefined,
    tls: undefined,
    access: 'all',
    beforeLogin: { stanzaBytes: 8192, depth: 8, elements: 32, attributes: 32 },
    afterLogin: { stanzaBytes: 262_144, depth: 64, elements: 4096, attributes: 256 },
    authTimeoutMs: 30_000,
    authAttempts: 3,
    maxConnections: Infinity,
    maxUnauthenticatedPerIp: 100,
    maxFailuresPerIp: 100,
    trustedProxy: undefined,
    sharedAddress: false,
    allowPlainWithoutTls: false,
    offerSession: true,
    outboundBytes: 1_048_576,
    outboundStanzas: 1000,
    defaultDomain: 'localhost',
    hideServiceName: false,
    mechanisms: () => undefined,
    external: () => STANDARD_RULES,
    scramIterations: () => 10_000,
    shaper: () => () => 0,
    ...changes,
  }
}
