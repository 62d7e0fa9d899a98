/** The generic store `Log`: entries of an owner in the order in which they were appended. */
import { type Database, StorageError, type Write } from '../core/database.ts'
import { type Append, type Log } from '../core/stores.ts'
import { domainOf } from './owner.ts'

const DEFAULT_PAGE = 1000

/** The log called `store`; `now` tells the time in microseconds since 1970. */
export function openLog(db: Database, store: string, now: () => number): Log {
  return {
    append: (owner, value, options = {}) =>
      append([store, owner, domainOf(owner), value, options.at ?? now()], options),
    read: (owner, options = {}) =>
      db.query(
        'SELECT id, content AS value, at FROM store_log WHERE store = ? AND owner = ? AND id > ? ORDER BY id LIMIT ?',
        store,
        owner,
        options.after ?? 0,
        options.limit ?? DEFAULT_PAGE,
      ),
    async count(owner) {
      const rows = await db.query<{ entries: number }>(
        'SELECT count(*) AS entries FROM store_log WHERE store = ? AND owner = ?',
        store,
        owner,
      )
      return rows[0]?.entries ?? 0
    },
    remove: (owner, ids) => remove(store, owner, ids),
    clear: (owner) => ({ sql: 'DELETE FROM store_log WHERE store = ? AND owner = ?', params: [store, owner] }),
    removeDomain: (domain) => ({
      sql: 'DELETE FROM store_log WHERE store = ? AND domain = ?',
      params: [store, domain],
    }),
    removeOlderThan: (at) => ({ sql: 'DELETE FROM store_log WHERE store = ? AND at < ?', params: [store, at] }),
  }
}

/** The quota stands in the statement, so that concurrent appends cannot pass it together. */
function append(entry: readonly [string, string, string, string, number], { limit, refused }: Append): Write {
  const insert = 'INSERT INTO store_log (store, owner, domain, content, at)'
  if (limit === undefined) return { sql: `${insert} VALUES (?, ?, ?, ?, ?)`, params: entry }
  return {
    sql: `${insert} SELECT ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM store_log WHERE store = ? AND owner = ?) < ?`,
    params: [...entry, entry[0], entry[1], limit],
    orElse: refused ?? new StorageError('constraint', `the log already has ${limit} entries`),
  }
}

/** Ids are padded with the last one to a power of two, so that few distinct texts have to be prepared. */
function remove(store: string, owner: string, ids: readonly number[]): Write {
  const last = ids.at(-1) ?? 0 // no entry has the id 0
  const length = 2 ** Math.ceil(Math.log2(Math.max(1, ids.length)))
  const padded = [...ids, ...Array.from({ length: length - ids.length }, () => last)]
  return {
    sql: `DELETE FROM store_log WHERE store = ? AND owner = ? AND id IN (${padded.map(() => '?').join(', ')})`,
    params: [store, owner, ...padded],
  }
}
