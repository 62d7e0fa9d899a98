/** SASL EXTERNAL for clients: whom a certificate lets in (XEP-0178 §2, RFC 6120 §6.3.8). */
import { type Jid, SaslError, makeJid, tryJid } from '@meerkat/protocol'
import { UTF8_STRING, XMPP_ADDR, alternativeNames, commonNames, otherName } from '../certificates/fields.ts'

/** A way from a certificate to an account (`auth.sasl_external`). */
export type ExternalWay = 'standard' | 'common_name' | 'auth_id'

/** Whom certificates stand for. */
export interface ExternalRules {
  /** Tried in this order; when none of them succeeds, the last one's refusal counts. */
  readonly ways: readonly ExternalWay[]
  /** What stands before and behind a common name in the name of the account. */
  readonly prefix: string
  readonly suffix: string
}

/** Only the addresses in a certificate count. */
export const STANDARD_RULES: ExternalRules = { ways: ['standard'], prefix: '', suffix: '' }

/** A client that has shown a certificate. */
interface Claim {
  readonly certificate: Buffer
  /** Whom the client asks to act as; '' when it does not say. */
  readonly authzid: string
  /** The domain of the stream. */
  readonly domain: string
}

/** Whose account it is that a client with this certificate may use; that there is one is not certain. Throws SaslError. */
export function certifiedUser(claim: Claim, { ways, prefix, suffix }: ExternalRules): Jid {
  let refusal = new SaslError('not-authorized')
  for (const way of ways) {
    try {
      if (way === 'standard') return ofDomain(byAddress(claim), claim.domain)
      if (way === 'auth_id') return ofDomain(tryJid(claim.authzid), claim.domain)
      return byCommonName(claim, prefix, suffix)
    } catch (error) {
      if (!(error instanceof SaslError)) throw error
      refusal = error
    }
  }
  throw refusal
}

/** XEP-0178 §2: the one address of a certificate, or that of several which the client has named. */
function byAddress({ certificate, authzid }: Claim): Jid | undefined {
  const addresses = xmppAddresses(certificate)
  if (addresses.length === 0) return undefined
  // With one address the client must not name any, with several it must.
  if ((addresses.length === 1) !== (authzid === '')) throw new SaslError('invalid-authzid')
  if (addresses.length === 1) return tryJid(addresses[0])
  const wanted = tryJid(authzid)
  return addresses.some((address) => wanted !== undefined && tryJid(address)?.equals(wanted)) ? wanted : undefined
}

/** XEP-0178 §2, for a certificate without address: the one common name, and nobody else may be asked for. */
function byCommonName({ certificate, authzid, domain }: Claim, prefix: string, suffix: string): Jid {
  const names = commonNames(certificate)
  // S38: of several names none is better than the others
  const user = names.length === 1 ? accountOf(names[0]!, domain) : undefined
  if (user === undefined) throw new SaslError('not-authorized')
  const asked = authzid === '' ? user : tryJid(authzid)?.bare
  if (asked?.equals(user) !== true) throw new SaslError('invalid-authzid')
  return ofDomain(accountOf(prefix + names[0]! + suffix, domain), domain)
}

/** The account of an address, when it is one of the domain. */
function ofDomain(address: Jid | undefined, domain: string): Jid {
  if (address === undefined || address.local === '' || address.domain !== domain) throw new SaslError('not-authorized')
  return address.bare
}

function accountOf(name: string, domain: string): Jid | undefined {
  try {
    return makeJid(name, domain)
  } catch {
    return undefined
  }
}

/** RFC 6120 §13.7.1.4: the addresses in a certificate, as they stand there; what is no UTF-8 is an address of nobody. */
function xmppAddresses(certificate: Buffer): string[] {
  try {
    return alternativeNames(certificate).flatMap((name) => {
      const { type, value } = otherName(name) ?? {}
      return type === XMPP_ADDR && value?.tag === UTF8_STRING ? [value.content.toString('utf8')] : []
    })
  } catch {
    return []
  }
}
