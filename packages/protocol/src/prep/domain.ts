/**
 * Domainparts: host names and IP addresses (RFC 6122 §2.2).
 *
 * The prepared form of an internationalised name is Unicode, whichever form arrives: `xn--bcher-kva.example` and
 * `BÜCHER.example` are one domain, so they must be one string (RFC 7622 §3.2.1 demands it). An `xn--` label which
 * IDNA2003 can't decode and encode to itself (an IDNA2008 name with ß, say) stays as it is: it names a real host.
 */
import { NAME, UPPER, classAt } from './ascii.ts'
import { MAX_LABEL, labelToAscii, labelToUnicode } from './idna.ts'

const DOT = 0x2e
const HYPHEN = 0x2d
const LOWER_X = 0x78
const UPPER_X = 0x58
/** More labels than 1023 bytes can hold: such text is not split. */
const MAX_LENGTH = 1023
const ADDRESS_CHARACTERS = '0123456789abcdefABCDEF:.'

/** Prepares a domainpart; undefined when it is no host name and no IP address. One dot at the end is taken off. */
export function domainprep(text: string): string | undefined {
  if (text.charCodeAt(0) === 0x5b) return ipv6Literal(text)
  const plain = plainName(text)
  return plain ?? everyLabel(text, labelToUnicode)
}

/** The name to ask DNS for, or to offer in TLS: ToASCII of each label; undefined when there is none. */
export function domainToAscii(domain: string): string | undefined {
  if (domain.charCodeAt(0) === 0x5b) return ipv6Literal(domain)
  return everyLabel(domain, labelToAscii)
}

/** The fast path: an ASCII name without `xn--`, in lower case; undefined for all others, right or wrong. */
function plainName(text: string): string | undefined {
  const end = text.charCodeAt(text.length - 1) === DOT ? text.length - 1 : text.length
  let bits = 0
  let start = 0
  for (let index = 0; index <= end; index++) {
    if (index === end || text.charCodeAt(index) === DOT) {
      if (!plainLabel(text, start, index)) return undefined
      start = index + 1
      continue
    }
    const found = classAt(text, index)
    if ((found & NAME) === 0) return undefined
    bits |= found
  }
  const name = end === text.length ? text : text.slice(0, end)
  return bits & UPPER ? name.toLowerCase() : name
}

function plainLabel(text: string, start: number, end: number): boolean {
  if (start === end || end - start > MAX_LABEL) return false
  const first = text.charCodeAt(start)
  if (first === HYPHEN || text.charCodeAt(end - 1) === HYPHEN) return false
  return !((first === LOWER_X || first === UPPER_X) && text.startsWith('--', start + 2))
}

/** Splits at the four dots of RFC 3490 §3.1 and puts what `prepare` returns together again. */
function everyLabel(text: string, prepare: (label: string) => string | undefined): string | undefined {
  if (text.length > MAX_LENGTH) return undefined
  let name = ''
  let start = 0
  for (let index = 0; index <= text.length; index++) {
    if (index < text.length && !isDot(text.charCodeAt(index))) continue
    // The root's empty label: one dot at the end (RFC 7622 §3.2).
    if (index === text.length && index === start && name !== '') break
    const label = prepare(text.slice(start, index))
    if (label === undefined) return undefined
    name = name === '' ? label : `${name}.${label}`
    start = index + 1
  }
  return name
}

function isDot(code: number): boolean {
  return code === DOT || code === 0x3002 || code === 0xff0e || code === 0xff61
}

/** An IPv6 address in brackets, in the one form of RFC 5952; undefined when it is none, or has a zone. */
function ipv6Literal(text: string): string | undefined {
  const end = text.length - 1
  if (text.charCodeAt(end) !== 0x5d) return undefined
  for (let index = 1; index < end; index++) if (!ADDRESS_CHARACTERS.includes(text.charAt(index))) return undefined
  return URL.parse(`http://${text}`)?.hostname
}
