/** What subscribers want of their subscriptions (XEP-0060 §6.3). */
import { type Migration } from './migration.ts'

/** `pubsub_subscription.options`: in JSON; NULL for what holds for all who have said nothing. */
export const pubsubOptions: Migration = {
  version: 8,
  name: 'options of subscriptions',
  statements: ({ schema, long, compiled }) =>
    compiled([schema.alterTable('pubsub_subscription').addColumn('options', long)]),
}
