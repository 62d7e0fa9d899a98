/** JIDs: the addresses of XMPP (RFC 6122). A `Jid` always holds prepared parts, so equal addresses are equal strings. */
import { domainprep, nodeprep, resourceprep } from './prep/index.ts'

/** The most a part may have, in bytes of UTF-8 (RFC 6122 §2.1). */
const MAX_PART_BYTES = 1023
/** Raw text longer than the longest JID (three parts and two separators) is refused before any work is done on it. */
const MAX_TEXT_LENGTH = 3 * MAX_PART_BYTES + 2

/** Why a text is no JID; the message names the part and the reason, and does not repeat the text. */
export class JidError extends Error {
  override readonly name = 'JidError'
}

/** An address with prepared parts; immutable. */
export class Jid {
  /** The localpart, '' when absent. */
  readonly local: string
  readonly domain: string
  /** The resourcepart, '' when absent. */
  readonly resource: string
  // Hidden, so that a deep comparison of two JIDs does not see what was cached.
  #text: string | undefined
  #bare: Jid | undefined

  /** Takes parts which are prepared already; use `parseJid` or `makeJid` for anything else. */
  constructor(local: string, domain: string, resource: string, text?: string, bare?: Jid) {
    this.local = local
    this.domain = domain
    this.resource = resource
    this.#text = text
    this.#bare = bare
  }

  /** The same address without its resource; itself when it has none. */
  get bare(): Jid {
    if (this.resource === '') return this
    return (this.#bare ??= new Jid(this.local, this.domain, ''))
  }

  /** The prepared text, as it goes on the wire and into keys. */
  toString(): string {
    return (this.#text ??= write(this.local, this.domain, this.resource))
  }

  /** Whether all three parts are the same. */
  equals(other: Jid): boolean {
    return (
      this === other || (this.local === other.local && this.domain === other.domain && this.resource === other.resource)
    )
  }

  /** The same bare address with another resource; throws JidError when that can't be prepared. */
  withResource(resource: string): Jid {
    const prepared = resource === '' ? undefined : resourceprep(resource)
    if (prepared === undefined) throw new JidError(resource === '' ? EMPTY_RESOURCE : BAD_RESOURCE)
    if (tooLong(prepared)) throw new JidError(LONG_RESOURCE)
    return new Jid(this.local, this.domain, prepared, undefined, this.bare)
  }
}

const EMPTY_LOCAL = 'localpart: empty before "@"'
const EMPTY_DOMAIN = 'domainpart: empty'
const EMPTY_RESOURCE = 'resourcepart: empty after "/"'
const BAD_LOCAL = 'localpart: holds a character which nodeprep forbids'
const BAD_DOMAIN = 'domainpart: neither a domain name nor an IP address'
const BAD_RESOURCE = 'resourcepart: holds a character which resourceprep forbids'
const LONG_LOCAL = 'localpart: longer than 1023 bytes'
const LONG_DOMAIN = 'domainpart: longer than 1023 bytes'
const LONG_RESOURCE = 'resourcepart: longer than 1023 bytes'
const LONG_TEXT = 'JID: longer than any JID can be'

/** Reads a JID; throws JidError which says which part is wrong and why. */
export function parseJid(text: string): Jid {
  const jid = read(text)
  if (typeof jid === 'string') throw new JidError(jid)
  return jid
}

/** Reads a JID; undefined when there is no text or it is no JID. */
export function tryJid(text: string | undefined): Jid | undefined {
  if (text === undefined) return undefined
  const jid = read(text)
  return typeof jid === 'string' ? undefined : jid
}

/** Makes a JID from unprepared parts ('' for an absent localpart or resource); throws JidError as `parseJid` does. */
export function makeJid(local: string, domain: string, resource = ''): Jid {
  const jid = assemble(local, domain, resource)
  if (typeof jid === 'string') throw new JidError(jid)
  return jid
}

/** The JID, or why there is none. */
function read(text: string): Jid | string {
  if (text.length > MAX_TEXT_LENGTH) return LONG_TEXT
  // RFC 6122 §2.1: the resource starts at the first "/", and only an "@" before it ends a localpart.
  const slash = text.indexOf('/')
  const end = slash === -1 ? text.length : slash
  const at = text.lastIndexOf('@', end)
  const first = at === -1 ? -1 : text.indexOf('@')
  if (first === 0) return EMPTY_LOCAL
  if (slash === text.length - 1 && slash !== -1) return EMPTY_RESOURCE
  const local = first === -1 ? '' : text.slice(0, first)
  return assemble(local, text.slice(first + 1, end), slash === -1 ? '' : text.slice(slash + 1))
}

function assemble(local: string, domain: string, resource: string): Jid | string {
  if (domain === '') return EMPTY_DOMAIN
  const name = domainprep(domain)
  if (name === undefined) return BAD_DOMAIN
  const node = nodeprep(local)
  // What maps to nothing, as a lone soft hyphen, is an empty part too.
  if (node === undefined || (node === '' && local !== '')) return BAD_LOCAL
  const device = resourceprep(resource)
  if (device === undefined || (device === '' && resource !== '')) return BAD_RESOURCE
  if (tooLong(name)) return LONG_DOMAIN
  if (tooLong(node)) return LONG_LOCAL
  if (tooLong(device)) return LONG_RESOURCE
  return new Jid(node, name, device)
}

function write(local: string, domain: string, resource: string): string {
  const bare = local === '' ? domain : `${local}@${domain}`
  return resource === '' ? bare : `${bare}/${resource}`
}

function tooLong(part: string): boolean {
  // One UTF-16 unit is at most three bytes of UTF-8.
  return part.length * 3 > MAX_PART_BYTES && utf8Length(part) > MAX_PART_BYTES
}

function utf8Length(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code >= 0x80) bytes += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 1 : 2
  }
  return bytes
}
