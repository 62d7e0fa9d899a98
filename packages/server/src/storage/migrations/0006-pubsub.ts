/** Nodes of publish-subscribe (XEP-0060, XEP-0163), with the keys of MongooseIM's schema. */
import { type Migration, type SchemaDialect } from './migration.ts'

/** `pubsub_node`, `pubsub_item`, `pubsub_subscription` and `pubsub_affiliation`: a service is a domain, or a user at one. */
export const pubsub: Migration = {
  version: 6,
  name: 'pubsub',
  statements: (dialect) =>
    dialect.compiled([nodes(dialect), ...items(dialect), ...subscriptions(dialect), ...affiliations(dialect)]),
}

const NODE = ['service_domain', 'service_user', 'node_id'] as const

/** A table whose rows belong to nodes. */
const tableOfNodes = ({ schema, key }: SchemaDialect, name: string) =>
  schema
    .createTable(name)
    .addColumn('service_domain', key, (column) => column.notNull())
    .addColumn('service_user', key, (column) => column.notNull())
    .addColumn('node_id', key, (column) => column.notNull())

function nodes(dialect: SchemaDialect) {
  return tableOfNodes(dialect, 'pubsub_node')
    .addColumn('plugin', dialect.key, (column) => column.notNull())
    .addColumn('config', dialect.long, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('pubsub_node_pk', [...NODE])
}

/** In the order of their publication: an item that is published again is the newest. */
function items(dialect: SchemaDialect) {
  return [
    tableOfNodes(dialect, 'pubsub_item')
      .addColumn('item_id', dialect.key, (column) => column.notNull())
      .addColumn('publisher', dialect.key, (column) => column.notNull())
      .addColumn('payload', dialect.long, (column) => column.notNull())
      .addColumn('published_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('pubsub_item_pk', [...NODE, 'item_id']),
    dialect.schema
      .createIndex('pubsub_item_order')
      .on('pubsub_item')
      .columns([...NODE, 'published_at']),
  ]
}

function subscriptions(dialect: SchemaDialect) {
  const { schema, key } = dialect
  return [
    tableOfNodes(dialect, 'pubsub_subscription')
      .addColumn('subscriber', key, (column) => column.notNull())
      .addColumn('subscriber_resource', key, (column) => column.notNull())
      .addColumn('state', key, (column) => column.notNull())
      .addColumn('subid', key, (column) => column.notNull())
      .addPrimaryKeyConstraint('pubsub_subscription_pk', [...NODE, 'subscriber', 'subscriber_resource']),
    schema.createIndex('pubsub_subscription_by').on('pubsub_subscription').columns(['subscriber']),
  ]
}

function affiliations(dialect: SchemaDialect) {
  const { schema, key } = dialect
  return [
    tableOfNodes(dialect, 'pubsub_affiliation')
      .addColumn('jid', key, (column) => column.notNull())
      .addColumn('affiliation', key, (column) => column.notNull())
      .addPrimaryKeyConstraint('pubsub_affiliation_pk', [...NODE, 'jid']),
    schema.createIndex('pubsub_affiliation_by').on('pubsub_affiliation').columns(['jid']),
  ]
}
