/** From the bytes of a token to the text it means (XML 1.0 §2.11, §3.3.3, §4.1, §4.6). */
import { isUtf8 } from 'node:buffer'
import { type Bytes } from './bytes.ts'
import { AMPERSAND, BREAK, HIGH, LAST_PLANE, isCharacter } from './chars.ts'
import { XmlError, malformed } from './errors.ts'

/** The text of bytes for which the scanner found the bits `flags`. Throws XmlError. */
export function decode(bytes: Bytes, start: number, end: number, flags: number, attribute: boolean): string {
  let text = (flags & HIGH) === 0 ? bytes.latin1Slice(start, end) : decodeUtf8(bytes, start, end, flags)
  if ((flags & BREAK) !== 0) text = attribute ? spacesForBreaks(text) : normalizeBreaks(text)
  return (flags & AMPERSAND) === 0 ? text : expand(text)
}

function decodeUtf8(bytes: Bytes, start: number, end: number, flags: number): string {
  const text = bytes.utf8Slice(start, end)
  // What cannot be decoded becomes U+FFFD; where there is none, the slower check is not needed.
  if (text.includes('\uFFFD') && !isUtf8(bytes.subarray(start, end))) throw malformed('the stream is not UTF-8')
  if ((flags & LAST_PLANE) !== 0 && (text.includes('\uFFFE') || text.includes('\uFFFF'))) {
    throw malformed('U+FFFE and U+FFFF are no characters')
  }
  return text
}

/** §2.11: CR LF and CR alone become LF. */
function normalizeBreaks(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\r', '\n')
}

/** §3.3.3: a literal line break or tab in an attribute is a space; CR LF is one. */
function spacesForBreaks(text: string): string {
  return normalizeBreaks(text).replaceAll('\n', ' ').replaceAll('\t', ' ')
}

function expand(text: string): string {
  let out = ''
  let from = 0
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', from)) {
    const end = text.indexOf(';', at + 1)
    if (end < 0) throw malformed('a bare ampersand')
    out += text.slice(from, at) + resolve(text, at + 1, end)
    from = end + 1
  }
  return out + text.slice(from)
}

/** §4.1: a character reference or one of the five entities; RFC 6120 §11.1 forbids every other entity. */
function resolve(text: string, start: number, end: number): string {
  if (text.charCodeAt(start) === 0x23) return String.fromCodePoint(codeOf(text, start + 1, end))
  // No predefined name is longer than four; a longer stretch up to some far `;` is not worth cutting.
  const known = end - start > 4 ? undefined : PREDEFINED.get(text.slice(start, end))
  if (known !== undefined) return known
  for (let i = start; i < end || i === start; i++) {
    if (i === end || text.charCodeAt(i) <= 0x2d || i - start > 64) throw malformed('a bare ampersand')
  }
  throw new XmlError('restricted-xml', 'only the five predefined entities are allowed')
}

const PREDEFINED = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

function codeOf(text: string, start: number, end: number): number {
  const hexadecimal = text.charCodeAt(start) === 0x78
  const base = hexadecimal ? 16 : 10
  const first = hexadecimal ? start + 1 : start
  let code = 0
  for (let i = first; i < end && code <= 0x10ffff; i++) code = code * base + digit(text.charCodeAt(i), base)
  if (first >= end || !isCharacter(code)) throw malformed('a reference to no character')
  return code
}

function digit(code: number, base: number): number {
  const value = code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57
  if (value < 0 || value >= base || (code > 0x39 && value < 10)) throw malformed('a broken character reference')
  return value
}
