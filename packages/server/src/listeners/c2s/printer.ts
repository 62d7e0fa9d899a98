import type { Element } from '@meerkat/xml'

const NONE: readonly never[] = []

/**
 * Makes a printer that remembers its last element: what goes to many clients in one turn is printed once, and of copies that differ in attributes
 * alone, such as `to`, only the start tag is printed again. `print` must print what is in an element whatever the attributes are.
 */
export function printer(print: (element: Element) => string): (element: Element) => string {
  let last: Element | undefined
  let text = ''
  /** What follows the start tag's attributes; empty until it is needed. */
  let rest = ''
  return (element) => {
    if (element === last) return text
    if (last !== undefined && isCopy(element, last)) {
      if (rest === '') rest = text.slice(startOf(last, print).length)
      text = startOf(element, print) + rest
    } else {
      text = print(element)
      rest = ''
    }
    last = element
    return text
  }
}

/** Copies of an element share their children. */
function isCopy(one: Element, other: Element): boolean {
  return one.children === other.children && one.children.length > 0 && one.name === other.name && one.ns === other.ns
}

/** The start tag without its end. */
function startOf(element: Element, print: (element: Element) => string): string {
  return print(element.withChildren(NONE)).slice(0, -'/>'.length)
}
