/** Accounts, with the columns of MongooseIM's schema. */
import { type Migration } from './migration.ts'

/** The table `users`: a password or its SCRAM details. */
export const accounts: Migration = {
  version: 1,
  name: 'accounts',
  statements: ({ schema, key, long, now, compiled }) =>
    compiled([
      schema
        .createTable('users')
        .addColumn('server', key, (column) => column.notNull())
        .addColumn('username', key, (column) => column.notNull())
        .addColumn('password', long, (column) => column.notNull())
        .addColumn('pass_details', long)
        .addColumn('created_at', 'timestamp', (column) => column.notNull().defaultTo(now))
        .addPrimaryKeyConstraint('users_pk', ['server', 'username']),
    ]),
}
