/** What `meerkat check` finds about the main store: whether it can be opened, and which release has written it. */
import { accessSync, constants, existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Config } from '../core/config/types.ts'
import { type AppliedMigration, MIGRATIONS, checkHistory } from '../storage/migrations/index.ts'
import { type Finding, messageOf, ok, wrong } from './finding.ts'
import { sqliteFile } from './storage.ts'

/** Looks at the embedded store; a database elsewhere is looked at where its pool is. */
export function checkStore(config: Config): Finding[] {
  let file: string | undefined
  try {
    file = sqliteFile(config)
    if (file === undefined) return []
    if (!existsSync(file)) return [ok(`the store ${file} will be made at the first start`)]
    accessSync(file, constants.R_OK | constants.W_OK)
  } catch (error) {
    return [wrong(messageOf(error), 'let the user of the server own the store, or correct the configuration')]
  }
  try {
    return [ok(`the store ${file} can be opened`), ...checkSchema(`the store ${file}`, historyOf(file))]
  } catch (error) {
    return [wrong(`${file} is no store (${messageOf(error)})`, 'put a backup in its place with "meerkat restore"')]
  }
}

function historyOf(file: string): AppliedMigration[] | undefined {
  const store = new DatabaseSync(file, { readOnly: true, timeout: 2000 })
  try {
    const known = store.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'`).all()
    if (known.length === 0) return undefined
    const rows = store.prepare('SELECT version, name FROM schema_version ORDER BY version').all()
    return rows.map(({ version, name }) => ({ version: Number(version), name: String(name) }))
  } finally {
    store.close()
  }
}

/** Compares the migrations that a store has had with those of this release; `undefined`: it has had none. */
export function checkSchema(what: string, applied: readonly AppliedMigration[] | undefined): Finding[] {
  if (applied === undefined) return [ok(`${what} is empty: the first start makes its tables`)]
  try {
    checkHistory(applied)
  } catch (error) {
    return [wrong(`${what} cannot be used`, messageOf(error))]
  }
  const missing = MIGRATIONS.length - applied.length
  if (missing === 0) return [ok(`${what} has schema version ${MIGRATIONS.length}, that of this release`)]
  return [ok(`${what} has schema version ${applied.length}: the next start brings it to ${MIGRATIONS.length}`)]
}
