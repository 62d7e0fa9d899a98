/** RFC 6121 §2.1.6: roster pushes, which tell a user's clients of changes. */
import { randomBytes } from 'node:crypto'
import { Iq, type Jid, type RosterEntry, buildRoster } from '@meerkat/protocol'
import { type Host, type SessionEntry, sessionSlot } from '../../core/module.ts'
import type { Item } from './item.ts'
import type { Roster } from './roster.ts'

/** What a session has shown interest in. */
interface Interest {
  /** It has asked for the roster (RFC 6121 §2.2). */
  roster: boolean
  /** It has asked for the roster's version too (RFC 6121 §2.6). */
  versions: boolean
}

/** What each session has shown interest in. */
export const interest = sessionSlot((): Interest => ({ roster: false, versions: false }))

/** The sessions that want to know of the roster. Those of other nodes cannot be asked, and count as interested. */
export function interested(host: Host, user: Jid): SessionEntry[] {
  return host.directory.of(user).filter(({ local }) => local === undefined || local.peek(interest)?.roster === true)
}

/** Pushes an item as it is now, or that it is gone. */
export function push(host: Host, versions: boolean, user: Jid, roster: Roster, contact: Jid, item?: Item): void {
  const entry: RosterEntry = item?.listed === true ? item : gone(contact)
  const pushed = host.metrics.counter('mod_roster_push')
  for (const session of interested(host, user)) {
    const ver = versions && session.local?.peek(interest)?.versions !== false ? roster.version : undefined
    const id = `push${randomBytes(6).toString('base64url')}`
    pushed.value++
    host.deliver(session, Iq({ type: 'set', id, to: session.jid }, buildRoster([entry], ver)))
  }
}

const gone = (jid: Jid): RosterEntry => ({
  jid,
  name: '',
  subscription: 'remove',
  ask: false,
  approved: false,
  groups: [],
})
