/**
 * Internationalised labels (RFC 3490), with AllowUnassigned and UseSTD3ASCIIRules as RFC 6122 §2.2 wants them.
 *
 * One exception to STD 3: an underscore passes for a letter. Servers in the field check no more than nameprep, and
 * container networks and DNS service labels do give hosts such names.
 */
import { BEYOND, NAME, classAt, scan } from './ascii.ts'
import { nameprep } from './profiles.ts'
import { punycodeDecode, punycodeEncode } from './punycode.ts'

/** The most bytes a label may have in ASCII (RFC 3490 §4.1 step 8). */
export const MAX_LABEL = 63
const ACE_PREFIX = 'xn--'
const HYPHEN = 0x2d

/** ToASCII (RFC 3490 §4.1), in lower case; undefined when `label` can't be one of a host name. */
export function labelToAscii(label: string): string | undefined {
  const prepared = prepareLabel(label)
  return prepared === undefined ? undefined : encodeLabel(prepared)
}

/** The prepared form of a label, Unicode where it can be; undefined when ToASCII refuses it. */
export function labelToUnicode(label: string): string | undefined {
  const prepared = prepareLabel(label)
  if (prepared === undefined) return undefined
  const ascii = encodeLabel(prepared)
  // What was encoded decodes to itself, as preparing it again changes nothing; only ASCII text may yet be an encoding.
  if (ascii === undefined) return undefined
  return ascii === prepared ? decodeLabel(ascii) : prepared
}

/** Steps 2 and 3 of ToASCII. */
function prepareLabel(label: string): string | undefined {
  const prepared = nameprep(label)
  return prepared !== undefined && isName(prepared) ? prepared : undefined
}

/** Steps 4 to 8 of ToASCII. */
function encodeLabel(prepared: string): string | undefined {
  if ((scan(prepared) & BEYOND) === 0) return prepared.length <= MAX_LABEL ? prepared : undefined
  // Step 5. And each code point needs one digit or more, at most two units: what is longer need not be encoded.
  if (prepared.startsWith(ACE_PREFIX) || prepared.length > 2 * MAX_LABEL) return undefined
  const ascii = ACE_PREFIX + punycodeEncode(prepared)
  return ascii.length <= MAX_LABEL ? ascii : undefined
}

/** ToUnicode (RFC 3490 §4.2) of an ASCII label in lower case: the same label when it encodes nothing, or wrongly. */
function decodeLabel(label: string): string {
  if (!label.startsWith(ACE_PREFIX)) return label
  const decoded = punycodeDecode(label.slice(ACE_PREFIX.length))
  return decoded !== undefined && labelToAscii(decoded) === label ? decoded : label
}

/** Step 3 of ToASCII: ASCII characters are letters, digits, hyphens or underscores; no hyphen first or last. */
function isName(label: string): boolean {
  if (label === '' || label.charCodeAt(0) === HYPHEN || label.charCodeAt(label.length - 1) === HYPHEN) return false
  for (let index = 0; index < label.length; index++) {
    if ((classAt(label, index) & (NAME | BEYOND)) === 0) return false
  }
  return true
}
