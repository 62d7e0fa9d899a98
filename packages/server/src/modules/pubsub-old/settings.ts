/** The settings of mod_pubsub_old, with the names and defaults of MongooseIM; what has no bound there has one here. */
import {
  type Setting,
  backend,
  either,
  flag,
  hostTemplate,
  integer,
  iqdisc,
  list,
  noEffect,
  oneOf,
  optionalSection,
  required,
  section,
  tables,
  text,
} from '../../core/module.ts'

/** The kinds of nodes. */
function plugins(): Setting<readonly ('flat' | 'hometree' | 'dag' | 'pep' | 'push')[]> {
  const any = list(
    oneOf(['flat', 'hometree', 'dag', 'pep', 'push']),
    ['flat'],
    'The kinds of nodes: the first one is that of nodes of which nothing is said. Nodes of accounts ("pep") are kept by mod_pubsub.',
    { unique: true, nonEmpty: true },
  )
  const error = 'cannot have "dag": collections of nodes (XEP-0248) are not built; "flat" and "hometree" have none'
  const built = (value: unknown): boolean => !Array.isArray(value) || !value.includes('dag')
  return { ...any, schema: (context) => any.schema(context).refine(built, { error }) }
}

const defaultNode = section(
  {
    access_model: oneOf(['open', 'presence', 'roster', 'whitelist', 'authorize'], undefined, 'Who may subscribe.'),
    deliver_notifications: flag(undefined, 'Whether to notify of events.'),
    deliver_payloads: flag(undefined, 'Whether notifications carry payloads.'),
    max_items: integer(undefined, 'How many items are kept, within `max_items_node`.'),
    max_payload_size: integer(undefined, 'The largest payload in bytes.'),
    node_type: noEffect(text()),
    notification_type: oneOf(['normal', 'headline'], undefined, 'The type of notifications.'),
    notify_config: flag(undefined, 'Whether to notify when the configuration changes.'),
    notify_delete: flag(undefined, 'Whether to notify when a node is deleted.'),
    notify_retract: flag(undefined, 'Whether to notify when items are removed.'),
    persist_items: flag(undefined, 'Whether items are kept.'),
    presence_based_delivery: flag(undefined, 'Whether available users only are notified.'),
    publish_model: oneOf(['publishers', 'subscribers', 'open'], undefined, 'Who may publish.'),
    purge_offline: noEffect(flag()),
    roster_groups_allowed: list(text(), [], 'Groups of the roster that may subscribe.'),
    send_last_published_item: oneOf(
      ['never', 'on_sub', 'on_sub_and_presence'],
      undefined,
      'When the last item is sent.',
    ),
    subscribe: flag(undefined, 'Whether subscriptions are allowed.'),
  },
  'Nodes of which nothing is said.',
)

export const settings = {
  host: hostTemplate('pubsub.@HOST@', 'The domain of the service.'),
  backend: backend(['mnesia', 'rdbms'], 'mnesia'),
  access_createnode: text('all', 'The access rule that says who may make nodes.'),
  max_items_node: integer(10, 'How many items a node may keep; the oldest give way.'),
  max_subscriptions_node: integer(10_000, 'How many subscribers and affiliations a node may have.'),
  nodetree: noEffect(oneOf(['tree', 'dag'], 'tree')),
  ignore_pep_from_offline: flag(true, 'Keep back the last items of users who are not available.'),
  last_item_cache: noEffect(either(oneOf(['mnesia', 'rdbms']), flag(false))),
  plugins: plugins(),
  pep_mapping: noEffect(
    tables({ namespace: required(text(undefined, 'A namespace.')), node: required(text(undefined, 'A node.')) }),
  ),
  default_node_config: defaultNode,
  item_publisher: flag(false, 'Tell subscribers who has published an item.'),
  sync_broadcast: noEffect(flag(false)),
  wpool: noEffect(
    optionalSection({
      workers: integer(10, 'How many workers.'),
      strategy: text('best_worker', 'How one is chosen.'),
      call_timeout: integer(5000, 'How long a call may take.'),
    }),
  ),
  max_nodes: integer(100_000, 'How many nodes the service may have.', { min: 1 }),
  max_item_size: integer(200_000, 'How large the payload of an item may be, in bytes.', { min: 1 }),
  iqdisc,
}
