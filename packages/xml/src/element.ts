/** An element of an XML tree. */

/** What an element holds: elements and text. */
export type Node = Element | string

/**
 * A read-only element. A change is a copy that shares children.
 *
 * Attributes are a flat list `[name, value, name, value, …]`: the fastest shape for the few that stanzas have, and safe against
 * names such as `__proto__`. A name is the local name, `xml:lang` style for the XML namespace, or `{namespace}local` for any other.
 * Namespace declarations are not attributes: they follow from `ns` when the element is serialized.
 */
export class Element {
  readonly name: string
  readonly ns: string
  readonly attrs: readonly string[]
  readonly children: readonly Node[]

  constructor(name: string, ns: string, attrs: readonly string[], children: readonly Node[]) {
    this.name = name
    this.ns = ns
    this.attrs = attrs
    this.children = children
  }

  /** The attribute's value, or undefined. */
  attr(name: string): string | undefined {
    const attrs = this.attrs
    for (let i = 0; i < attrs.length; i += 2) if (attrs[i] === name) return attrs[i + 1]
    return undefined
  }

  /** The child elements, without the text between them. */
  elements(): Element[] {
    return this.children.filter((child): child is Element => typeof child !== 'string')
  }

  /** A copy with the given attributes set; undefined removes one. Children are shared. */
  with(changes: Attributes): Element {
    const attrs: string[] = []
    for (let i = 0; i < this.attrs.length; i += 2) {
      const name = this.attrs[i]!
      if (!Object.hasOwn(changes, name)) attrs.push(name, this.attrs[i + 1]!)
    }
    return new Element(this.name, this.ns, flatten(changes, attrs), this.children)
  }

  /** A copy with one attribute set: what each stanza of a client goes through, so without the detours of `with`. */
  set(name: string, value: string): Element {
    const { attrs } = this
    let at = 0
    while (at < attrs.length && attrs[at] !== name) at += 2
    // Both have exactly the size that they need; a list that has grown keeps room for more, in every presence that is remembered.
    const changed = at < attrs.length ? attrs.slice() : attrs.toSpliced(at, 0, name, value)
    changed[at + 1] = value
    return new Element(this.name, this.ns, changed, this.children)
  }

  /** A copy with other children. */
  withChildren(children: readonly Node[]): Element {
    return new Element(this.name, this.ns, this.attrs, children)
  }

  /** A copy with `more` after the present children. */
  append(...more: Node[]): Element {
    // A list that is made of two others by `...` keeps room for more.
    return this.withChildren(this.children.concat(more))
  }
}

/** Attributes as callers write them: whatever has a text form; undefined ones are left out. */
export type Attributes = Readonly<Record<string, { toString(): string } | undefined>>

/** A flat attribute list: `onto`, and `attributes` behind it. A copy, since a list that has grown keeps room for more. */
export function flatten(attributes: Attributes, onto: string[] = []): string[] {
  for (const name of Object.keys(attributes)) {
    const value = attributes[name]
    if (value !== undefined) onto.push(name, typeof value === 'string' ? value : value.toString())
  }
  return onto.slice()
}

/** The text directly inside an element; '' when the element is absent. */
export function text(element: Element | undefined): string {
  if (element === undefined) return ''
  const { children } = element
  if (children.length === 1 && typeof children[0] === 'string') return children[0]
  let all = ''
  for (const child of children) if (typeof child === 'string') all += child
  return all
}
