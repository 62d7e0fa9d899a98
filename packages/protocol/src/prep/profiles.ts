/** The stringprep profiles of XMPP: nodeprep and resourceprep (RFC 6122), nameprep (RFC 3491), SASLprep (RFC 4013). */
import { BEYOND, CONTROL, NOT_LOCAL, UPPER, scan } from './ascii.ts'

/** Prepares a localpart (RFC 6122 Appendix A); undefined when it holds what the profile forbids. */
export function nodeprep(text: string): string | undefined {
  const bits = scan(text)
  if (bits & (BEYOND | CONTROL | NOT_LOCAL)) return undefined
  return bits & UPPER ? text.toLowerCase() : text
}

/** Prepares a resourcepart (RFC 6122 Appendix B); undefined when it holds what the profile forbids. */
export function resourceprep(text: string): string | undefined {
  return scan(text) & (BEYOND | CONTROL) ? undefined : text
}
