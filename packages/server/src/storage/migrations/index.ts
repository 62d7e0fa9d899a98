/** The schema's history: every release brings the store from any earlier version to its own, one migration at a time. */
import { type Database, type Write } from '../../core/database.ts'
import { type DialectName, type Migration, type SchemaDialect } from './migration.ts'
import { accounts } from './0001-accounts.ts'
import { genericStores } from './0002-stores.ts'
import { archive } from './0003-archive.ts'
import { outbox } from './0004-outbox.ts'
import { logOrder } from './0005-log-order.ts'
import { pubsub } from './0006-pubsub.ts'
import { outboxEvents } from './0007-outbox-events.ts'
import { pubsubOptions } from './0008-pubsub-options.ts'
import { outboxOrder } from './0009-outbox-order.ts'

/** The steps of this release, in order. */
export const MIGRATIONS: readonly Migration[] = [
  accounts,
  genericStores,
  archive,
  outbox,
  logOrder,
  pubsub,
  outboxEvents,
  pubsubOptions,
  outboxOrder,
]

/** A database whose schema this release cannot use. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

const VERSION_TABLE =
  'CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, name varchar(250) NOT NULL, applied_at bigint NOT NULL)'

/**
 * Applies what the database lacks. Each migration commits as one unit together with its row in `schema_version`,
 * so that a crash leaves a migration done or not begun (where the engine's schema changes are transactional, which MySQL's are not).
 * Rejects with a `MigrationError` when the database was written by a newer release, or its history is another one.
 */
export async function migrate(
  db: Database,
  migrations: readonly Migration[] = MIGRATIONS,
  dialect: DialectName = 'sqlite',
): Promise<void> {
  await db.commit([{ sql: VERSION_TABLE, params: [] }])
  const applied = await db.query<{ version: number; name: string }>(
    'SELECT version, name FROM schema_version ORDER BY version',
  )
  checkHistory(applied, migrations)
  if (applied.length === migrations.length) return
  // The schema builder costs 26 MB and 100 ms, and most starts have nothing to build.
  const { schemaDialect } = await import('./dialect.ts')
  const schema = schemaDialect(dialect)
  for (const migration of migrations.slice(applied.length)) await db.commit(writesOf(migration, schema))
}

/** All writes that give an empty database the schema of `migrations`. */
export function migrationWrites(migrations: readonly Migration[], schema: SchemaDialect): Write[] {
  return [{ sql: VERSION_TABLE, params: [] }, ...migrations.flatMap((migration) => writesOf(migration, schema))]
}

function writesOf(migration: Migration, schema: SchemaDialect): Write[] {
  return [
    ...migration.statements(schema).map((sql) => ({ sql, params: [] })),
    {
      sql: 'INSERT INTO schema_version (version, name, applied_at) VALUES (?, ?, ?)',
      params: [migration.version, migration.name, Date.now() * 1000],
    },
  ]
}

/** A migration that a database has had. */
export interface AppliedMigration {
  readonly version: number
  readonly name: string
}

/** Throws a `MigrationError` when this release cannot go on from there. */
export function checkHistory(
  applied: readonly AppliedMigration[],
  migrations: readonly Migration[] = MIGRATIONS,
): void {
  const newest = applied.at(-1)
  if (newest !== undefined && newest.version > migrations.length) {
    throw new MigrationError(
      `the database has schema version ${newest.version} (${newest.name}); this release knows versions up to ` +
        `${migrations.length}: start the release that wrote it or a newer one, or restore a backup`,
    )
  }
  applied.forEach(({ version, name }, i) => {
    const known = migrations[i]
    if (known?.version === version && known.name === name) return
    throw new MigrationError(
      `the database has "${name}" as schema version ${version} where this release has ` +
        `"${known?.name ?? 'nothing'}" as version ${i + 1}: it was not written by a release of this server`,
    )
  })
}

export { type DialectName, type Migration } from './migration.ts'
