/** What stands in a certificate, from its DER (RFC 5280 §4.1), never from a printed form of it (S38). */
import { type DerValue, derValues, oidOf } from './der.ts'

const SUBJECT_ALT_NAME = '551d11'
const COMMON_NAME = '550403'
/** 1.3.6.1.5.5.7.8.5 (RFC 6120 §13.7.1.4) */
export const XMPP_ADDR = '2b06010505070805'
/** 1.3.6.1.5.5.7.8.7 (RFC 4985) */
export const SRV_NAME = '2b06010505070807'

const SEQUENCE = 0x30
const EXTENSIONS = 0xa3
const VERSION = 0xa0
/** Tags of strings. */
export const UTF8_STRING = 0x0c
export const PRINTABLE_STRING = 0x13
export const IA5_STRING = 0x16
/** Tags of alternative names. */
export const OTHER_NAME = 0xa0
export const DNS_NAME = 0x82

/** How many names of a certificate are looked at (S77). */
const MOST_NAMES = 256

/** An extension of a certificate. */
export interface Extension {
  readonly critical: boolean
  readonly value: Buffer
}

/** Extensions of a certificate by their identifiers in hexadecimal; empty when it cannot be read. */
export function extensionsOf(raw: Buffer): Map<string, Extension> {
  const found = new Map<string, Extension>()
  try {
    const outer = bodyOf(raw).find(({ tag }) => tag === EXTENSIONS)
    const [list] = outer === undefined ? [] : derValues(outer.content)
    for (const extension of list === undefined ? [] : derValues(list.content)) {
      const parts = [...derValues(extension.content)]
      found.set(oidOf(parts[0]!), { critical: parts.length === 3, value: parts.at(-1)!.content })
    }
    return found
  } catch {
    return new Map()
  }
}

/** The alternative names of a certificate, as they stand there; none when they cannot be read, and of thousands the first. */
export function alternativeNames(raw: Buffer): DerValue[] {
  const extension = extensionsOf(raw).get(SUBJECT_ALT_NAME)
  if (extension === undefined) return []
  const names: DerValue[] = []
  try {
    const [list] = derValues(extension.value)
    for (const name of list?.tag === SEQUENCE ? derValues(list.content) : []) {
      if (names.length === MOST_NAMES) break
      names.push(name)
    }
  } catch {
    return []
  }
  return names
}

/** RFC 5280 §4.2.1.6, `otherName`: the identifier of its kind, and its value. Undefined when it is another name. Throws RangeError when it is cut off. */
export function otherName({ tag, content }: DerValue): { readonly type: string; readonly value: DerValue } | undefined {
  if (tag !== OTHER_NAME) return undefined
  const [type, wrapped] = derValues(content)
  const [value] = wrapped === undefined ? [] : derValues(wrapped.content)
  return type === undefined || value === undefined ? undefined : { type: oidOf(type), value }
}

/** The common names in the subject, each in the kinds of strings that RFC 5280 §4.1.2.4 wants; none when the subject cannot be read. */
export function commonNames(raw: Buffer): string[] {
  try {
    const body = bodyOf(raw)
    // serial number, signature, issuer, validity, subject; before them a version, which the first one has not
    const subject = body[body[0]?.tag === VERSION ? 5 : 4]
    const found: string[] = []
    for (const set of derValues(subject!.content))
      for (const part of derValues(set.content)) {
        const [type, value] = derValues(part.content)
        if (oidOf(type!) === COMMON_NAME && STRINGS.has(value!.tag)) found.push(value!.content.toString('utf8'))
      }
    return found
  } catch {
    return []
  }
}

const STRINGS: ReadonlySet<number> = new Set([UTF8_STRING, PRINTABLE_STRING, IA5_STRING])

/** The parts of what is signed. */
function bodyOf(raw: Buffer): DerValue[] {
  const [certificate] = derValues(raw)
  const [body] = derValues(certificate!.content)
  return [...derValues(body!.content)]
}
