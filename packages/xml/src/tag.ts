import { type Attributes, Element, type Node, flatten } from './element.ts'

/** A qualified name as a value: builds, matches and finds elements of that name. */
export interface Tag {
  /** Builds an element: attributes, then children; undefined attributes and children are left out. */
  (attributes?: Attributes, ...children: readonly (Node | undefined)[]): Element
  readonly ns: string
  /** The element's local name. */
  readonly local: string
  /** Whether `node` is an element of this name. */
  is(node: Node | undefined): node is Element
  /** The first child of `parent` with this name, or undefined. */
  in(parent: Element): Element | undefined
  /** All children of `parent` with this name. */
  all(parent: Element): Element[]
}

/** Makes the tag for `{ns}local`. */
export function tag(ns: string, local: string): Tag {
  const build = (attributes?: Attributes, ...children: readonly (Node | undefined)[]): Element =>
    new Element(
      local,
      ns,
      attributes === undefined ? [] : flatten(attributes),
      children.filter((child) => child !== undefined),
    )
  const is = (node: Node | undefined): node is Element =>
    typeof node === 'object' && node.name === local && node.ns === ns
  const members = {
    ns,
    local,
    is,
    in: (parent: Element): Element | undefined => {
      for (const child of parent.children) if (is(child)) return child
      return undefined
    },
    all: (parent: Element): Element[] => parent.children.filter(is),
  }
  return Object.assign(build, members)
}
