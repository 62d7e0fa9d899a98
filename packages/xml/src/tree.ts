/** Puts elements together from the scanner's tokens, without recursion. */
import { checkDuplicates } from './attributes.ts'
import { Element, type Node } from './element.ts'
import { XmlError, malformed } from './errors.ts'
import { type Limits } from './limits.ts'
import { DEFAULT_DECLARATION, type Name, PLAIN, PREFIX_DECLARATION, XML, XMLNS_NS } from './names.ts'
import { Scope, checkDefault } from './scope.ts'

/** An array of the kind that holds strings, so that reading it looks the same to the engine as reading a filled one. */
const NOTHING: string[] = ['']
NOTHING.length = 0

/** More open levels or nodes than this are given back once a stanza is finished. */
const KEPT = 32

/** An element whose end tag has not come. */
class Frame {
  name: Name
  ns = ''
  attrs: readonly string[] = NOTHING
  /** Where its children begin in the stack of nodes. */
  base = 0
  /** What was declared outside. */
  declared = 0
  byDefault = ''
  hasDefault = false

  constructor(name: Name) {
    this.name = name
  }
}

/** What is known of a stream between two stanzas: its root element. Streams whose roots declare the same share one. */
export interface Root {
  readonly name: Name
  readonly ns: string
  readonly byDefault: string
  readonly prefixes: readonly string[]
  readonly namespaces: readonly string[]
}

/** Nearly all streams of a listener begin alike. */
let usual: Root | undefined

/** The open elements of a document and the nodes they have collected. */
export class Tree {
  /** The open elements, the one whose start tag is being read included. */
  depth = 0
  limits: Limits
  readonly scope = new Scope()
  /** Depth of the elements that are handed out: 1 in a stream, 0 for a document; they are not added to their parent. */
  readonly #outer: number
  #frames: Frame[] = []
  #nodes: Node[] = []
  #top = 0
  #elements = 0
  /** The attributes of the present start tag, the first #count of the array. */
  #attrs: string[] = []
  #count = 0
  #declarations = 0
  /** The attributes with a prefix: place in #attrs, name. */
  #prefixed: Name[] = []
  #places: number[] = []

  constructor(outer: number, limits: Limits) {
    this.#outer = outer
    this.limits = limits
  }

  /** Forgets everything. */
  clear(): void {
    this.depth = this.#top = this.#elements = this.#declarations = this.#count = 0
    this.#frames = []
    this.#nodes = []
    this.#attrs = []
    this.#prefixed = []
    this.#places = []
    this.scope.restore(0, '')
  }

  /** The only element that is open, to go on below it later. */
  root(): Root {
    const { name, ns } = this.#frames[0]!
    const { scope } = this
    if (usual?.name === name && usual.ns === ns && scope.is(usual.byDefault, usual.prefixes, usual.namespaces))
      return usual
    const [prefixes, namespaces] = scope.declared()
    usual = { name, ns, byDefault: scope.byDefault, prefixes, namespaces }
    return usual
  }

  /** Stands below a root again, as if its start tag had just been read. */
  below({ name, ns, byDefault, prefixes, namespaces }: Root): void {
    this.clear()
    const frame = new Frame(name)
    frame.ns = ns
    this.#frames.push(frame)
    this.scope.load(byDefault, prefixes, namespaces)
    this.depth = 1
  }

