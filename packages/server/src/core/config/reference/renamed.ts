/** Names that a release of MongooseIM changed or removed; files that still use them are understood. */

import { isTable } from '../document.ts'

/** An old name and what became of it. */
export interface Renamed {
  /** Keys from the top of the file or of a `[[host_config]]`; `*` stands for any one key. */
  readonly from: readonly string[]
  /** The name of today, `*` standing for the same keys in the same order; undefined when the key was removed. */
  readonly to?: readonly string[]
  /** The release that made the change; undefined for a name that only the documentation used. */
  readonly since?: string | undefined
  /** Which old values are meant; all when undefined. */
  readonly when?: (old: unknown) => boolean
  /** What an old value is today; the same when undefined. */
  readonly value?: (old: unknown) => unknown
}

const renamed = (from: string, to: string, since: string, value?: (old: unknown) => unknown): Renamed => ({
  from: from.split('.'),
  to: to.split('.'),
  since,
  ...(value !== undefined && { value }),
})
const documented = (from: string, to: string): Renamed => ({ from: from.split('.'), to: to.split('.') })
const removed = (from: string, since: string): Renamed => ({ from: from.split('.'), since })

/** `verify_peer = false` was the way to demand no certificate. */
const verifyMode = (verifyPeer: unknown): unknown =>
  typeof verifyPeer === 'boolean' ? (verifyPeer ? 'peer' : 'none') : verifyPeer

/** What was `mod_pubsub` before 6.8 is `mod_pubsub_old` since, and is known by settings that the new one never had. */
const OLD_PUBSUB = [
  'host',
  'access_createnode',
  'max_items_node',
  'max_subscriptions_node',
  'nodetree',
  'ignore_pep_from_offline',
  'last_item_cache',
  'plugins',
  'pep_mapping',
  'item_publisher',
  'sync_broadcast',
  'wpool',
]
/** Those of its `default_node_config`. */
const OLD_PUBSUB_NODE = [
  'deliver_notifications',
  'deliver_payloads',
  'max_payload_size',
  'node_type',
  'notification_type',
  'notify_config',
  'notify_delete',
  'notify_retract',
  'persist_items',
  'presence_based_delivery',
  'publish_model',
  'purge_offline',
  'roster_groups_allowed',
  'send_last_published_item',
  'subscribe',
]

function isOldPubsub(section: unknown): boolean {
  const has = (table: unknown, keys: readonly string[]): boolean =>
    isTable(table) && keys.some((key) => Object.hasOwn(table, key))
  if (!isTable(section)) return false
  const { backend, default_node_config: node } = section
  return backend === 'mnesia' || has(section, OLD_PUBSUB) || has(node, OLD_PUBSUB_NODE)
}

