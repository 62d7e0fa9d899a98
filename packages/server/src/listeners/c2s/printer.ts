import { Element, escapeAttribute } from '@meerkat/xml'

const NONE: readonly never[] = []

/**
 * Makes a printer that remembers its last element: what goes to many clients in one turn is printed once, and of copies that differ in the value of one
 * attribute, such as `to`, only that value is. `print` must print what is in an element whatever the attributes are.
 */
export function printer(print: (element: Element) => string): (element: Element) => string {
  let last: Element | undefined
  let text = ''
  /** The place among the attributes of the value in which copies differ, and what stands around it; 0 until it is known. */
  let place = 0
  let before = ''
  let behind = ''

  const cut = (element: Element, at: number): void => {
    const { name, ns, attrs } = element
    const value = escapeAttribute(attrs[at]!)
    const start = print(new Element(name, ns, attrs.slice(0, at + 1), NONE))
    before = start.slice(0, -`${value}'/>`.length)
    behind = text.slice(before.length + value.length)
    place = at
  }

  return (element) => {
    if (element === last) return text
    const at = last === undefined ? 0 : difference(element, last)
    if (at === 0) {
      text = print(element)
      place = 0
    } else {
      if (at !== place) cut(last!, at)
      text = before + escapeAttribute(element.attrs[at]!) + behind
    }
    last = element
    return text
  }
}

/** The place of the only value in which two copies of an element differ; 0 when they differ in more, or are no copies. Copies share their children. */
function difference(one: Element, other: Element): number {
  if (one.children !== other.children || one.name !== other.name || one.ns !== other.ns) return 0
  const { attrs } = one
  if (attrs.length !== other.attrs.length) return 0
  let found = 0
  for (let i = 0; i < attrs.length; i++) {
    if (attrs[i] === other.attrs[i]) continue
    // Names are at even places.
    if (found > 0 || i % 2 === 0) return 0
    found = i
  }
  return found
}
