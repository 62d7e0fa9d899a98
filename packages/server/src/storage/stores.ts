/** The generic stores over any `Database`. */
import { type Database } from '../core/database.ts'
import { type KeyedSet, type KeyValue, type Stores } from '../core/stores.ts'
import { openLog } from './log-store.ts'
import { domainOf } from './owner.ts'

/** The generic stores of a database. `now` tells the time in microseconds since 1970. */
export function openStores(db: Database, now: () => number = () => Date.now() * 1000): Stores {
  return {
    keyValue: (name) => openKeyValue(db, name),
    keyedSet: (name) => openKeyedSet(db, name),
    log: (name) => openLog(db, name, now),
  }
}

function openKeyValue(db: Database, store: string): KeyValue {
  return {
    async get(owner) {
      const rows = await db.query<{ content: string }>(
        'SELECT content FROM store_value WHERE store = ? AND owner = ?',
        store,
        owner,
      )
      return rows[0]?.content
    },
    put: (owner, value) => ({
      sql: `INSERT INTO store_value (store, owner, domain, content) VALUES (?, ?, ?, ?)
            ON CONFLICT (store, owner) DO UPDATE SET content = excluded.content`,
      params: [store, owner, domainOf(owner), value],
    }),
    remove: (owner) => ({ sql: 'DELETE FROM store_value WHERE store = ? AND owner = ?', params: [store, owner] }),
    removeDomain: (domain) => ({
      sql: 'DELETE FROM store_value WHERE store = ? AND domain = ?',
      params: [store, domain],
    }),
  }
}

/** The quota stands in the statement, so that concurrent puts cannot pass it together; replacing is always allowed. */
const PUT_ENTRY_WITHIN = `INSERT INTO store_entry (store, owner, entry_key, domain, content) SELECT ?, ?, ?, ?, ?
  WHERE (SELECT count(*) FROM store_entry WHERE store = ? AND owner = ?) < ?
  OR EXISTS (SELECT 1 FROM store_entry WHERE store = ? AND owner = ? AND entry_key = ?)
  ON CONFLICT (store, owner, entry_key) DO UPDATE SET content = excluded.content`

const PUT_ENTRY = `INSERT INTO store_entry (store, owner, entry_key, domain, content) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (store, owner, entry_key) DO UPDATE SET content = excluded.content`

function openKeyedSet(db: Database, store: string): KeyedSet {
  return {
    async get(owner, key) {
      const rows = await db.query<{ content: string }>(
        'SELECT content FROM store_entry WHERE store = ? AND owner = ? AND entry_key = ?',
        store,
        owner,
        key,
      )
      return rows[0]?.content
    },
    async all(owner) {
      const rows = await db.query<{ entry_key: string; content: string }>(
        'SELECT entry_key, content FROM store_entry WHERE store = ? AND owner = ? ORDER BY entry_key',
        store,
        owner,
      )
      return new Map(rows.map((row) => [row.entry_key, row.content]))
    },
    async page(owner, { limit = 1000, after } = {}) {
      const rows = await db.query<{ entry_key: string; content: string }>(
        `SELECT entry_key, content FROM store_entry WHERE store = ? AND owner = ?
         ${after === undefined ? '' : 'AND entry_key > ?'} ORDER BY entry_key LIMIT ?`,
        ...(after === undefined ? [store, owner, limit] : [store, owner, after, limit]),
      )
      return new Map(rows.map((row) => [row.entry_key, row.content]))
    },
    async count(owner) {
      const rows = await db.query<{ entries: number }>(
        'SELECT count(*) AS entries FROM store_entry WHERE store = ? AND owner = ?',
        store,
        owner,
      )
      return rows[0]?.entries ?? 0
    },
    put(owner, key, value, quota) {
      const entry = [store, owner, key, domainOf(owner), value]
      if (quota === undefined) return { sql: PUT_ENTRY, params: entry }
      const params = [...entry, store, owner, quota.limit, store, owner, key]
      return { sql: PUT_ENTRY_WITHIN, params, orElse: quota.refused }
    },
    remove: (owner, key) => ({
      sql: 'DELETE FROM store_entry WHERE store = ? AND owner = ? AND entry_key = ?',
      params: [store, owner, key],
    }),
    clear: (owner) => ({ sql: 'DELETE FROM store_entry WHERE store = ? AND owner = ?', params: [store, owner] }),
    move: (owner, to) => ({
      sql: 'UPDATE store_entry SET store = ? WHERE store = ? AND owner = ?',
      params: [to, store, owner],
    }),
    removeDomain: (domain) => ({
      sql: 'DELETE FROM store_entry WHERE store = ? AND domain = ?',
      params: [store, domain],
    }),
  }
}
