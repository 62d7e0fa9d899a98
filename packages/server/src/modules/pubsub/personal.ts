/** What publish-subscribe keeps of a user, for the user to have. The tables are MongooseIM's. */
import type { Jid } from '@meerkat/protocol'
import type { PersonalData } from '../../core/module.ts'
import type { Engine } from './engine.ts'

/** How many items, and how many nodes of others, are read at a time. */
const FIRST = { from: 'oldest', limit: 100, characters: 1_000_000 } as const
const MOST = 100_000

/** The nodes of a user, what is in them, and those of others to which the user is subscribed. */
export function tablesOf(engine: Engine, user: Jid): PersonalData[] {
  return [
    { group: 'pubsub_items', columns: ['node_id', 'item_id', 'publisher_jid', 'payload'], rows: items(engine, user) },
    { group: 'pubsub_nodes', columns: ['node_id', 'access_model'], rows: nodes(engine, user) },
    {
      group: 'pubsub_subscriptions',
      columns: ['service_jid', 'node_id', 'subscriber_jid'],
      rows: subscriptions(engine, user),
    },
  ]
}

async function* nodes(engine: Engine, user: Jid): AsyncGenerator<string[]> {
  for (const [name, { config }] of await engine.nodes.ofAccount(user)) yield [name, config.access_model]
}

async function* items({ nodes: all, store }: Engine, user: Jid): AsyncGenerator<string[]> {
  for (const name of (await all.ofAccount(user)).keys()) {
    const key = { service: user, name }
    let page = await store.items(key, { ...FIRST })
    while (page.length > 0) {
      for (const { id, publisher, text } of page) yield [name, id, publisher, text]
      page = await store.items(key, { ...FIRST, after: page.at(-1)!.at })
    }
  }
}

async function* subscriptions({ store }: Engine, user: Jid): AsyncGenerator<string[]> {
  for (const { service, name } of await store.subscriptionsOf(user, MOST))
    yield [service.toString(), name, user.toString()]
}
