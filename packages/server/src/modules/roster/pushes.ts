/** RFC 6121 §2.1.6: roster pushes, which tell a user's clients of changes. */
import { randomBytes } from 'node:crypto'
import { Iq, type Jid, type RosterEntry, buildRoster } from '@meerkat/protocol'
import type { Host, SessionEntry } from '../../core/module.ts'
import type { Item } from './item.ts'
import type { Roster } from './roster.ts'

/** Marks sessions that have asked for the roster (RFC 6121 §2.2), and for its version too (§2.6). */
export const ROSTER = 'roster'
export const VERSIONS = 'roster versions'

/** The sessions that want to know of the roster. */
export function interested(host: Host, user: Jid): SessionEntry[] {
  return host.directory.of(user).filter(({ marks }) => marks.includes(ROSTER))
}

/** Pushes an item as it is now, or that it is gone. */
export function push(host: Host, versions: boolean, user: Jid, roster: Roster, contact: Jid, item?: Item): void {
  const entry: RosterEntry = item?.listed === true ? item : gone(contact)
  const pushed = host.metrics.counter('mod_roster_push')
  for (const session of interested(host, user)) {
    const ver = versions && session.marks.includes(VERSIONS) ? roster.version : undefined
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
