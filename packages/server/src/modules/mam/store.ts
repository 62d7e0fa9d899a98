/** The archives of users in the main store: writes of a message's unit, and the numbers by which the tables know the owners. */
import { LRUCache } from 'lru-cache'
import { type Jid, originId } from '@meerkat/protocol'
import { type Element, serialize } from '@meerkat/xml'
import type { SqlValue, Write } from '../../core/module.ts'
import type { Database } from '../../core/database.ts'
import type { Direction } from './archivable.ts'
import { textOf } from './printing.ts'

/** How many owners' numbers are remembered. */
const REMEMBERED_OWNERS = 100_000
/** How many messages go in the unit of an account. */
const REMOVED_AT_ONCE = 1000

/** A message for an archive. */
export interface Kept {
  /** Whose archive: a bare JID. */
  readonly owner: Jid
  readonly id: bigint
  readonly direction: Direction
  readonly from: Jid
  /** The other party. */
  readonly remote: Jid
  readonly message: Element
  readonly groupchat: boolean
  /** What the message is found by when words are searched for; null when it is not to be found so. */
  readonly searchable: string | null
  /** Called when it is durable. */
  readonly stored: () => void
}

/** How a statement finds the owner: by number when it is known. Both are one look into an index of a row that is in use. */
const BY_NAME = 'server = ? AND user_name = ?'
const BY_NUMBER = 'id = ?'

const OPEN = `INSERT INTO mam_server_user (server, user_name) VALUES (?, ?) ON CONFLICT (server, user_name) DO NOTHING`

const keepText = (owner: string, groupchat: boolean): string =>
  `INSERT INTO mam_message
     (id, from_jid, remote_bare_jid, remote_resource, direction, message, origin_id, search_body, user_id, is_groupchat)
   SELECT ?, ?, ?, ?, ?, CAST(? AS BLOB), ?, ?, id, ${groupchat ? 'TRUE' : 'FALSE'} FROM mam_server_user WHERE ${owner}`

const countText = (owner: string): string =>
  `INSERT INTO mam_counter (user_id, messages) SELECT id, ? FROM mam_server_user WHERE ${owner}
   ON CONFLICT (user_id) DO UPDATE SET messages = mam_counter.messages + excluded.messages`

const TEXTS = {
  name: { keep: keepText(BY_NAME, false), keepGroupchat: keepText(BY_NAME, true), count: countText(BY_NAME) },
  number: { keep: keepText(BY_NUMBER, false), keepGroupchat: keepText(BY_NUMBER, true), count: countText(BY_NUMBER) },
}

const ITS_OWNER = `SELECT id FROM mam_server_user WHERE ${BY_NAME}`

/** The archives of one host type's users. */
export class ArchiveStore {
  readonly db: Database
  readonly #numbers = new LRUCache<string, number>({ max: REMEMBERED_OWNERS })
  /** Looks for numbers under way; an account that goes meanwhile takes its own out, so that no number outlives its archive. */
  readonly #looking = new Map<string, Promise<number | undefined>>()
  readonly #forgotten: (owner: string) => void

  /** `forgotten` is told of owners whose archives are removed here. */
  constructor(db: Database, forgotten: (owner: string) => void = () => undefined) {
    this.db = db
    this.#forgotten = forgotten
  }

  /** What a message leaves in an archive: the archive itself if it is new, the row, and one more in the archive's count. */
  keep(kept: Kept): Write[] {
    const { owner, groupchat, stored } = kept
    const number = this.#numbers.get(owner.toString())
    if (number !== undefined) {
      const { keep, keepGroupchat, count } = TEXTS.number
      return [
        { sql: groupchat ? keepGroupchat : keep, params: rowOf(kept, [number]), late: 'each' },
        { sql: count, params: [1, number], late: 'summed', committed: stored },
      ]
    }
    const { keep, keepGroupchat, count } = TEXTS.name
    const name = [owner.domain, owner.local]
    return [
      { sql: OPEN, params: name, committed: () => void this.#remember(owner) },
      { sql: groupchat ? keepGroupchat : keep, params: rowOf(kept, name), late: 'each' },
      { sql: count, params: [1, ...name], late: 'summed', committed: stored },
    ]
  }

  /** Replaces what a row holds, with what is not found by words. */
  replace(owner: number, id: bigint, message: Element): Write {
    return {
      sql: 'UPDATE mam_message SET message = CAST(? AS BLOB), search_body = NULL WHERE user_id = ? AND id = ?',
      params: [serialize(message), owner, id],
    }
  }

  /** What goes in one unit with an account: a small archive. A large one goes behind it, a part at a time (see `keeps.ts`). */
  async removal(owner: Jid): Promise<Write[]> {
    const [counted] = await this.db.query<{ messages: number }>(
      `SELECT messages FROM mam_counter WHERE user_id = (${ITS_OWNER})`,
      owner.domain,
      owner.local,
    )
    return this.#removal(owner, (counted?.messages ?? 0) <= REMOVED_AT_ONCE)
  }

  /** What is still on its way to a small archive finds no owner, and is not kept. */
  #removal(owner: Jid, small: boolean): Write[] {
    const params = [owner.domain, owner.local]
    const forget = (): void => {
      this.forgetNumber(owner.toString())
      this.#forgotten(owner.toString())
    }
    if (!small) return [{ sql: `DELETE FROM mam_counter WHERE user_id = (${ITS_OWNER})`, params, committed: forget }]
    return [
      { sql: `DELETE FROM mam_message WHERE user_id = (${ITS_OWNER})`, params },
      { sql: `DELETE FROM mam_counter WHERE user_id = (${ITS_OWNER})`, params },
      { sql: `DELETE FROM mam_server_user WHERE ${BY_NAME}`, params, committed: forget },
    ]
  }

  /** Forgets the number of an owner (a bare JID) whose archive is gone. */
  forgetNumber(owner: string): void {
    this.#numbers.delete(owner)
    this.#looking.delete(owner)
  }

  /** The number of an owner; undefined while there is no archive. */
  async numberOf(owner: Jid): Promise<number | undefined> {
    const key = owner.toString()
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const looking = this.#looking.get(key) ?? findNumber(this.db, owner)
    this.#looking.set(key, looking)
    try {
      const number = await looking
      if (number !== undefined && this.#looking.get(key) === looking) this.#numbers.set(key, number)
      return number
    } finally {
      if (this.#looking.get(key) === looking) this.#looking.delete(key)
    }
  }

  /** The number of an owner whose archive has just been made; without it the next message makes do with the name. */
  async #remember(owner: Jid): Promise<void> {
    await this.numberOf(owner).catch(() => undefined)
  }
}

/** The values of a row, with what finds its owner behind them. */
function rowOf(kept: Kept, owner: readonly SqlValue[]): readonly SqlValue[] {
  const { id, from, remote, direction, message, searchable } = kept
  const text = textOf(message)
  const origin = originId(message) ?? null
  const { bare, resource } = remote
  const values: SqlValue[] = [id, from.toString(), bare.toString(), resource, direction, text, origin, searchable]
  return values.concat(owner)
}

/** The number of an owner as the store has it now; undefined when there is no archive. */
export async function findNumber(db: Database, owner: Jid): Promise<number | undefined> {
  const rows = await db.query<{ id: number }>(ITS_OWNER, owner.domain, owner.local)
  return rows[0]?.id
}
