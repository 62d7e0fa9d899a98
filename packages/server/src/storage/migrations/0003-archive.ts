/** The message archive (XEP-0313), with the columns of MongooseIM's schema, and what is remembered of resent messages. */
import { type Migration, type SchemaDialect } from './migration.ts'

/** `mam_server_user`, `mam_message`, `mam_counter` and `dedup`. */
export const archive: Migration = {
  version: 3,
  name: 'archive',
  statements: (dialect) => dialect.compiled([...owners(dialect), ...messages(dialect), ...resent(dialect)]),
}

/** Archives by number, and how many messages each has: the archive's own writes keep the count, so that nothing counts rows. */
function owners({ schema, key, serial, numbered }: SchemaDialect) {
  return [
    schema
      .createTable('mam_server_user')
      .addColumn('id', serial, numbered)
      .addColumn('server', key, (column) => column.notNull())
      .addColumn('user_name', key, (column) => column.notNull())
      .addUniqueConstraint('mam_server_user_name', ['server', 'user_name']),
    schema
      .createTable('mam_counter')
      .addColumn('user_id', 'bigint', (column) => column.primaryKey())
      .addColumn('messages', 'bigint', (column) => column.notNull()),
  ]
}

/** An id is int64: microseconds shifted by eight bits, and the node's number. */
function messages({ name, schema, key, long, bytes }: SchemaDialect) {
  const byOrigin = schema.createIndex('mam_message_origin').on('mam_message').columns(['user_id', 'origin_id'])
  return [
    schema
      .createTable('mam_message')
      .addColumn('user_id', 'bigint', (column) => column.notNull())
      .addColumn('id', 'bigint', (column) => column.notNull())
      .addColumn('from_jid', key, (column) => column.notNull())
      .addColumn('remote_bare_jid', key, (column) => column.notNull())
      .addColumn('remote_resource', key, (column) => column.notNull())
      .addColumn('direction', 'char(1)', (column) => column.notNull())
      .addColumn('message', bytes, (column) => column.notNull())
      .addColumn('search_body', long)
      .addColumn('origin_id', key)
      .addColumn('is_groupchat', 'boolean', (column) => column.notNull())
      .addPrimaryKeyConstraint('mam_message_pk', ['user_id', 'id']),
    schema.createIndex('mam_message_remote').on('mam_message').columns(['user_id', 'remote_bare_jid', 'id']),
    name === 'mysql' ? byOrigin : byOrigin.where('origin_id', 'is not', null),
  ]
}

/** The messages of the last day by sender, recipient (bare JIDs) and origin-id (XEP-0359), so that a resent one is recognised. */
function resent({ schema, key }: SchemaDialect) {
  return [
    schema
      .createTable('dedup')
      .addColumn('sender', key, (column) => column.notNull())
      .addColumn('recipient', key, (column) => column.notNull())
      .addColumn('origin_id', key, (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('dedup_pk', ['sender', 'recipient', 'origin_id']),
    schema.createIndex('dedup_at').on('dedup').columns(['at']),
  ]
}
