/** What a client is told, and what it assumes when it is not told. */
import { isIP } from 'node:net'
import { type ConnectionOptions } from 'node:tls'
import { type Limits } from '@meerkat/xml'
import { Jid, makeJid, parseJid } from '@meerkat/protocol'
import { type Log } from './history.ts'

/** How a connection is encrypted: after `<starttls/>` (RFC 6120 §5), from its first byte (XEP-0368), or not at all. */
export type TlsMode = 'starttls' | 'direct' | 'none'

/** Finite caps on what a server can make the client hold. */
export interface ClientLimits extends Limits {
  /** Stanzas that came and have not been received; one more ends the connection. */
  readonly queue: number
}

/** Who connects where, and how. Either `jid` or `domain` is needed; everything else has a default. */
export interface ClientOptions {
  /** `user@domain` or `user@domain/resource`. */
  readonly jid?: string | Jid | undefined
  /** Instead of `jid`; without it nobody can log in, but a stream can be opened. */
  readonly username?: string | undefined
  /** Instead of `jid`. */
  readonly domain?: string | undefined
  readonly password?: string | undefined
  /** Whom to act as when it is somebody else (RFC 6120 §6.3.8). */
  readonly authzid?: string | undefined
  /** A SASL mechanism; unless given, the best that both sides have: EXTERNAL with a certificate in `tlsOptions` and no password. */
  readonly mechanism?: string | undefined
  /** The fewest PBKDF2 iterations that a server may ask for; 4,096 (RFC 5802 §5.1) unless given. */
  readonly minIterations?: number | undefined
  /** The resource to ask for; unless given here or in `jid`, the server makes one. */
  readonly resource?: string | undefined
  /** The domain unless given. DNS SRV records are not looked up. */
  readonly host?: string | undefined
  /** 5222, or 5223 with direct TLS, unless given. */
  readonly port?: number | undefined
  /** `starttls` unless given; a server that does not offer it is then refused. */
  readonly tls?: TlsMode | undefined
  /** Certificates that are trusted, in PEM; those of Node unless given. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined
  /** Whether a certificate that is not trusted, or not for the domain, ends the connection; true unless given. */
  readonly rejectUnauthorized?: boolean | undefined
  /** Anything else for `tls.connect`: a client certificate, versions, a session. */
  readonly tlsOptions?: ConnectionOptions | undefined
  /** How long each wait lasts at most unless the call says otherwise, in milliseconds; 10,000 unless given. */
  readonly timeoutMs?: number | undefined
  readonly limits?: Partial<ClientLimits> | undefined
  /** Whether pings (XEP-0199) are answered; nothing is answered by itself unless this is true. */
  readonly answerPings?: boolean | undefined
  /** The language of the stream (`xml:lang`). */
  readonly lang?: string | undefined
  readonly log?: Log | undefined
}

/** Options with their defaults filled in. */
export interface Settings {
  readonly jid: Jid
  readonly host: string
  readonly port: number
  readonly tls: TlsMode
  readonly tlsOptions: ConnectionOptions
  readonly timeoutMs: number
  readonly queue: number
}

const QUEUE = 10_000

/** Fills in the defaults; throws JidError or TypeError when the address is wrong or missing. */
export function settingsOf(options: ClientOptions): Settings {
  const jid = addressOf(options)
  const tls = options.tls ?? 'starttls'
  return {
    jid,
    host: options.host ?? jid.domain,
    port: options.port ?? (tls === 'direct' ? 5223 : 5222),
    tls,
    tlsOptions: tlsOptionsOf(options, jid.domain, tls),
    timeoutMs: options.timeoutMs ?? 10_000,
    queue: options.limits?.queue ?? QUEUE,
  }
}

function addressOf({ jid, username = '', domain, resource = '' }: ClientOptions): Jid {
  if (jid === undefined && domain === undefined) throw new TypeError('A client needs a jid or a domain.')
  if (jid === undefined) return makeJid(username, domain!, resource)
  const address = jid instanceof Jid ? jid : parseJid(jid)
  return resource === '' ? address : address.withResource(resource)
}

function tlsOptionsOf(options: ClientOptions, domain: string, tls: TlsMode): ConnectionOptions {
  const { ca, rejectUnauthorized = true, tlsOptions } = options
  return {
    minVersion: 'TLSv1.2',
    rejectUnauthorized,
    // RFC 6066 §3: an address is no server name.
    ...(isIP(domain) === 0 ? { servername: domain } : {}),
    ...(ca === undefined ? {} : { ca: Array.isArray(ca) ? [...ca] : (ca as string | Buffer) }),
    ...(tls === 'direct' ? { ALPNProtocols: ['xmpp-client'] } : {}), // XEP-0368 §4
    ...tlsOptions,
  }
}
