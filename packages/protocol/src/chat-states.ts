/** XEP-0085 2.1: Chat State Notifications. */
import { type Element, type Node } from '@meerkat/xml'
import { CLIENT_NS } from './namespaces.ts'

export const CHAT_STATES_NS = 'http://jabber.org/protocol/chatstates'

/** What a standalone notification may carry besides the state (XEP-0085 §5.1): hints, and ids of the message. */
const BESIDES = new Set<string>(['urn:xmpp:hints', 'urn:xmpp:sid:0'])

/** Whether a message says nothing but a chat state: no body, no other content (XEP-0085 §5.1). */
export function isOnlyChatState(message: Element): boolean {
  let states = 0
  for (const child of message.children) {
    if (isState(child)) states++
    else if (!isBesides(child)) return false
  }
  return states > 0
}

function isState(child: Node): boolean {
  return typeof child !== 'string' && child.ns === CHAT_STATES_NS
}

function isBesides(child: Node): boolean {
  if (typeof child === 'string') return true
  return BESIDES.has(child.ns) || (child.name === 'thread' && child.ns === CLIENT_NS)
}
