/** For which domains a certificate stands (RFC 6120 §13.7.1.2): by the alternative names in it alone, never by its subject (S38). */
import { domainToAscii, tryJid } from '@meerkat/protocol'
import { type DerValue, derValues, oidOf } from './der.ts'

const SUBJECT_ALT_NAME = '551d11'
/** 1.3.6.1.5.5.7.8.5 and 1.3.6.1.5.5.7.8.7 */
const XMPP_ADDR = '2b06010505070805'
const SRV_NAME = '2b06010505070807'

const SEQUENCE = 0x30
const EXTENSIONS = 0xa3
const DNS_NAME = 0x82
const OTHER_NAME = 0xa0
const UTF8_STRING = 0x0c
const IA5_STRING = 0x16

/** How many names of a certificate are looked at (S77). */
const MOST_NAMES = 256

/** The names in a certificate. */
export interface CertificateNames {
  /** `dNSName`, in lower case; the leftmost label may be `*`. */
  readonly dns: readonly string[]
  /** `id-on-xmppAddr`: domains. */
  readonly xmpp: readonly string[]
  /** `SRVName` for servers: domains, in lower case. */
  readonly srv: readonly string[]
}

/** Extensions of a certificate by their identifiers in hexadecimal; empty when it cannot be read. */
export function extensionsOf(raw: Buffer): Map<string, { readonly critical: boolean; readonly value: Buffer }> {
  const found = new Map<string, { critical: boolean; value: Buffer }>()
  try {
    const [certificate] = derValues(raw)
    const [body] = derValues(certificate!.content)
    const outer = [...derValues(body!.content)].find(({ tag }) => tag === EXTENSIONS)
    const [list] = outer === undefined ? [] : derValues(outer.content)
    for (const extension of list === undefined ? [] : derValues(list.content)) {
      const parts = [...derValues(extension.content)]
      found.set(oidOf(parts[0]!), { critical: parts.length === 3, value: parts.at(-1)!.content })
    }
    return found
  } catch {
    return new Map()
  }
}

/** The alternative names of a certificate in DER; none when they cannot be read. */
export function certificateNames(raw: Buffer): CertificateNames {
  const names = { dns: [] as string[], xmpp: [] as string[], srv: [] as string[] }
  const extension = extensionsOf(raw).get(SUBJECT_ALT_NAME)
  if (extension === undefined) return names
  try {
    const [list] = derValues(extension.value)
    let count = 0
    for (const name of list?.tag === SEQUENCE ? derValues(list.content) : []) {
      if (++count > MOST_NAMES) break
      if (name.tag === DNS_NAME) names.dns.push(name.content.toString('latin1').toLowerCase())
      else if (name.tag === OTHER_NAME) readOther(name, names)
    }
  } catch {
    return { dns: [], xmpp: [], srv: [] }
  }
  return names
}

/** RFC 6120 §13.7.1.4 (a JID in UTF-8) and RFC 4985 (`_xmpp-server.example.com`). */
function readOther(name: DerValue, names: { readonly xmpp: string[]; readonly srv: string[] }): void {
  const [type, wrapped] = derValues(name.content)
  if (type === undefined || wrapped === undefined) return
  const [value] = derValues(wrapped.content)
  if (value?.tag === UTF8_STRING && oidOf(type) === XMPP_ADDR) {
    const jid = tryJid(value.content.toString('utf8'))
    if (jid !== undefined && jid.local === '' && jid.resource === '') names.xmpp.push(jid.domain)
  } else if (value?.tag === IA5_STRING && oidOf(type) === SRV_NAME) {
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
