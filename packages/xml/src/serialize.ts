/**
 * Trees to text, in one form only, whatever the peer wrote: the default namespace is declared where it changes, no
 * prefix but `stream`, `xml` and those of attributes in a namespace. Without recursion (S8), never from raw bytes (S12).
 */
import { checkDuplicates } from './attributes.ts'
import { isNcName } from './chars.ts'
import type { Element, Node } from './element.ts'
import { malformed } from './errors.ts'
import { escapeAttribute, escapeText } from './escape.ts'
import { STREAMS_NS, XMLNS_NS, XML_NS } from './names.ts'

/**
 * The text of an element. `parentNs` is the default namespace in force where it will stand: with 'jabber:client' a
 * stanza is printed without `xmlns`. Throws XmlError for what our own parser would refuse: names that are none, an
 * attribute twice, characters that XML cannot carry (see `isXmlText`).
 */
export function serialize(element: Element, parentNs = ''): string {
  return print(element, parentNs, false)
}

/** As `serialize`, within a stream whose root has bound the prefix `stream`: its features and errors are printed with it. */
export function serializeInStream(element: Element, parentNs = 'jabber:client'): string {
  return print(element, parentNs, true)
}

/** The root's start tag: what `open(header, defaultNs)` of a StreamHandler got, printed. */
export function serializeHeader(header: Element, defaultNs: string): string {
  const declared = ` xmlns='${escapeAttribute(defaultNs)}' xmlns:stream='${STREAMS_NS}'`
  return `${printAttributes(`<stream:${checkedName(header.name)}${declared}`, header.attrs)}>`
}

/** An element whose children are being printed. */
interface Open {
  readonly children: readonly Node[]
  /** The end tag. */
  readonly end: string
  /** The default namespace within. */
  readonly ns: string
  /** The next child. */
  next: number
  /** What this one is in. */
  readonly outer: Open | undefined
}

function print(root: Element, parentNs: string, inStream: boolean): string {
  let out = ''
  let open: Open | undefined
  let element: Element | undefined = root
  let ns = parentNs
  while (element !== undefined) {
    const { children } = element
    const prefix: string = prefixOf(element, inStream)
    const tag = prefix === '' ? tagOf(element.name) : prefixedTag(prefix, element.name)
    out += tag.start
    if (prefix === '' && element.ns !== ns) {
      ns = element.ns
      out += declare(ns)
    }
    out = printAttributes(out, element.attrs)
    if (children.length === 0) out += '/>'
    // Most elements with something in them hold one text.
    else if (children.length === 1 && typeof children[0] === 'string') out += `>${escapeText(children[0])}${tag.end}`
    else {
      out += '>'
      open = { children, end: tag.end, ns, next: 0, outer: open }
    }
    element = undefined
    // Text and end tags up to the next element.
    while (open !== undefined && element === undefined) {
      ns = open.ns
      if (open.next === open.children.length) {
        out += open.end
        open = open.outer
        continue
      }
      const child: Node = open.children[open.next++]!
      if (typeof child === 'string') out += escapeText(child)
      else element = child
    }
  }
  return out
}

function prefixOf(element: Element, inStream: boolean): string {
  if (inStream && element.ns === STREAMS_NS) return 'stream:'
  return element.ns === XML_NS ? 'xml:' : ''
}

function declare(ns: string): string {
  if (ns === XMLNS_NS) throw malformed('no element is in the namespace of declarations')
  return ` xmlns='${escapeAttribute(ns)}'`
}

/** `out` with attributes behind it. Joining few and long pieces is most of what printing costs. */
function printAttributes(out: string, attrs: readonly string[]): string {
  if (attrs.length === 0) return out
  if (attrs.length > 2) checkDuplicates(attrs)
  for (let i = 0; i < attrs.length; i += 2) {
    const name = attrs[i]!
    const value = escapeAttribute(attrs[i + 1]!)
    if (name.startsWith('{')) out += i > 0 ? `'${inNamespace(name, i)}` : inNamespace(name, i)
    else out += i > 0 ? attributeOf(name).next : attributeOf(name).first
    out += value
  }
  return `${out}'`
}

/** `{namespace}local`, with a prefix of its own, up to the value. */
function inNamespace(name: string, place: number): string {
  const end = name.lastIndexOf('}')
  const ns = name.slice(1, end)
  if (end < 2 || ns === XML_NS || ns === XMLNS_NS) throw malformed(`${name} is no attribute in a namespace`)
  const prefix = `a${place >> 1}`
  return ` xmlns:${prefix}='${escapeAttribute(ns)}' ${prefix}:${checkedName(name.slice(end + 1))}='`
}

/** How an element without prefix begins and ends. */
interface PrintedTag {
  readonly start: string
  readonly end: string
}

/** Tags and attributes whose names are known to be good; forgotten all at once when there are too many. */
const tags = new Map<string, PrintedTag>()
const attributes = new Map<string, PrintedAttribute>()
const MOST = 4096
const LONGEST = 64

/** An attribute up to its value: alone, and behind another one, whose quote it closes. */
interface PrintedAttribute {
  readonly first: string
  readonly next: string
}

function tagOf(name: string): PrintedTag {
  const known = tags.get(name)
  if (known !== undefined) return known
  return remembered(tags, name, { start: `<${checkedName(name)}`, end: `</${name}>` })
}

const prefixedTag = (prefix: string, name: string): PrintedTag => ({
  start: `<${prefix}${checkedName(name)}`,
  end: `</${prefix}${name}>`,
})

function attributeOf(name: string): PrintedAttribute {
  const known = attributes.get(name)
  if (known !== undefined) return known
  if (name === 'xmlns') throw malformed('a declaration is no attribute')
  checkedName(name.startsWith('xml:') ? name.slice(4) : name)
  return remembered(attributes, name, { first: ` ${name}='`, next: `' ${name}='` })
}

function checkedName(name: string): string {
  if (!isNcName(name)) throw malformed('not a name')
  return name
}

function remembered<T>(all: Map<string, T>, name: string, printed: T): T {
  if (all.size >= MOST) all.clear()
  if (name.length <= LONGEST) all.set(name, printed)
  return printed
}
