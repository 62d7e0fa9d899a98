/** JIDs: the addresses of XMPP (RFC 6122). A `Jid` always holds prepared parts, so equal addresses are equal strings. */
import { domainprep, nodeprep, resourceprep } from './prep/index.ts'
import { Recent } from './recent.ts'

/** The most a part may have, in bytes of UTF-8, before preparation and after (RFC 6122 §2.1). */
const MAX_PART_BYTES = 1023
/** How many JIDs one generation of the memo remembers, and the longest text it takes, in UTF-16 units. */
const MEMO_SIZE = 4096
const MEMO_TEXT_LENGTH = 256

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
  constructor(local: string, domain: string, resource: string, bare?: Jid) {
    this.local = local
    this.domain = domain
    this.resource = resource
    this.#text = undefined
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
    if (this === other) return true
    return this.local === other.local && this.domain === other.domain && this.resource === other.resource
  }

  /** The same bare address with another resource; throws JidError when that can't be prepared or is empty. */
  withResource(resource: string): Jid {
    const prepared = preparePart(resource, resourceprep)
    if (prepared === undefined) throw new JidError(RESOURCE.fault(resource))
    return new Jid(this.local, this.domain, prepared, this.bare)
  }
}

/** Reads a JID; throws JidError which says which part is wrong and why. */
export function parseJid(text: string): Jid {
  const jid = read(text)
  if (jid === undefined) throw new JidError(faultOf(split(text)))
  return jid
}

/** Reads a JID; undefined when there is no text or it is no JID. */
export function tryJid(text: string | undefined): Jid | undefined {
  return text === undefined ? undefined : read(text)
}

/** Makes a JID from unprepared parts ('' for an absent localpart or resource); throws JidError as `parseJid` does. */
export function makeJid(local: string, domain: string, resource = ''): Jid {
  const parts = { local: local === '' ? undefined : local, domain, resource: resource === '' ? undefined : resource }
  const jid = assemble(parts)
  if (jid === undefined) throw new JidError(faultOf(parts))
  return jid
}

/** Unprepared parts: undefined is absent, '' is empty where a separator says there is one. */
interface Parts {
  readonly local: string | undefined
  readonly domain: string
  readonly resource: string | undefined
}

type Prepare = (text: string) => string | undefined

const memo = new Recent<Jid>(MEMO_SIZE)

function read(text: string): Jid | undefined {
  if (text.length > MEMO_TEXT_LENGTH) return assemble(split(text))
  const known = memo.get(text)
  if (known !== undefined) return known
  const own = copy(text)
  const jid = assemble(split(own))
  if (jid !== undefined) memo.set(own, jid)
  return jid
}

/**
 * The same text in memory of its own. Text from a parser is a window on the chunk it was cut from, and the memo would
 * keep the whole chunk; a concatenation is copied when it is cut.
 */
function copy(text: string): string {
  return ` ${text}`.slice(1)
}

/** RFC 6122 §2.1: the resource starts at the first "/", and only an "@" before that ends a localpart. */
function split(text: string): Parts {
  const slash = text.indexOf('/')
  const end = slash === -1 ? text.length : slash
  const at = text.indexOf('@')
  const local = at === -1 || at > end ? undefined : text.slice(0, at)
  return {
    local,
    domain: text.slice(local === undefined ? 0 : at + 1, end),
    resource: slash === -1 ? undefined : text.slice(slash + 1),
  }
}

function assemble({ local, domain, resource }: Parts): Jid | undefined {
  const name = preparePart(domain, domainprep)
  if (name === undefined) return undefined
  const node = local === undefined ? '' : preparePart(local, nodeprep)
  if (node === undefined) return undefined
  const device = resource === undefined ? '' : preparePart(resource, resourceprep)
  return device === undefined ? undefined : new Jid(node, name, device)
}

/** A part within its limits before and after; what is left empty, a lone soft hyphen for one, is no part either. */
function preparePart(raw: string, prepare: Prepare): string | undefined {
  if (tooLong(raw)) return undefined
  const prepared = prepare(raw)
  return prepared === undefined || prepared === '' || tooLong(prepared) ? undefined : prepared
}

/** How a part is called and prepared, to say what is wrong with it. */
class PartName {
  readonly #name: string
  readonly #prepare: Prepare
  readonly #forbidden: string

  constructor(name: string, prepare: Prepare, forbidden: string) {
    this.#name = name
    this.#prepare = prepare
    this.#forbidden = forbidden
  }

  /** The fault of a part which `preparePart` refused. */
  fault(raw: string): string {
    if (raw === '') return `${this.#name} is empty`
    const prepared = tooLong(raw) ? raw : this.#prepare(raw)
    if (prepared === undefined) return `${this.#name} ${this.#forbidden}`
    if (prepared === '') return `${this.#name} is empty when prepared`
    return `${this.#name} is longer than ${MAX_PART_BYTES} bytes`
  }
}

const LOCAL = new PartName('localpart', nodeprep, 'holds characters which nodeprep forbids')
const DOMAIN = new PartName('domainpart', domainprep, 'is no host name and no IP address')
const RESOURCE = new PartName('resourcepart', resourceprep, 'holds characters which resourceprep forbids')

/** What is wrong with parts which `assemble` refused; the first fault in the same order. */
function faultOf({ local, domain, resource }: Parts): string {
  if (preparePart(domain, domainprep) === undefined) return DOMAIN.fault(domain)
  if (local !== undefined && preparePart(local, nodeprep) === undefined) return LOCAL.fault(local)
  return RESOURCE.fault(resource ?? '')
}

function write(local: string, domain: string, resource: string): string {
  const bare = local === '' ? domain : `${local}@${domain}`
  return resource === '' ? bare : `${bare}/${resource}`
}

function tooLong(part: string): boolean {
  // One UTF-16 unit is at most three bytes of UTF-8.
  return part.length * 3 > MAX_PART_BYTES && (part.length > MAX_PART_BYTES || utf8Length(part) > MAX_PART_BYTES)
}

function utf8Length(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    // Each half of a surrogate pair counts two of the pair's four bytes.
    if (code >= 0x80) bytes += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 1 : 2
  }
  return bytes
}
