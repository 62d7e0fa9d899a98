/** Reading archives: conditions on rows, and rows by them. Every statement runs along an index and reads no more rows than it is told. */
import type { Jid } from '@meerkat/protocol'
import { type Element, parseElement } from '@meerkat/xml'
import type { Database } from '../../core/database.ts'
import type { SqlValue } from '../../core/module.ts'

/** A condition on the rows of `mam_message`: bounds of the id, and the rest of it. */
export interface Condition {
  readonly sql: string
  readonly params: readonly SqlValue[]
  readonly least: bigint | undefined
  readonly most: bigint | undefined
}

/** Which rows of an archive are meant; bounds are ids. */
export interface Wanted {
  readonly with?: Jid | undefined
  readonly atLeast?: bigint | undefined
  readonly atMost?: bigint | undefined
  readonly after?: bigint | undefined
  readonly before?: bigint | undefined
  readonly ids?: readonly bigint[] | undefined
  /** Only what the owner has received (`I`), or sent (`O`). */
  readonly direction?: 'I' | 'O' | undefined
  /** False leaves out what rooms sent. */
  readonly groupchat?: boolean | undefined
  /** Words as `searching.ts` makes them, which the text must hold; such a condition reads every row within its bounds. */
  readonly words?: readonly string[] | undefined
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
export function archive(owner: number): Condition {
  return { sql: 'user_id = ?', params: [owner], least: undefined, most: undefined }
}

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
  if (wanted.ids !== undefined) add(`id IN (${places(wanted.ids)})`, ...padded(wanted.ids))
  if (wanted.direction !== undefined) add('direction = ?', wanted.direction)
  if (wanted.groupchat === false) add('is_groupchat = FALSE')
  for (const word of wanted.words ?? []) add('search_body LIKE ?', `%${word}%`)
  return { sql: parts.join(' AND '), params, ...bounds(condition, wanted) }
}

/** One bound on each side, whoever sets several: an index can follow no more. */
function bounds({ least, most }: Condition, { atLeast, after, atMost, before }: Wanted) {
  const lower = [least, atLeast, after === undefined ? undefined : after + 1n].filter((id) => id !== undefined)
  const upper = [most, atMost, before === undefined ? undefined : before - 1n].filter((id) => id !== undefined)
  return {
    least: lower.length === 0 ? undefined : lower.reduce((a, b) => (a > b ? a : b)),
    most: upper.length === 0 ? undefined : upper.reduce((a, b) => (a < b ? a : b)),
  }
}

/** The condition as SQL. */
function where({ sql, params, least, most }: Condition): { sql: string; params: SqlValue[] } {
  const parts = [sql]
  const values = [...params]
  if (least !== undefined) parts.push('id >= ?')
  if (most !== undefined) parts.push('id <= ?')
  for (const bound of [least, most]) if (bound !== undefined) values.push(bound)
  return { sql: parts.join(' AND '), params: values }
}

/** At most `limit` rows, oldest first: the oldest of those for which the condition holds, or the newest. */
export async function readRows(
  db: Database,
  condition: Condition,
  from: 'oldest' | 'newest',
  limit: number,
  offset = 0,
): Promise<Row[]> {
  const { sql, params } = where(condition)
  const stored = await db.query<Stored>(
    `SELECT id, from_jid, message FROM mam_message WHERE ${sql}
     ORDER BY id ${order(from)} LIMIT ? OFFSET ?`,
    ...params,
    limit,
    offset,
  )
  if (from === 'newest') stored.reverse()
  return stored.map(rowOf)
}

/** How many rows there are for which the condition holds; undefined when there are more than `limit`, and then no more are read. */
export async function countRows(db: Database, condition: Condition, limit: number): Promise<number | undefined> {
  const { sql, params } = where(condition)
  const rows = await db.query<{ found: number }>(
    `SELECT count(*) AS found FROM (SELECT id FROM mam_message WHERE ${sql} LIMIT ?) AS counted`,
    ...params,
    limit + 1,
  )
  const found = rows[0]?.found ?? 0
  return found > limit ? undefined : found
}

/** The id of the row that has `skipped` others before it from that end; undefined when there are no more than these. */
export async function idAt(
  db: Database,
  condition: Condition,
  from: 'oldest' | 'newest',
  skipped: number,
): Promise<bigint | undefined> {
  const { sql, params } = where(condition)
  const rows = await db.query<{ id: bigint | number }>(
    `SELECT id FROM mam_message WHERE ${sql} ORDER BY id ${order(from)} LIMIT 1 OFFSET ?`,
    ...params,
    skipped,
  )
  return rows[0] === undefined ? undefined : BigInt(rows[0].id)
}

/**
 * The newest of the messages that have this origin-id and were exchanged so; undefined when there is none among the first `limit` that have it.
 * The conversation is not in the statement, which then could run along the conversation's index and read all of it.
 */
export async function idByOrigin(
  db: Database,
  owner: number,
  originId: string,
  { remote, direction }: { readonly remote: Jid; readonly direction: string },
  limit: number,
): Promise<bigint | undefined> {
  const named = await db.query<{ id: bigint | number; remote_bare_jid: string; direction: string }>(
    'SELECT id, remote_bare_jid, direction FROM mam_message WHERE user_id = ? AND origin_id = ? LIMIT ?',
    owner,
    originId,
    limit,
  )
  const party = remote.bare.toString()
  const ids = named.filter((row) => row.remote_bare_jid === party && row.direction === direction)
  return ids
    .map(({ id }) => BigInt(id))
    .toSorted((a, b) => (a < b ? -1 : 1))
    .at(-1)
}

const order = (from: 'oldest' | 'newest'): string => (from === 'oldest' ? 'ASC' : 'DESC')

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
