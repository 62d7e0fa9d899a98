/** XEP-0359 0.7.0: Unique and Stable Stanza IDs. */
import { type Element, type Node, tag } from '@meerkat/xml'
import { tryJid } from './jid.ts'

const NS = 'urn:xmpp:sid:0'

export const StanzaId = tag(NS, 'stanza-id')
export const OriginId = tag(NS, 'origin-id')

/** The feature that a server announces. */
export const STANZA_ID_FEATURE = NS

/** The id that the entity `by` (a prepared address) gave to the message; undefined when it gave none. */
export function stanzaIdBy(message: Element, by: string): string | undefined {
  return message
    .elements()
    .find((child) => isIdBy(child, by))
    ?.attr('id')
}

/** The id that the sender gave to the message; undefined when it gave none. */
export function originId(message: Element): string | undefined {
  return OriginId.in(message)?.attr('id')
}

/**
 * The message without ids that claim to be given by `by` (a prepared address), in whatever spelling:
 * XEP-0359 §4 rule 3, an entity removes what others forged in its name. The same message when there is none.
 */
export function stripStanzaIds(message: Element, by: string): Element {
  // Hardly any has one, and a list that is filtered keeps room for more.
  for (const child of message.children)
    if (isIdBy(child, by)) return message.withChildren(message.children.filter((other) => !isIdBy(other, by)))
  return message
}

function isIdBy(child: Node, by: string): boolean {
  if (!StanzaId.is(child)) return false
  const claimed = child.attr('by')
  return claimed === by || tryJid(claimed)?.toString() === by
}
