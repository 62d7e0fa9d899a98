/** Names that a release of MongooseIM changed or removed; files that still use them are understood. */

/** An old name and what became of it. */
export interface Renamed {
  /** Keys from the top of the file or of a `[[host_config]]`; `*` stands for any one key. */
  readonly from: readonly string[]
  /** The name of today, `*` standing for the same keys in the same order; undefined when the key was removed. */
  readonly to?: readonly string[]
  /** The release that made the change. */
  readonly since: string
}

const renamed = (from: string, to: string, since: string): Renamed => ({
  from: from.split('.'),
  to: to.split('.'),
  since,
})
const removed = (from: string, since: string): Renamed => ({ from: from.split('.'), since })

/** Every change of a name, one a line; the first that fits is applied. */
export const renames: readonly Renamed[] = [
  renamed('general.cowboy_server_name', 'general.http_server_name', '6.0'),
  removed('general.max_fsm_queue', '6.4'),
  removed('general.domain_certfile', '6.4'),
  removed('general.rdbms_server_type', '6.6'),
  removed('general.override', '6.0'),
  removed('general.mongooseimctl_access_commands', '6.0'),
  removed('general.all_metrics_are_global', '6.3'),
  renamed('listen.service', 'listen.component', '6.4'),
  renamed('listen.c2s.c2s_state_timeout', 'listen.c2s.state_timeout', '6.3'),
  removed('listen.*.max_fsm_queue', '6.4'),
  removed('listen.*.tls.module', '6.4'),
  removed('listen.*.tls.protocol_options', '6.4'),
  renamed('listen.component.shaper_rule', 'listen.component.shaper', '6.4'),
  renamed('listen.http.handlers.mod_bosh', 'listen.http.handlers.mongoose_bosh_handler', '6.6'),
  renamed('listen.http.handlers.mod_websockets', 'listen.http.handlers.mongoose_websocket_handler', '6.6'),
  removed('listen.http.handlers.mongoose_admin_api_handler', '6.6'),
  removed('listen.http.handlers.mongoose_client_api_handler', '6.6'),
  removed('listen.http.handlers.mongoose_domain_handler', '6.6'),
  removed('listen.http.handlers.mongoose_api_admin', '6.0'),
  removed('listen.http.handlers.mongoose_api_client', '6.0'),
  renamed('modules.mod_bosh', 'services.service_bosh', '6.6'),
  renamed('modules.mod_mam_meta', 'modules.mod_mam', '6.0'),
  renamed('modules.mod_event_pusher_rabbit', 'modules.mod_event_pusher.rabbit', '6.0'),
  renamed('modules.mod_event_pusher_http', 'modules.mod_event_pusher.http', '6.0'),
  renamed('modules.mod_event_pusher_sns', 'modules.mod_event_pusher.sns', '6.0'),
  renamed('modules.mod_event_pusher_push', 'modules.mod_event_pusher.push', '6.0'),
  removed('modules.mod_muc_log', '6.8'),
  removed('modules.mod_jingle_sip', '6.7'),
  removed('modules.mod_revproxy', '6.0'),
  removed('modules.mod_muc_light.legacy_mode', 'the release after 6.8'),
  removed('services.service_translations', '6.8'),
  removed('services.service_admin_extra', '6.0'),
  removed('outgoing_pools.riak', '6.0'),
  renamed('outgoing_pools.rabbit.*.connection.amqp_host', 'outgoing_pools.rabbit.*.connection.host', '5.0'),
  renamed('outgoing_pools.rabbit.*.connection.amqp_port', 'outgoing_pools.rabbit.*.connection.port', '5.0'),
  renamed('outgoing_pools.rabbit.*.connection.amqp_username', 'outgoing_pools.rabbit.*.connection.username', '5.0'),
  renamed('outgoing_pools.rabbit.*.connection.amqp_password', 'outgoing_pools.rabbit.*.connection.password', '5.0'),
  renamed('s2s.address', 's2s.outgoing.address', '6.4'),
  renamed('s2s.dns', 's2s.outgoing.dns', '6.4'),
  renamed('s2s.max_retry_delay', 's2s.outgoing.max_retry_delay', '6.4'),
  removed('s2s.domain_certfile', '6.4'),
  renamed('shaper.*.maxrate', 'shaper.*.max_rate', '5.0'),
]
