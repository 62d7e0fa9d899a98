/** The ASCII fast path of all string preparation profiles: one scan over a table of 128 classes. */

/** Class bit: upper-case letter, changed by the profiles which fold case. */
export const UPPER = 1
/** Class bit: control character (RFC 3454 table C.2.1). */
export const CONTROL = 2
/** Class bit: forbidden in a localpart, besides control characters (RFC 6122 Appendix A.5, and space from C.1.1). */
export const NOT_LOCAL = 4
/** Class bit: letter, digit, hyphen or underscore. */
export const NAME = 8
/** Class bit: not ASCII; the text needs the tables. */
export const BEYOND = 16

const CLASSES = new Uint8Array(128)
for (let code = 0; code < 128; code++) CLASSES[code] = classOf(code)

function classOf(code: number): number {
  if (code < 0x20 || code === 0x7f) return CONTROL
  const char = String.fromCharCode(code)
  if (char >= 'A' && char <= 'Z') return UPPER | NAME
  if ((char >= 'a' && char <= 'z') || (char >= '0' && char <= '9') || char === '-' || char === '_') return NAME
  return ' "&\'/:<>@'.includes(char) ? NOT_LOCAL : 0
}

/** The class bits of one UTF-16 code unit. */
export function classAt(text: string, index: number): number {
  const code = text.charCodeAt(index)
  return code < 128 ? CLASSES[code]! : BEYOND
}

/** All class bits which occur in `text`, without a copy of it; stops early at the first character beyond ASCII. */
export function scan(text: string): number {
  let bits = 0
  for (let index = 0; index < text.length && bits < BEYOND; index++) bits |= classAt(text, index)
  return bits
}
