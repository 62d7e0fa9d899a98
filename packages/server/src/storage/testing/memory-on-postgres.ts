/** What `storage/memory.ts` exports, over PostgreSQL; see `on-postgres.ts`. */
import { type Database, StorageError, type Write } from '../../core/database.ts'
import { openPostgres } from '../postgres/index.ts'
import { databaseNamed } from './postgres.ts'

const test = databaseNamed(process.env['MEERKAT_TEST_DATABASE'] ?? 'meerkat_test')
let engine: Promise<Database> | undefined
let calls = 0

/** See `storage/memory.ts`. */
export function atWork(): boolean {
  return calls > 0
}

/** An empty store. There is one at a time: what an earlier one has kept is removed. */
export function memoryDatabase(): Database {
  const emptied = counted(empty())
  let closed = false
  const whenOpen = <T>(call: (db: Database) => Promise<T>): Promise<T> =>
    closed ? Promise.reject(new StorageError('closed', 'the store is closed')) : counted(emptied.then(call))
  return {
    commit: (writes) => whenOpen((db) => commit(db, writes)),
    query: (sql, ...params) => whenOpen((db) => db.query(sql, ...params)),
    async close() {
      closed = true
      await emptied
    },
  }
}

function commit(db: Database, writes: readonly Write[]): Promise<void> {
  // A test that breaks the schema leaves it to the next to make it anew.
  if (writes.some(({ sql }) => sql.startsWith('DROP '))) engine = undefined
  return db.commit(writes)
}

async function empty(): Promise<Database> {
  if (engine === undefined) await test.run('DROP SCHEMA public CASCADE', 'CREATE SCHEMA public')
  engine ??= openPostgres(test.pool(), { durability: 'process' })
  const db = await engine
  const tables = await db.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('schema_version', 'last_transaction')`,
  )
  await db.commit(tables.map(({ name }) => ({ sql: `DELETE FROM ${name}`, params: [] })))
  return db
}

async function counted<T>(call: Promise<T>): Promise<T> {
  calls++
  try {
    return await call
  } finally {
    calls--
  }
}
