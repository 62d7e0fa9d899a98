/** The generic store `Log`: entries of an owner in the order of their times. */
import { type Database, StorageError, type Write } from '../core/database.ts'
import { type Append, type Log } from '../core/stores.ts'
import { domainOf } from './owner.ts'

const DEFAULT_PAGE = 1000
const READ = 'SELECT id, content AS value, at FROM store_log WHERE store = ? AND owner = ?'
const ORDER = 'ORDER BY at, id LIMIT ?'

/** The log called `store`; `now` tells the time in microseconds since 1970. */
export function openLog(db: Database, store: string, now: () => number): Log {
  return {
    append: (owner, value, options = {}) =>
      append([store, owner, domainOf(owner), value, options.at ?? now()], options),
    read: (owner, { after, limit = DEFAULT_PAGE } = {}) =>
      after === undefined
        ? db.query(`${READ} ${ORDER}`, store, owner, limit)
        : db.query(
            `${READ} AND (at > ? OR at = ? AND id > ?) ${ORDER}`,
            store,
            owner,
            after.at,
            after.at,
            after.id,
            limit,
          ),
    async count(owner) {
      const rows = await db.query<{ entries: number }>(
        'SELECT count(*) AS entries FROM store_log WHERE store = ? AND owner = ?',
        store,
        owner,
      )
      return rows[0]?.entries ?? 0
    },
    async owners(domain, { after = '', limit = DEFAULT_PAGE } = {}) {
      const rows = await db.query<{ owner: string }>(
        'SELECT DISTINCT owner FROM store_log WHERE store = ? AND domain = ? AND owner > ? ORDER BY owner LIMIT ?',
        store,
        domain,
        after,
        limit,
      )
      return rows.map(({ owner }) => owner)
    },
    remove: (owner, ids) => removeListed('id', store, owner, ids),
    removeAt: (owner, times) => removeListed('at', store, owner, times),
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

/** The values are padded with the last one to a power of two, so that few distinct texts have to be prepared. */
function removeListed(column: 'id' | 'at', store: string, owner: string, values: readonly number[]): Write {
  const last = values.at(-1) ?? 0 // no entry has the id 0, and none is from 1970
  const length = 2 ** Math.ceil(Math.log2(Math.max(1, values.length)))
  const padded = [...values, ...Array.from({ length: length - values.length }, () => last)]
  return {
    sql: `DELETE FROM store_log WHERE store = ? AND owner = ? AND ${column} IN (${padded.map(() => '?').join(', ')})`,
    params: [store, owner, ...padded],
  }
}
