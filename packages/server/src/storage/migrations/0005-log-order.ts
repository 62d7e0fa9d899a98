/** The order of logs (`log-store.ts`): by time. */
import { type Migration } from './migration.ts'

/** The index of `store_log` by owner has the times, too, so that a log is read in their order. */
export const logOrder: Migration = {
  version: 5,
  name: 'order of logs',
  statements({ name, schema, compiled }) {
    const old = schema.dropIndex('store_log_owner')
    return compiled([
      schema.createIndex('store_log_order').on('store_log').columns(['store', 'owner', 'at', 'id']),
      name === 'mysql' ? old.on('store_log') : old,
    ])
  },
}
