/** The schema builder of each dialect, compiling only (no driver), and the column types in which dialects differ. */
import {
  type ColumnDefinitionBuilder,
  type CompiledQuery,
  type Expression,
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

/** The families of SQL that the store speaks; CockroachDB counts as PostgreSQL, MariaDB as MySQL. */
export type DialectName = 'sqlite' | 'postgres' | 'mysql'

/** What a migration builds its statements with. */
export interface SchemaDialect {
  readonly name: DialectName
  readonly schema: SchemaModule
  /** A name or JID that can be part of a key. MySQL's keys are short, hence MongooseIM's 250 characters there. */
  readonly key: 'text' | 'varchar(250)'
  readonly bytes: 'blob' | 'bytea' | Expression<unknown>
  /** Text of any length. */
  readonly long: 'text' | Expression<unknown>
  /** A number that the engine gives to new rows. */
  readonly serial: 'integer' | 'bigserial' | 'bigint'
  /** Makes a `serial` column the key, with numbers that are never given twice. */
  readonly numbered: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder
}

interface Statement {
  compile(): CompiledQuery
}

/** A schema builder for the dialect. */
export function schemaDialect(name: DialectName): SchemaDialect {
  const numbered = (column: ColumnDefinitionBuilder) =>
    name === 'postgres' ? column.primaryKey() : column.autoIncrement().primaryKey()
  return { name, schema: builder(name), numbered, ...TYPES[name] }
}

/** The texts of the statements. */
export function compiled(statements: readonly Statement[]): string[] {
  return statements.map((statement) => statement.compile().sql)
}

const TYPES = {
  sqlite: { key: 'text', long: 'text', bytes: 'blob', serial: 'integer' },
  postgres: { key: 'text', long: 'text', bytes: 'bytea', serial: 'bigserial' },
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
