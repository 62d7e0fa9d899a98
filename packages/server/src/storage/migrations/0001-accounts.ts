/** Accounts, with the columns of MongooseIM's schema. */
import { sql } from 'kysely'
import { compiled } from './dialect.ts'
import { type Migration } from './index.ts'

/** The table `users`: a password or its SCRAM details. */
export const accounts: Migration = {
  version: 1,
  name: 'accounts',
  statements: ({ schema, key, long }) =>
    compiled([
      schema
        .createTable('users')
        .addColumn('server', key, (column) => column.notNull())
        .addColumn('username', key, (column) => column.notNull())
        .addColumn('password', long, (column) => column.notNull())
        .addColumn('pass_details', long)
        .addColumn('created_at', 'timestamp', (column) => column.notNull().defaultTo(sql`CURRENT_TIMESTAMP`))
        .addPrimaryKeyConstraint('users_pk', ['server', 'username']),
    ]),
}
