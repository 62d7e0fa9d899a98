/** What a migration is, and what it is built with: types only, so that the builder itself is loaded only when there is something to build. */
// Not `import { type ... }`, which would load the module for its side effects.
import type { ColumnDefinitionBuilder, CompiledQuery, Expression, SchemaModule } from 'kysely'

/** The families of SQL that the store speaks; CockroachDB counts as PostgreSQL, MariaDB as MySQL. */
export type DialectName = 'sqlite' | 'postgres' | 'mysql'

/** What a migration builds its statements with. */
export interface SchemaDialect {
  readonly name: DialectName
  readonly schema: SchemaModule
  /** A name or JID that can be part of a key, ordered by code point. MySQL's keys are short, hence MongooseIM's 250 characters there. */
  readonly key: 'text' | 'varchar(250)' | Expression<unknown>
  readonly bytes: 'blob' | 'bytea' | Expression<unknown>
  /** Text of any length. */
  readonly long: 'text' | Expression<unknown>
  /** A number that the engine gives to new rows. */
  readonly serial: 'integer' | 'bigserial' | 'bigint'
  /** Makes a `serial` column the key, with numbers that are never given twice. */
  readonly numbered: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder
  /** The time of the insertion, as a default. */
  readonly now: Expression<unknown>
  /** The texts of the statements. */
  readonly compiled: (statements: readonly SchemaStatement[]) => string[]
}

/** What a schema builder makes. */
export interface SchemaStatement {
  compile(): CompiledQuery
}

/** One step of the schema. Once released it never changes. */
export interface Migration {
  /** From 1, without gaps. */
  readonly version: number
  readonly name: string
  statements(dialect: SchemaDialect): readonly string[]
}
