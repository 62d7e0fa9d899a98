/** XEP-0191 1.3: Blocking Command. */
import { type Element, type Tag, tag } from '@meerkat/xml'
import { StanzaError } from './errors.ts'
import { type Jid, tryJid } from './jid.ts'

export const BLOCKING_NS = 'urn:xmpp:blocking'

export const Blocklist = tag(BLOCKING_NS, 'blocklist')
export const Block = tag(BLOCKING_NS, 'block')
export const Unblock = tag(BLOCKING_NS, 'unblock')
/** Says in an error that the user has blocked the recipient (XEP-0191 §3.3). */
export const Blocked = tag('urn:xmpp:blocking:errors', 'blocked')
const Item = tag(BLOCKING_NS, 'item')

/** The JIDs of a command or a list, each once. Throws `bad-request` for anything but items with a JID, `jid-malformed` for a JID that is none. */
export function parseBlocking(command: Element): Jid[] {
  const jids = command.elements().map((item) => {
    const text = item.attr('jid')
    if (!Item.is(item) || text === undefined) throw new StanzaError('modify', 'bad-request', 'An item has no JID.')
    const jid = tryJid(text)
    if (jid === undefined) throw new StanzaError('modify', 'jid-malformed')
    return jid
  })
  return [...new Map(jids.map((jid) => [jid.toString(), jid])).values()]
}

/** Builds a command, a push or the list, whichever `kind` is. */
export function buildBlocking(kind: Tag, jids: readonly Jid[] = []): Element {
  return kind({}, ...jids.map((jid) => Item({ jid })))
}
