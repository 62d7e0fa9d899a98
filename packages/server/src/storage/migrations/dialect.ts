/** The schema builder of each dialect, compiling only (no driver), and the column types in which dialects differ. */
import {
  type ColumnDefinitionBuilder,
  type DialectAdapter,
  DummyDriver,
  Kysely,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
  type SchemaModule,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import { type DialectName, type SchemaDialect, type SchemaStatement } from './migration.ts'

/** A schema builder for the dialect. */
export function schemaDialect(name: DialectName): SchemaDialect {
  const numbered = (column: ColumnDefinitionBuilder) =>
    name === 'postgres' ? column.primaryKey() : column.autoIncrement().primaryKey()
  const compiled = (statements: readonly SchemaStatement[]) => statements.map((statement) => statement.compile().sql)
  return { name, schema: builder(name), numbered, compiled, now: sql`CURRENT_TIMESTAMP`, ...TYPES[name] }
}

const TYPES = {
  sqlite: { key: 'text', long: 'text', bytes: 'blob', serial: 'integer' },
  postgres: { key: sql`text collate "C"`, long: 'text', bytes: 'bytea', serial: 'bigserial' },
  mysql: { key: 'varchar(250)', long: sql`mediumtext`, bytes: sql`mediumblob`, serial: 'bigint' },
} as const

interface Parts {
  readonly adapter: new () => DialectAdapter
  readonly compiler: new () => QueryCompiler
  readonly introspector: typeof SqliteIntrospector | typeof PostgresIntrospector | typeof MysqlIntrospector
}

const PARTS: Readonly<Record<DialectName, Parts>> = {
  sqlite: { adapter: SqliteAdapter, compiler: SqliteQueryCompiler, introspector: SqliteIntrospector },
  postgres: { adapter: PostgresAdapter, compiler: PostgresQueryCompiler, introspector: PostgresIntrospector },
  mysql: { adapter: MysqlAdapter, compiler: MysqlQueryCompiler, introspector: MysqlIntrospector },
}

function builder(name: DialectName): SchemaModule {
  const { adapter, compiler, introspector } = PARTS[name]
  const dialect = {
    createAdapter: () => new adapter(),
    createDriver: () => new DummyDriver(),
    createQueryCompiler: () => new compiler(),
    createIntrospector: (db: Kysely<unknown>) => new introspector(db),
  }
  return new Kysely<unknown>({ dialect }).schema
}