  /** A start tag's name. */
  begin(name: Name): void {
    const { depth, scope } = this
    if (depth - this.#outer >= this.limits.depth) throw new XmlError('policy-violation', 'too many levels')
    if (depth <= this.#outer) this.#elements = 0
    if (++this.#elements > this.limits.elements) throw new XmlError('policy-violation', 'too many elements')
    let frame = this.#frames[depth]
    if (frame === undefined) {
      frame = new Frame(name)
      this.#frames.push(frame)
    } else frame.name = name
    frame.declared = scope.count
    frame.byDefault = scope.byDefault
    frame.hasDefault = false
    frame.base = this.#top
    this.depth = depth + 1
  }

  /** An attribute of the start tag that has begun. */
  attribute(name: Name, value: string): void {
    if ((this.#count >> 1) + this.#declarations >= this.limits.attributes) {
      throw new XmlError('policy-violation', 'too many attributes')
    }
    if (name.kind === PLAIN) this.#push(name.local, value)
    else if (name.kind === DEFAULT_DECLARATION) this.#declareDefault(value)
    else if (name.kind === PREFIX_DECLARATION) this.#declare(name.local, value)
    else {
      if (name.kind !== XML) {
        this.#prefixed.push(name)
        this.#places.push(this.#count)
      }
      this.#push(name.text, value)
    }
  }

  #push(name: string, value: string): void {
    const at = this.#count
    this.#attrs[at] = name
    this.#attrs[at + 1] = value
    this.#count = at + 2
  }

  #declareDefault(ns: string): void {
    const frame = this.#frames[this.depth - 1]!
    if (frame.hasDefault) throw malformed('the default namespace is declared twice')
    checkDefault(ns)
    frame.hasDefault = true
    this.scope.byDefault = ns
    this.#declarations++
  }

  #declare(prefix: string, ns: string): void {
    // S12: `stream` means the same all through a stream (RFC 6120 §4.8.5).
    if (prefix === 'stream' && this.#outer > 0 && this.depth > 1 && this.scope.find(prefix) !== ns) {
      throw new XmlError('bad-namespace-prefix', 'the prefix stream cannot be declared anew')
    }
    this.scope.bind(prefix, ns, this.#frames[this.depth - 1]!.declared)
    this.#declarations++
  }

  /** The start tag's end: names get their namespaces. */
  opened(): void {
    const frame = this.#frames[this.depth - 1]!
    const { prefix } = frame.name
    if (prefix === 'xmlns') throw malformed(`no element is in ${XMLNS_NS}`)
    frame.ns = prefix === '' ? this.scope.byDefault : this.scope.resolve(prefix)
    this.#declarations = 0
    if (this.#count === 0) {
      frame.attrs = NOTHING
      return
    }
    if (this.#prefixed.length > 0) this.#resolveAttributes()
    const scratch = this.#attrs
    const count = this.#count
    frame.attrs = scratch.slice(0, count)
    if (count > 2) checkDuplicates(frame.attrs)
    // A stream at rest keeps no value alive.
    for (let i = 1; i < count; i += 2) scratch[i] = ''
    this.#count = 0
  }

  #resolveAttributes(): void {
    for (let i = 0; i < this.#prefixed.length; i++) {
      const { prefix, local } = this.#prefixed[i]!
      this.#attrs[this.#places[i]!] = `{${this.scope.resolve(prefix)}}${local}`
    }
    this.#prefixed.length = 0
    this.#places.length = 0
  }

  /** The innermost open element as it is without children. */
  header(): Element {
    const { name, ns, attrs } = this.#frames[this.depth - 1]!
    return new Element(name.local, ns, attrs, NOTHING)
  }

  /** The name that the next end tag must repeat. */
  expected(): Uint8Array {
    return this.#frames[this.depth - 1]!.name.bytes
  }

  /** Text inside the innermost open element. */
  text(value: string): void {
    const top = this.#top
    const nodes = this.#nodes
    if (top > this.#frames[this.depth - 1]!.base) {
      // Only a CDATA section between two stretches of text makes them neighbours.
      const before = nodes[top - 1]!
      if (typeof before === 'string') {
        nodes[top - 1] = before + value
        return
      }
    }
    nodes[top] = value
    this.#top = top + 1
  }

  /** Ends the innermost element: the element when it is one to hand out, else undefined. */
  close(): Element | undefined {
    const depth = --this.depth
    const frame = this.#frames[depth]!
    const nodes = this.#nodes
    const { base } = frame
    const element = new Element(frame.name.local, frame.ns, frame.attrs, this.#children(base))
    frame.attrs = NOTHING
    this.scope.restore(frame.declared, frame.byDefault)
    if (depth > this.#outer) {
      nodes[base] = element
      this.#top = base + 1
      return undefined
    }
    this.#top = base
    this.#tidy()
    return element
  }

  #children(base: number): readonly Node[] {
    const count = this.#top - base
    if (count === 0) return NOTHING
    const nodes = this.#nodes
    const children = count === 1 ? [nodes[base]!] : nodes.slice(base, this.#top)
    for (let i = base; i < this.#top; i++) nodes[i] = ''
    return children
  }

  /** A big stanza leaves no big arrays behind. */
  #tidy(): void {
    if (this.#nodes.length > KEPT) this.#nodes = []
    if (this.#attrs.length > KEPT) this.#attrs = []
    if (this.#frames.length > KEPT) this.#frames.length = KEPT
  }
}