/** Every change of a name, one a line, applied in this order. */
export const renames: readonly Renamed[] = [
  removed('general.all_metrics_are_global', '6.3'),
  removed('general.domain_certfile', '6.4'),
  removed('general.max_fsm_queue', '6.4'),
  removed('general.mongooseimctl_access_commands', '6.2'),
  removed('general.rdbms_server_type', '6.6'),

  renamed('listen.service', 'listen.component', '6.4'),
  renamed('listen.component.shaper_rule', 'listen.component.shaper', '6.4'),
  renamed('listen.c2s.c2s_state_timeout', 'listen.c2s.state_timeout', '6.3'),
  renamed('listen.*.tls.verify_peer', 'listen.*.tls.verify_mode', '5.1', verifyMode),
  removed('listen.*.tls.module', '6.4'),
  removed('listen.*.tls.protocol_options', '6.4'),
  removed('listen.*.max_fsm_queue', '6.4'),
  removed('listen.c2s.zlib', '6.1'),
  renamed('listen.http.handlers.mod_bosh', 'listen.http.handlers.mongoose_bosh_handler', '6.6'),
  renamed('listen.http.handlers.mod_websockets', 'listen.http.handlers.mongoose_websocket_handler', '6.6'),
  renamed(
    'listen.http.handlers.mongoose_websocket_handler.c2s_state_timeout',
    'listen.http.handlers.mongoose_websocket_handler.state_timeout',
    '6.3',
  ),
  removed('listen.http.handlers.mongoose_websocket_handler.service', '6.1'),

  renamed('auth.scram_iterations', 'auth.password.scram_iterations', '5.1'),

  renamed('modules.mod_bosh', 'services.service_bosh', '6.6'),
  renamed('modules.mod_mam_meta', 'modules.mod_mam', '6.0'),
  documented('modules.mod_event_pusher_rabbit', 'modules.mod_event_pusher.rabbit'),
  renamed('modules.mod_event_pusher.backend.http', 'modules.mod_event_pusher.http', '5.1'),
  renamed('modules.mod_event_pusher.backend.push', 'modules.mod_event_pusher.push', '5.1'),
  renamed('modules.mod_event_pusher.backend.rabbit', 'modules.mod_event_pusher.rabbit', '5.1'),
  renamed('modules.mod_event_pusher.backend.sns', 'modules.mod_event_pusher.sns', '5.1'),
  removed('modules.mod_event_pusher.backend', '5.1'),
  removed('modules.mod_commands', '6.0'),
  removed('modules.mod_inbox_commands', '6.0'),
  removed('modules.mod_jingle_sip', '6.7'),
  removed('modules.mod_muc.default_room.logging', '6.8'),
  removed('modules.mod_muc_commands', '6.0'),
  removed('modules.mod_muc_light.legacy_mode', '6.9'),
  removed('modules.mod_muc_light_commands', '6.0'),
  removed('modules.mod_muc_log', '6.8'),
  { ...renamed('modules.mod_pubsub', 'modules.mod_pubsub_old', '6.8'), when: isOldPubsub },
  removed('modules.mod_revproxy', '5.1'),
  removed('services.service_admin_extra', '6.2'),
  removed('services.service_translations', '6.8'),

  removed('outgoing_pools.riak', '6.2'),
  renamed(
    'outgoing_pools.*.*.connection.tls.verify_peer',
    'outgoing_pools.*.*.connection.tls.verify_mode',
    '5.1',
    verifyMode,
  ),
  renamed(
    'outgoing_pools.cassandra.*.connection.servers.ip_address',
    'outgoing_pools.cassandra.*.connection.servers.host',
    '5.1',
  ),
  removed('outgoing_pools.ldap.*.connection.encrypt', '5.1'),
  renamed('outgoing_pools.ldap.*.connection.rootdn', 'outgoing_pools.ldap.*.connection.root_dn', '5.1'),
  renamed('outgoing_pools.rabbit.*.connection.amqp_host', 'outgoing_pools.rabbit.*.connection.host', '5.1'),
  renamed('outgoing_pools.rabbit.*.connection.amqp_port', 'outgoing_pools.rabbit.*.connection.port', '5.1'),
  renamed('outgoing_pools.rabbit.*.connection.amqp_username', 'outgoing_pools.rabbit.*.connection.username', '5.1'),
  renamed('outgoing_pools.rabbit.*.connection.amqp_password', 'outgoing_pools.rabbit.*.connection.password', '5.1'),
  renamed(
    'outgoing_pools.rabbit.*.connection.max_worker_queue_len',
    'outgoing_pools.rabbit.*.max_worker_queue_len',
    '6.6',
  ),

  renamed('s2s.address', 's2s.outgoing.address', '6.4'),
  renamed('s2s.certfile', 's2s.outgoing.tls.certfile', '6.4'),
  renamed('s2s.ciphers', 's2s.outgoing.tls.ciphers', '6.4'),
  renamed('s2s.dns', 's2s.outgoing.dns', '6.4'),
  renamed('s2s.max_retry_delay', 's2s.outgoing.max_retry_delay', '6.4'),
  removed('s2s.domain_certfile', '5.1'),
  documented('shaper.*.maxrate', 'shaper.*.max_rate'),
]
