/** Reading archives: conditions on rows, and rows by them. Every statement runs along an index and reads no more rows than it is told. */
import type { Jid } from '@meerkat/protocol'
import { type Element, parseElement } from '@meerkat/xml'
import type { Database } from '../../core/database.ts'
import type { SqlValue } from '../../core/module.ts'

/** A condition on the rows of `mam_message`. */
export interface Condition {
  readonly sql: string
  readonly params: readonly SqlValue[]
}

/** Which rows of an archive are meant; bounds are ids. */
export interface Wanted {
  readonly with?: Jid | undefined
  readonly atLeast?: bigint | undefined
  readonly atMost?: bigint | undefined
  readonly after?: bigint | undefined
  readonly before?: bigint | undefined
  readonly ids?: readonly bigint[] | undefined
  /** False leaves out what rooms sent. */
  readonly groupchat?: boolean | undefined
}

/** A message of an archive. */
export interface Row {
  readonly id: bigint
  /** The full JID of who sent it. */
  readonly from: string
  readonly message: Element
}

interface Stored {
  readonly id: bigint | number
  readonly from_jid: string
  readonly message: Uint8Array
}

/** All rows of an archive. */
export const archive = (owner: number): Condition => ({ sql: 'user_id = ?', params: [owner] })

/** Rows for which `condition` holds and that are wanted. */
export function narrow(condition: Condition, wanted: Wanted): Condition {
  const parts = [condition.sql]
  const params = [...condition.params]
  const add = (sql: string, ...values: readonly SqlValue[]): void => {
    parts.push(sql)
    params.push(...values)
  }
  if (wanted.with !== undefined) add('remote_bare_jid = ?', wanted.with.bare.toString())
  if (wanted.with !== undefined && wanted.with.resource !== '') add('remote_resource = ?', wanted.with.resource)
  if (wanted.atLeast !== undefined) add('id >= ?', wanted.atLeast)
  if (wanted.atMost !== undefined) add('id <= ?', wanted.atMost)
  if (wanted.after !== undefined) add('id > ?', wanted.after)
  if (wanted.before !== undefined) add('id < ?', wanted.before)
  if (wanted.ids !== undefined) add(`id IN (${places(wanted.ids)})`, ...padded(wanted.ids))
  if (wanted.groupchat === false) add('is_groupchat = FALSE')
  return { sql: parts.join(' AND '), params }
}

/** At most `limit` rows, oldest first: the oldest of those for which the condition holds, or the newest. */
export async function readRows(
  db: Database,
  condition: Condition,
  from: 'oldest' | 'newest',
  limit: number,
  offset = 0,
): Promise<Row[]> {
  const stored = await db.query<Stored>(
    `SELECT id, from_jid, message FROM mam_message WHERE ${condition.sql}
     ORDER BY id ${from === 'oldest' ? 'ASC' : 'DESC'} LIMIT ? OFFSET ?`,
    ...condition.params,
    limit,
    offset,
  )
  if (from === 'newest') stored.reverse()
  return stored.map(rowOf)
}

/** How many rows there are for which the condition holds; undefined when there are more than `limit`, and then no more are read. */
export async function countRows(db: Database, condition: Condition, limit: number): Promise<number | undefined> {
  const rows = await db.query<{ found: number }>(
    `SELECT count(*) AS found FROM (SELECT id FROM mam_message WHERE ${condition.sql} LIMIT ?) AS counted`,
    ...condition.params,
    limit + 1,
  )
  const found = rows[0]?.found ?? 0
  return found > limit ? undefined : found
}

/** How many messages an archive has, from its counter. */
export async function sizeOf(db: Database, owner: number): Promise<number> {
  const rows = await db.query<{ messages: number }>('SELECT messages FROM mam_counter WHERE user_id = ?', owner)
  return rows[0]?.messages ?? 0
}

const utf8 = new TextDecoder()

function rowOf({ id, from_jid: from, message }: Stored): Row {
  return { id: BigInt(id), from, message: parseElement(utf8.decode(message)) }
}

/** Lists are padded with their last id to a power of two, so that few distinct texts have to be prepared. */
function padded(ids: readonly bigint[]): bigint[] {
  const length = 2 ** Math.ceil(Math.log2(Math.max(1, ids.length)))
  const last = ids.at(-1) ?? 0n
  return Array.from({ length }, (_, index) => ids[index] ?? last)
}

function places(ids: readonly bigint[]): string {
  return padded(ids)
    .map(() => '?')
    .join(', ')
}
