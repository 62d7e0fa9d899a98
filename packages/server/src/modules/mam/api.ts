/** Reading users' archives for the API; the composition root shares the reader with the node. */
import { type Jid, parseJid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Database } from '../../core/database.ts'
import type { Host } from '../../core/module.ts'
import { encodeId, leastIdAt, microsOf } from '../../core/message-ids.ts'
import { archive, narrow, readRows } from './rows.ts'
import { findNumber } from './store.ts'

/** A message of an archive. */
export interface ReadMessage {
  readonly sender: Jid
  /** Microseconds since the epoch. */
  readonly timestamp: number
  readonly id: string
  readonly stanza: Element
}

/** Where archives are read. */
export interface UserArchives {
  /** Whether messages of this host type's users are archived. */
  keeps(host: Host): boolean
  /** A user's latest messages, oldest first, at most `limit`: those exchanged with `with`, and those before `before` (microseconds since the epoch). */
  last(user: Jid, options: { with?: Jid; before?: number; limit: number }): Promise<readonly ReadMessage[]>
}

/** A reader of users' archives. `settingsOf` gives the settings with which mod_mam runs on a host type, undefined where it does not run. */
export function userArchives(storage: Database, settingsOf: (host: Host) => unknown): UserArchives {
  return {
    keeps: (host) => (settingsOf(host) as { pm?: unknown } | undefined)?.pm !== undefined,
    async last(user, { with: remote, before, limit }) {
      const number = await findNumber(storage, user.bare)
      if (number === undefined) return []
      const bound = before === undefined ? undefined : leastIdAt(before)
      const condition = narrow(archive(number), { with: remote, before: bound })
      const rows = await readRows(storage, condition, 'newest', limit)
      return rows.map(({ id, from, message }) => ({
        sender: parseJid(from),
        timestamp: microsOf(id),
        id: encodeId(id),
        stanza: message,
      }))
    },
  }
}
