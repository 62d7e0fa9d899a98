/** Between the words of a stream between servers and those that the rest of the server speaks. */
import { CLIENT_NS, DIALBACK_NS, SERVER_NS, serializeDialback } from '@meerkat/protocol'
import { Element, serialize, serializeInStream } from '@meerkat/xml'

/** RFC 6120 §4.8.3: what stands in the namespace of servers is the same as in that of clients, and is spoken of in the latter. */
export function fromServer(element: Element): Element {
  if (element.ns !== SERVER_NS) return element
  const children = element.children.map((child) => (typeof child === 'string' ? child : fromServer(child)))
  return new Element(element.name, CLIENT_NS, element.attrs, children)
}

/** The text of an element in a stream between servers, where stanzas are printed without a namespace, as in a stream of a client. */
export function textOf(element: Element): string {
  if (element.ns === CLIENT_NS) return serialize(element, CLIENT_NS)
  return element.ns === DIALBACK_NS ? serializeDialback(element) : serializeInStream(element, SERVER_NS)
}

/** Whether an element is a stanza. */
export const isStanzaName = (name: string): boolean => name === 'message' || name === 'presence' || name === 'iq'
