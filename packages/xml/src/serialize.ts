/**
 * Trees to text, in one form only, whatever the peer wrote: the default namespace is declared where it changes, no
 * prefix but `stream`, `xml` and those of attributes in a namespace. Without recursion (S8), never from raw bytes (S12).
 */
import { checkDuplicates } from './attributes.ts'
import { isNcName } from './chars.ts'
import { type Element } from './element.ts'
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
  const attributes = printAttributes(header.attrs)
  const declared = ` xmlns='${escapeAttribute(defaultNs)}' xmlns:stream='${STREAMS_NS}'`
  return `<stream:${checkedName(header.name)}${declared}${attributes}>`
}

/** An element whose children are being printed. */
interface Open {
  readonly element: Element
  /** The name as in the start tag. */
  readonly name: string
  /** The default namespace within. */
  readonly ns: string
  /** The next child. */
  next: number
}

function print(root: Element, parentNs: string, inStream: boolean): string {
  const stack: Open[] = []
  let out = ''
  let element: Element | undefined = root
  let ns = parentNs
  while (element !== undefined) {
    const name = nameOf(element, inStream)
    const prefixed = name !== element.name
    out += `<${name}`
    if (!prefixed && element.ns !== ns) out += declare(element.ns)
    out += printAttributes(element.attrs)
    if (element.children.length === 0) out += '/>'
    else {
      out += '>'
      stack.push({ element, name, ns: prefixed ? ns : element.ns, next: 0 })
    }
    element = undefined
    // Text and end tags up to the next element.
    for (let open = stack.at(-1); open !== undefined && element === undefined; open = stack.at(-1)) {
      ns = open.ns
      const { children } = open.element
      while (open.next < children.length && element === undefined) {
        const child = children[open.next++]!
        if (typeof child === 'string') out += escapeText(child)
        else element = child
      }
      if (element !== undefined) break
      out += `</${open.name}>`
      stack.pop()
    }
  }
  return out
}

function nameOf(element: Element, inStream: boolean): string {
  const name = checkedName(element.name)
  if (inStream && element.ns === STREAMS_NS) return `stream:${name}`
  return element.ns === XML_NS ? `xml:${name}` : name
}

function declare(ns: string): string {
  if (ns === XMLNS_NS) throw malformed('no element is in the namespace of declarations')
  return ` xmlns='${escapeAttribute(ns)}'`
}

function printAttributes(attrs: readonly string[]): string {
  if (attrs.length > 2) checkDuplicates(attrs)
  let out = ''
  for (let i = 0; i < attrs.length; i += 2) {
    const name = attrs[i]!
    const value = escapeAttribute(attrs[i + 1]!)
    out += name.startsWith('{') ? inNamespace(name, value, i) : ` ${checkedAttribute(name)}='${value}'`
  }
  return out
}

/** `{namespace}local`, with a prefix of its own. */
function inNamespace(name: string, value: string, place: number): string {
  const end = name.lastIndexOf('}')
  const ns = name.slice(1, end)
  if (end < 2 || ns === XML_NS || ns === XMLNS_NS) throw malformed(`${name} is no attribute in a namespace`)
  const prefix = `a${place >> 1}`
  return ` xmlns:${prefix}='${escapeAttribute(ns)}' ${prefix}:${checkedName(name.slice(end + 1))}='${value}'`
}

/** Names known to be good; forgotten all at once when there are too many. */
const good = new Set<string>()
const MOST = 4096

function checkedName(name: string): string {
  if (!good.has(name)) {
    if (!isNcName(name)) throw malformed('not a name')
    remember(name)
  }
  return name
}

function checkedAttribute(name: string): string {
  if (good.has(name) && name !== 'xmlns') return name
  if (name === 'xmlns') throw malformed('a declaration is no attribute')
  if (!isNcName(name.startsWith('xml:') ? name.slice(4) : name)) throw malformed('not a name')
  // `xml:lang` is no name of an element, so it does not get into the set.
  if (!name.startsWith('xml:')) remember(name)
  return name
}

function remember(name: string): void {
  if (good.size >= MOST) good.clear()
  if (name.length <= 64) good.add(name)
}
