/**
 * What is kept of users in the main store, and how it is removed. It is declared beside what keeps it (`keeps` of a module), so that it goes with an
 * account or a domain even while that module does not run. `main/erasing.test.ts` fails when a table or a store is not declared.
 */
import type { Jid } from '@meerkat/protocol'
import type { Database, SqlValue, Write } from './database.ts'
import type { Stores } from './stores.ts'

/** How many rows go in one unit, so that nobody else's unit waits for long. */
export const ERASED_AT_ONCE = 500

/** Something that is kept of users. */
export interface Keeping {
  /** The table, or the table of the generic store and its name: `store_entry roster`. */
  readonly place: string
  /** What removes the next rows of an account, or of a whole domain (a JID without local part); none when nothing is left. */
  next(subject: Jid, db: Database, stores: Stores): Promise<readonly Write[]>
}

/** Which rows are meant: a condition of SQL; undefined for none. */
export interface Condition {
  readonly where: string
  readonly params: readonly SqlValue[]
}

/** Rows of a table that has the columns `key` for its key. */
export function keptRows(
  place: string,
  key: readonly string[],
  condition: (subject: Jid) => Condition | undefined,
): Keeping {
  const [table = place] = place.split(' ')
  const columns = key.join(', ')
  return {
    place,
    async next(subject, db) {
      const found = condition(subject)
      if (found === undefined) return []
      const { where, params } = found
      const rows = await db.query(`SELECT 1 AS found FROM ${table} WHERE ${where} LIMIT 1`, ...params)
      if (rows.length === 0) return []
      const these = `SELECT ${columns} FROM ${table} WHERE ${where} LIMIT ${ERASED_AT_ONCE}`
      return [{ sql: `DELETE FROM ${table} WHERE (${columns}) IN (${these})`, params }]
    },
  }
}

/** A generic store whose owners are bare JIDs, or domains. */
function keptStore(table: string, key: readonly string[], store: string): Keeping {
  return keptRows(`${table} ${store}`, key, (subject) =>
    subject.local === ''
      ? { where: 'store = ? AND domain = ?', params: [store, subject.domain] }
      : { where: 'store = ? AND owner = ?', params: [store, subject.toString()] },
  )
}

const ENTRY = ['store', 'owner', 'entry_key']

/** A generic store `keyValue` whose owners are bare JIDs. */
export const keptValues = (store: string): Keeping => keptStore('store_value', ['store', 'owner'], store)

/** A generic store `keyedSet` whose owners are bare JIDs. */
export const keptEntries = (store: string): Keeping => keptStore('store_entry', ENTRY, store)

/** A generic store `log` whose owners are bare JIDs. */
export const keptLog = (store: string): Keeping => keptStore('store_log', ['id'], store)

/** A generic store `keyedSet` whose owners are domains, with users' names for keys. */
export const keptByName = (store: string): Keeping =>
  keptRows(`store_entry ${store}`, ENTRY, ({ local, domain }) =>
    local === ''
      ? { where: 'store = ? AND domain = ?', params: [store, domain] }
      : { where: 'store = ? AND owner = ? AND entry_key = ?', params: [store, domain, local] },
  )

/** Something that is a domain's, and no user's. */
export const ofDomains = (keeping: Keeping): Keeping => ({
  place: keeping.place,
  next: async (subject, db, stores) => (subject.local === '' ? keeping.next(subject, db, stores) : []),
})

/** Something that is nobody's, or goes in another way: `why` says in which. */
export const keptOtherwise = (place: string, why: string): Keeping & { readonly why: string } => ({
  place,
  why,
  next: async () => [],
})
