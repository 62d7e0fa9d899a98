/** Text that a parser reads back as it was (XML 1.0 §2.2, §2.4, §2.11, §3.3.3). */
import { Buffer } from 'node:buffer'
import { isCharacter } from './chars.ts'
import { malformed } from './errors.ts'

/** 0: as it is; 1: escaped; 2: escaped in attributes only; 3: never allowed. */
const ASCII = new Uint8Array(128)
ASCII.fill(3, 0, 0x20)
ASCII[0x09] = ASCII[0x0a] = ASCII[0x22] = ASCII[0x27] = 2
ASCII[0x0d] = ASCII[0x26] = ASCII[0x3c] = ASCII[0x3e] = 1

/** `text` for between tags. Throws XmlError for characters that XML cannot carry. */
export function escapeText(text: string): string {
  return text === plainText ? text : escape(text, 1)
}

/** `text` for between quotes of either kind. Throws XmlError for characters that XML cannot carry. */
export function escapeAttribute(text: string): string {
  return escape(text, 2)
}

/** A text of which the parser has just seen that nothing in it is to be escaped: most often the next one to be printed is the same. */
let plainText = ''

/** Remembers a text for between tags that is known to be ASCII with nothing to escape or refuse. */
export function noteAsPlain(text: string): void {
  plainText = text
}

/** Whether XML can carry every character: no control character but tab, LF and CR, no lone surrogate, no U+FFFE or U+FFFF. */
export function isXmlText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x20 && code < 0xd800) continue
    const full = text.codePointAt(i)!
    if (!isCharacter(full)) return false
    if (full > 0xffff) i++
  }
  return true
}

/** Below this length a look at each character costs less than a call into the engine. */
const SHORT = 13
/** As many characters as are copied at a time. */
const PIECE = 1024
const scratch = Buffer.allocUnsafeSlow(3 * PIECE)

/**
 * Whether `text` is ASCII with nothing to escape or refuse. Values cut out of larger strings are slow to read one by one;
 * their bytes, written somewhere else, are not (bench/README.md).
 */
function isPlain(text: string, level: number): boolean {
  const { length } = text
  for (let from = 0; from < length; from += PIECE) {
    const piece = length > PIECE ? text.slice(from, from + PIECE) : text
    const written = scratch.write(piece, 0, 'utf8')
    if (written !== piece.length) return false
    for (let i = 0; i < written; i++) {
      const kind = ASCII[scratch[i]!]!
      if (kind !== 0 && (kind !== 2 || level !== 1)) return false
    }
  }
  return true
}

function escape(text: string, level: number): string {
  if (text.length >= SHORT && isPlain(text, level)) return text
  let out = ''
  let from = 0
  const { length } = text
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) {
      if (code >= 0xd800) i += checkHigh(text, i)
      continue
    }
    const kind = ASCII[code]!
    if (kind === 0 || (kind === 2 && level === 1)) continue
    out += text.slice(from, i) + replacement(code)
    from = i + 1
  }
  return from === 0 ? text : out + text.slice(from)
}

/** How many further code units the character at `i` has. */
function checkHigh(text: string, i: number): number {
  const code = text.codePointAt(i)!
  if (!isCharacter(code)) throw malformed('a character that XML cannot carry')
  return code > 0xffff ? 1 : 0
}

function replacement(code: number): string {
  switch (code) {
    case 0x26:
      return '&amp;'
    case 0x3c:
      return '&lt;'
    case 0x3e:
      return '&gt;'
    case 0x22:
      return '&quot;'
    case 0x27:
      return '&apos;'
    case 0x09:
      return '&#9;'
    case 0x0a:
      return '&#10;'
    case 0x0d:
      return '&#13;'
    default:
      throw malformed('a character that XML cannot carry')
  }
}
