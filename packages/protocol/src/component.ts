/** XEP-0114: the words between a server and its components. */
import { createHash } from 'node:crypto'
import { Element, tag } from '@meerkat/xml'
import { CLIENT_NS } from './namespaces.ts'

/** The content namespace of a component's stream (XEP-0114 §3). */
export const COMPONENT_NS = 'jabber:component:accept'

export const Handshake = tag(COMPONENT_NS, 'handshake')

/** XEP-0114 §3: what a component that knows the secret says on the stream with this id: SHA-1 as lower-case hexadecimal. */
export function handshakeProof(streamId: string, secret: string): string {
  return createHash('sha1').update(streamId).update(secret).digest('hex')
}

/** An element of a component's stream as the rest of the server knows it: what is in the stream's namespace is in that of clients. */
export function fromComponent(element: Element): Element {
  const children = element.children.map((child) => (typeof child === 'string' ? child : fromComponent(child)))
  return new Element(element.name, element.ns === COMPONENT_NS ? CLIENT_NS : element.ns, element.attrs, children)
}
