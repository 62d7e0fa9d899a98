/** The settings of mod_pubsub. */
import { type Setting, backend, integer, integerOrInfinity, iqdiscOf, oneOf, section } from '../../core/module.ts'
import type { ServiceRules } from './engine.ts'
import { PERSONAL } from './node-config.ts'

const accessModel = oneOf(
  ['presence', 'open', 'roster', 'whitelist', 'authorize'],
  'presence',
  'Who may subscribe to nodes and read them.',
)

/** With the names and defaults of MongooseIM; what has no bound there has one here. */
export const settings = {
  backend: backend(['rdbms', 'mnesia'], 'rdbms'),
  max_items_per_node: integerOrInfinity(10_000, 'How many items a node may keep; the oldest give way.'),
  default_node_config: section(
    {
      access_model: accessModel,
      max_items: integerOrInfinity(Infinity, 'How many items are kept, within `max_items_per_node`.'),
    },
    'Nodes of which nothing is said.',
  ),
  max_nodes: integer(500, 'How many nodes an account may have.', { min: 1 }),
  max_item_size: integer(200_000, 'How large the payload of an item may be, in bytes.', { min: 1 }),
  max_subscriptions: integer(1000, 'How many subscribers and affiliations a node may have.'),
  cached: cachedNodes(),
  iqdisc: iqdiscOf('no_queue'),
}

function cachedNodes(): Setting<number> {
  return integer(200_000, 'How many nodes, subscriptions and affiliations are kept in memory, together.', { min: 1 })
}

/** What the rules of accounts are made from. */
export interface PersonalSettings {
  readonly max_items_per_node: number
  readonly default_node_config: {
    readonly access_model: ServiceRules['defaults']['access_model']
    readonly max_items: number
  }
  readonly max_nodes: number
  readonly max_item_size: number
  readonly max_subscriptions: number
}

/** The rules of accounts. */
export function personalRules(config: PersonalSettings): ServiceRules {
  const { access_model, max_items: most } = config.default_node_config
  return {
    defaults: { ...PERSONAL, access_model, max_items: Number.isFinite(most) ? most : 'max' },
    maxItems: Math.min(config.max_items_per_node, Number.MAX_SAFE_INTEGER),
    maxItemSize: config.max_item_size,
    maxNodes: config.max_nodes,
    maxSubscriptions: config.max_subscriptions,
    itemPublisher: false,
    mayCreate: () => true,
    plugins: ['leaf', 'push'],
  }
}
