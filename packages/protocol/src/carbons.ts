/** XEP-0280 1.0.1: Message Carbons. */
import { type Element, tag } from '@meerkat/xml'
import { buildForwarded, parseForwarded } from './forward.ts'
import { CLIENT_NS } from './namespaces.ts'
import { Message } from './stanza.ts'

export const CARBONS_NS = 'urn:xmpp:carbons:2'

export const CarbonsEnable = tag(CARBONS_NS, 'enable')
export const CarbonsDisable = tag(CARBONS_NS, 'disable')
export const CarbonsSent = tag(CARBONS_NS, 'sent')
export const CarbonsReceived = tag(CARBONS_NS, 'received')
/** The sender wants no copies of this message. */
export const CarbonsPrivate = tag(CARBONS_NS, 'private')

/** Which way the copied message went, seen from the user who gets the copy. */
export type CarbonDirection = 'sent' | 'received'

/** The copy of a message for another resource of a user; `user` and `resource` are the user's bare and that resource's full JID. */
export function buildCarbon(direction: CarbonDirection, message: Element, user: string, resource: string): Element {
  const wrap = direction === 'sent' ? CarbonsSent : CarbonsReceived
  const type = message.attr('type')
  return Message({ from: user, to: resource, type }, wrap({}, buildForwarded(message)))
}

/** A copy as a client reads it; undefined when it is none, or does not come from the client's own account (CVE-2017-5589). */
export function parseCarbon(
  stanza: Element,
  user: string,
): { direction: CarbonDirection; message: Element } | undefined {
  if (stanza.ns !== CLIENT_NS || stanza.name !== 'message' || stanza.attr('from') !== user) return undefined
  for (const [direction, wrap] of [
    ['sent', CarbonsSent],
    ['received', CarbonsReceived],
  ] as const) {
    const wrapper = wrap.in(stanza)
    const message = wrapper && parseForwarded(wrapper)?.stanza
    if (message !== undefined) return { direction, message }
  }
  return undefined
}
