/** The tables of the generic stores (`core/stores.ts`). */
import { type Migration, type SchemaDialect } from './migration.ts'

/** `store_value`, `store_entry` and `store_log`: one table for each kind of store, whatever the number of stores. */
export const genericStores: Migration = {
  version: 2,
  name: 'generic stores',
  statements: (dialect) => dialect.compiled([...values(dialect), ...entries(dialect), ...logs(dialect)]),
}

function values({ schema, key, long }: SchemaDialect) {
  return [
    schema
      .createTable('store_value')
      .addColumn('store', key, (column) => column.notNull())
      .addColumn('owner', key, (column) => column.notNull())
      .addColumn('domain', key, (column) => column.notNull())
      .addColumn('content', long, (column) => column.notNull())
      .addPrimaryKeyConstraint('store_value_pk', ['store', 'owner']),
    schema.createIndex('store_value_domain').on('store_value').columns(['store', 'domain']),
  ]
}

function entries({ schema, key, long }: SchemaDialect) {
  return [
    schema
      .createTable('store_entry')
      .addColumn('store', key, (column) => column.notNull())
      .addColumn('owner', key, (column) => column.notNull())
      .addColumn('entry_key', key, (column) => column.notNull())
      .addColumn('domain', key, (column) => column.notNull())
      .addColumn('content', long, (column) => column.notNull())
      .addPrimaryKeyConstraint('store_entry_pk', ['store', 'owner', 'entry_key']),
    schema.createIndex('store_entry_domain').on('store_entry').columns(['store', 'domain']),
  ]
}

function logs({ schema, key, long, serial, numbered }: SchemaDialect) {
  return [
    schema
      .createTable('store_log')
      .addColumn('id', serial, numbered)
      .addColumn('store', key, (column) => column.notNull())
      .addColumn('owner', key, (column) => column.notNull())
      .addColumn('domain', key, (column) => column.notNull())
      .addColumn('content', long, (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull()),
    schema.createIndex('store_log_owner').on('store_log').columns(['store', 'owner', 'id']),
    schema.createIndex('store_log_at').on('store_log').columns(['store', 'at']),
    schema.createIndex('store_log_domain').on('store_log').columns(['store', 'domain']),
  ]
}
