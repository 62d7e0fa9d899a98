/** How the outbox is read by the embedded engine. */
import { type Migration } from './migration.ts'

/**
 * A file of SQLite's has one writer, so that the order of its rows is that of the table: an index by writer was a fifth of what it takes to add an event
 * and to remove it.
 */
export const outboxOrder: Migration = {
  version: 9,
  name: 'order of the outbox',
  statements: ({ name, schema, compiled }) => (name === 'sqlite' ? compiled([schema.dropIndex('outbox_writer')]) : []),
}
