/** As much of a certificate as somebody reads, in DER. */
import { XMPP_ADDR } from './fields.ts'

const SUBJECT_ALT_NAME = '551d11'
const COMMON_NAME = '550403'

/** A value with its tag; a text is one in hexadecimal. */
export function der(tag: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)))
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

/** A string with its tag. */
export const words = (tag: number, text: string): Buffer => der(tag, Buffer.from(text))

/** RFC 5280 §4.2.1.6, `otherName`; `oid` is the content of its identifier. */
export const other = (oid: string, value: Buffer): Buffer => der(0xa0, der(0x06, oid), der(0xa0, value))

/** `id-on-xmppAddr` (RFC 6120 §13.7.1.4). */
export const address = (text: string): Buffer => other(XMPP_ADDR, words(0x0c, text))

/** A part of a subject. */
export const part = (oid: string, value: Buffer): Buffer => der(0x31, der(0x30, der(0x06, oid), value))

/** A common name in a subject. */
export const commonName = (text: string, tag = 0x0c): Buffer => part(COMMON_NAME, words(tag, text))

/** A certificate with these alternative names. */
export const withNames = (...names: readonly Buffer[]): Buffer => withSubject([], ...names)

/** A certificate with these parts of its subject, and these alternative names. */
export function withSubject(parts: readonly Buffer[], ...names: readonly Buffer[]): Buffer {
  const [empty, version] = [der(0x30), der(0xa0, der(0x02, '02'))]
  const extension = der(0x30, der(0x06, SUBJECT_ALT_NAME), der(0x04, der(0x30, ...names)))
  const extensions = names.length === 0 ? [] : [der(0xa3, der(0x30, extension))]
  return der(0x30, der(0x30, version, der(0x02, '01'), empty, empty, empty, der(0x30, ...parts), ...extensions))
}
