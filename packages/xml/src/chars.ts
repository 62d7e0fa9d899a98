/** Character classes of XML 1.0 (fifth edition) §2.2, §2.3 and Namespaces in XML 1.0 §4, per byte and per code point. */

/** The bytes have a bit above 0x7F: they need UTF-8 decoding. */
export const HIGH = 1
/** An `&`: references need resolving. */
export const AMPERSAND = 2
/** Line breaks (in attributes any white space but the space) need normalising (§2.11, §3.3.3). */
export const BREAK = 4
/** A first byte of U+FFFE or U+FFFF, which no document may contain, or of its many valid neighbours. */
export const LAST_PLANE = 8
/** Ends a text token. */
export const LESS = 16
/** `>` in text, which must not close `]]`. */
export const GREATER = 32
/** Either quote. */
export const QUOTE = 64
/** Never allowed. */
export const ILLEGAL = 128

/** First and last of each range above ASCII. */
const NAME_START = [
  0xc0, 0xd6, 0xd8, 0xf6, 0xf8, 0x2ff, 0x370, 0x37d, 0x37f, 0x1fff, 0x200c, 0x200d, 0x2070, 0x218f, 0x2c00, 0x2fef,
  0x3001, 0xd7ff, 0xf900, 0xfdcf, 0xfdf0, 0xfffd, 0x10000, 0xeffff,
]

/** Bits for bytes of text between tags. */
export const TEXT = new Uint8Array(256)
/** Bits for bytes of attribute values. */
export const VALUE = new Uint8Array(256)
/** 1 for bytes that can be part of a qualified name; characters above 0x7F are judged when the name is complete. */
export const NAME_BYTE = new Uint8Array(256)

for (let byte = 0; byte < 256; byte++) {
  const bits = byte < 0x20 ? ILLEGAL : byte < 0x80 ? 0 : byte === 0xef ? HIGH | LAST_PLANE : HIGH
  TEXT[byte] = bits
  VALUE[byte] = bits
  NAME_BYTE[byte] = byte >= 0x80 || byte === 0x3a || isNameCharacter(byte) ? 1 : 0
}
TEXT[0x09] = TEXT[0x0a] = 0
TEXT[0x0d] = BREAK
VALUE[0x09] = VALUE[0x0a] = VALUE[0x0d] = BREAK
TEXT[0x26] = VALUE[0x26] = AMPERSAND
TEXT[0x3c] = LESS
VALUE[0x3c] = ILLEGAL
TEXT[0x3e] = GREATER
VALUE[0x22] = VALUE[0x27] = QUOTE

/** Whether a byte or code unit is XML white space (§2.3). */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d
}

/** Whether a code point may occur in a document (§2.2 `Char`). */
export function isCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff)
}

/** Whether a code point may begin a name without colon (§2.3 `NameStartChar`). */
export function isNameStart(code: number): boolean {
  if (code < 0x80) return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f
  return within(NAME_START, code)
}

/** Whether a code point may continue a name without colon (§2.3 `NameChar`). */
export function isNameCharacter(code: number): boolean {
  if (code < 0x80) return isNameStart(code) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2e
  return code === 0xb7 || (code >= 0x300 && code <= 0x36f) || code === 0x203f || code === 0x2040 || isNameStart(code)
}

/** Whether `text` is a name without colon (Namespaces §3 `NCName`). */
export function isNcName(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i)!
    if (i === 0 ? !isNameStart(code) : !isNameCharacter(code)) return false
    if (code > 0xffff) i++
  }
  return text !== ''
}

function within(ranges: readonly number[], code: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) if (code >= ranges[i]! && code <= ranges[i + 1]!) return true
  return false
}
