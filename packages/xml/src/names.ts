/** Qualified names and namespaces (Namespaces in XML 1.0). */
import { isUtf8 } from 'node:buffer'
import { type Bytes } from './bytes.ts'
import { isNcName } from './chars.ts'
import { malformed } from './errors.ts'
import { Interner, internalized } from './intern.ts'

/** The namespace of `xml:lang`, bound to the prefix `xml` for good. */
export const XML_NS = 'http://www.w3.org/XML/1998/namespace'
/** The namespace of namespace declarations; no element or attribute is in it. */
export const XMLNS_NS = 'http://www.w3.org/2000/xmlns/'
/** The namespace of the stream's root, features and errors (RFC 6120 §4.8.1). */
export const STREAMS_NS = 'http://etherx.jabber.org/streams'

/** An attribute without prefix. */
export const PLAIN = 0
/** An attribute (or element) with a prefix to look up. */
export const PREFIXED = 1
/** An attribute with the prefix `xml`. */
export const XML = 2
/** `xmlns`. */
export const DEFAULT_DECLARATION = 3
/** `xmlns:prefix`. */
export const PREFIX_DECLARATION = 4

/** A qualified name as it is written, checked and taken apart. */
export interface Name {
  /** The bytes as written; an end tag must repeat them. */
  readonly bytes: Uint8Array
  /** The whole name. */
  readonly text: string
  /** '' without one. */
  readonly prefix: string
  readonly local: string
  /** What it is as an attribute: PLAIN, PREFIXED, XML, DEFAULT_DECLARATION or PREFIX_DECLARATION. */
  readonly kind: number
}

function makeName(bytes: Bytes): Name {
  if (!isUtf8(bytes)) throw malformed('a name is not UTF-8')
  const text = bytes.utf8Slice(0, bytes.length)
  const colon = text.indexOf(':')
  const prefix = colon < 0 ? '' : text.slice(0, colon)
  const local = text.slice(colon + 1)
  if (!isNcName(local) || (colon >= 0 && !isNcName(prefix))) throw malformed('not a qualified name')
  return {
    bytes: Uint8Array.from(bytes),
    text: internalized(text),
    prefix: internalized(prefix),
    local: internalized(local),
    kind: kindOf(prefix, local),
  }
}

function kindOf(prefix: string, local: string): number {
  if (prefix === '') return local === 'xmlns' ? DEFAULT_DECLARATION : PLAIN
  if (prefix === 'xmlns') return PREFIX_DECLARATION
  return prefix === 'xml' ? XML : PREFIXED
}

/** Names by their bytes; throws XmlError for bytes that are no qualified name. */
export const names = new Interner<Name>(makeName)

/** Namespaces by their UTF-8 bytes, which the caller has checked. */
export const namespaces = new Interner<string>((bytes) => internalized(bytes.utf8Slice(0, bytes.length)))
