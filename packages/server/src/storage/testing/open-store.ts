/** Stores for processes that tests start and kill. */
import type { Database } from '../../core/database.ts'
import { openPostgres } from '../postgres/index.ts'
import { openSqlite } from '../sqlite/index.ts'
import { databaseNamed } from './postgres.ts'

const POSTGRES = 'postgres:'

/** Opens a store by name, the file of SQLite or `postgres:DATABASE`, for the writer "one". */
export function openStore(store: string): Promise<Database> {
  if (!store.startsWith(POSTGRES)) return openSqlite({ file: store, durability: 'process' })
  return openPostgres(databaseNamed(store.slice(POSTGRES.length)).pool(), { durability: 'process', writer: 'one' })
}
