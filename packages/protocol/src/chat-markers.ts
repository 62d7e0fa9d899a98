/** XEP-0333 0.4: Chat Markers. */
import { type Element } from '@meerkat/xml'

export const CHAT_MARKERS_NS = 'urn:xmpp:chat-markers:0'

/** The marker of a message: `<received/>`, `<displayed/>` or `<acknowledged/>` (XEP-0333 §5); undefined when it carries none. */
export function chatMarker(message: Element): Element | undefined {
  for (const child of message.children) {
    if (typeof child === 'string' || child.ns !== CHAT_MARKERS_NS) continue
    if (child.name === 'displayed' || child.name === 'received' || child.name === 'acknowledged') return child
  }
  return undefined
}
