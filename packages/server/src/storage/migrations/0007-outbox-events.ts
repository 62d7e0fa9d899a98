/** Rows of the outbox that stand for several events (`outbox.ts`). */
import { type Migration } from './migration.ts'

/** `outbox.events`: for how many events a row stands. */
export const outboxEvents: Migration = {
  version: 7,
  name: 'events of a row',
  statements: ({ schema, compiled }) =>
    compiled([schema.alterTable('outbox').addColumn('events', 'integer', (column) => column.notNull().defaultTo(1))]),
}
