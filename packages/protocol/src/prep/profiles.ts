/** The stringprep profiles of XMPP: nodeprep and resourceprep (RFC 6122), nameprep (RFC 3491), SASLprep (RFC 4013). */
import * as ascii from './ascii.ts'
import { type Profile, stringprep } from './stringprep.ts'
import { ASCII_CONTROL, CONTROL, NOT_LOCAL, SPACE, UNASSIGNED } from './tables.ts'

const NODEPREP: Profile = { fold: true, spaces: false, prohibited: SPACE | ASCII_CONTROL | CONTROL | NOT_LOCAL }
const RESOURCEPREP: Profile = { fold: false, spaces: false, prohibited: SPACE | ASCII_CONTROL | CONTROL }
const NAMEPREP: Profile = { fold: true, spaces: false, prohibited: SPACE | CONTROL }
const SASLPREP_QUERY: Profile = { fold: false, spaces: true, prohibited: SPACE | ASCII_CONTROL | CONTROL }
const SASLPREP_STORED: Profile = { ...SASLPREP_QUERY, prohibited: SASLPREP_QUERY.prohibited | UNASSIGNED }

/** Prepares a localpart (RFC 6122 Appendix A); undefined when it holds what the profile forbids. */
export function nodeprep(text: string): string | undefined {
  const bits = ascii.scan(text)
  if (bits & ascii.BEYOND) return stringprep(text, NODEPREP)
  if (bits & (ascii.CONTROL | ascii.NOT_LOCAL)) return undefined
  return bits & ascii.UPPER ? text.toLowerCase() : text
}

/** Prepares a resourcepart (RFC 6122 Appendix B); undefined when it holds what the profile forbids. */
export function resourceprep(text: string): string | undefined {
  return caseKept(text, RESOURCEPREP)
}

/** Prepares one label of a domain name (RFC 3491); undefined when it holds what the profile forbids. */
export function nameprep(text: string): string | undefined {
  const bits = ascii.scan(text)
  if (bits & ascii.BEYOND) return stringprep(text, NAMEPREP)
  return bits & ascii.UPPER ? text.toLowerCase() : text
}

/**
 * Prepares a user name or password for SASL (RFC 4013); undefined when it holds what the profile forbids. A string to
 * be stored may hold only what Unicode 3.2 knows, a `query` to be compared with a stored one may hold any (§2.5).
 */
export function saslprep(text: string, options: { readonly query?: boolean } = {}): string | undefined {
  return caseKept(text, options.query === true ? SASLPREP_QUERY : SASLPREP_STORED)
}

function caseKept(text: string, profile: Profile): string | undefined {
  const bits = ascii.scan(text)
  if (bits & ascii.BEYOND) return stringprep(text, profile)
  return bits & ascii.CONTROL ? undefined : text
}
