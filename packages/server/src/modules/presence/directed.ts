/** RFC 6121 §4.6: presence that a client directs to somebody, who then learns when the client is gone. */
import { type Jid, StanzaError, parseJid } from '@meerkat/protocol'
import { type Delivery, type Memory, type Session, sessionSlot } from '../../core/module.ts'

/** To whom each session has directed its presence, by JID. */
const directed = sessionSlot(() => new Map<string, Jid>())

/** Notes presence that a client directs; refuses it with `resource-constraint` when the session has directed it to `limit` others already. */
export function noteDirected({ stanza, session, to }: Delivery, limit: number): undefined {
  if (stanza.name !== 'presence' || session === undefined || stanza.attr('to') === undefined) return
  const type = stanza.attr('type')
  if (type === 'unavailable') session.peek(directed)?.delete(to.toString())
  if (type !== undefined) return
  const targets = session.slot(directed)
  const key = to.toString()
  if (targets.size >= limit && !targets.has(key))
    throw new StanzaError('wait', 'resource-constraint', 'Presence is directed to too many others.')
  targets.set(key, to)
}

/** What a session takes along to another node, and how it is read there. */
const PACKED = 'mod_presence directed'

/** Packs to whom the session has directed its presence. */
export function packDirected(memory: Memory, session: Session): Memory {
  const targets = session.peek(directed)
  return targets === undefined || targets.size === 0 ? memory : { ...memory, [PACKED]: [...targets.keys()].join('\n') }
}

/** Reads what was packed at another node. */
export function unpackDirected(session: Session, memory: Memory): void {
  const packed = memory[PACKED]
  if (packed === undefined) return
  const targets = session.slot(directed)
  for (const target of packed.split('\n')) targets.set(target, parseJid(target))
}

/** Those who must learn that the session is gone; they are forgotten with that. */
export function takeDirected(session: Session): Jid[] {
  const targets = session.peek(directed)
  if (targets === undefined) return []
  const all = [...targets.values()]
  targets.clear()
  return all
}
