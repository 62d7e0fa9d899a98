/** The outbox of events (`outbox.ts`). */
import { type Migration } from './migration.ts'

/** `outbox` and `outbox_cursor`. */
export const outbox: Migration = {
  version: 4,
  name: 'outbox',
  statements: ({ schema, key, long, serial, numbered, compiled }) =>
    compiled([
      schema
        .createTable('outbox')
        .addColumn('seq', serial, numbered)
        .addColumn('writer', key, (column) => column.notNull())
        .addColumn('lane', 'integer', (column) => column.notNull())
        .addColumn('id', key, (column) => column.notNull())
        .addColumn('host_type', key, (column) => column.notNull())
        .addColumn('kind', key, (column) => column.notNull())
        .addColumn('conversation', long, (column) => column.notNull())
        .addColumn('body', long, (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull()),
      schema.createIndex('outbox_writer').on('outbox').columns(['writer', 'seq']),
      schema
        .createTable('outbox_cursor')
        .addColumn('sink', key, (column) => column.notNull())
        .addColumn('writer', key, (column) => column.notNull())
        .addColumn('lane', 'integer', (column) => column.notNull())
        .addColumn('seq', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('outbox_cursor_pk', ['sink', 'writer', 'lane']),
    ]),
}
