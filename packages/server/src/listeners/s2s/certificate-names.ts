/** For which domains a certificate stands (RFC 6120 §13.7.1.2): by the alternative names in it alone, never by its subject (S38). */
import { domainToAscii, tryJid } from '@meerkat/protocol'
import type { DerValue } from '../certificates/der.ts'
import {
  DNS_NAME,
  IA5_STRING,
  SRV_NAME,
  UTF8_STRING,
  XMPP_ADDR,
  alternativeNames,
  otherName,
} from '../certificates/fields.ts'

/** The names in a certificate. */
export interface CertificateNames {
  /** `dNSName`, in lower case; the leftmost label may be `*`. */
  readonly dns: readonly string[]
  /** `id-on-xmppAddr`: domains. */
  readonly xmpp: readonly string[]
  /** `SRVName` for servers: domains, in lower case. */
  readonly srv: readonly string[]
}

/** The alternative names of a certificate in DER; none when they cannot be read. */
export function certificateNames(raw: Buffer): CertificateNames {
  const names = { dns: [] as string[], xmpp: [] as string[], srv: [] as string[] }
  try {
    for (const name of alternativeNames(raw)) {
      if (name.tag === DNS_NAME) names.dns.push(name.content.toString('latin1').toLowerCase())
      else readOther(name, names)
    }
  } catch {
    return { dns: [], xmpp: [], srv: [] }
  }
  return names
}

/** RFC 6120 §13.7.1.4 (a JID in UTF-8) and RFC 4985 (`_xmpp-server.example.com`). */
function readOther(name: DerValue, names: { readonly xmpp: string[]; readonly srv: string[] }): void {
  const { type, value } = otherName(name) ?? {}
  if (value?.tag === UTF8_STRING && type === XMPP_ADDR) {
    const jid = tryJid(value.content.toString('utf8'))
    if (jid !== undefined && jid.local === '' && jid.resource === '') names.xmpp.push(jid.domain)
  } else if (value?.tag === IA5_STRING && type === SRV_NAME) {
    const [, domain] = /^_xmpp-server\.(.+)$/.exec(value.content.toString('latin1').toLowerCase()) ?? []
    if (domain !== undefined) names.srv.push(domain)
  }
}

/** RFC 9525 §6.3: whether the names stand for a domain; a wildcard stands for exactly one label. */
export function standsFor(names: CertificateNames, domain: string): boolean {
  if (names.xmpp.includes(domain)) return true
  const ascii = domainToAscii(domain)?.toLowerCase()
  if (ascii === undefined) return false
  if (names.srv.includes(ascii)) return true
  const parent = ascii.includes('.') ? ascii.slice(ascii.indexOf('.') + 1) : ''
  // "*.com" would be for everybody.
  const wildcard = parent.includes('.') ? `*.${parent}` : undefined
  return names.dns.some((name) => name === ascii || (wildcard !== undefined && name === wildcard))
}
