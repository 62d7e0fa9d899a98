/** What tests of the configuration share: a server in which little is built, and a way to read what it answers. */

import { required, flag, integer, list, oneOf, optionalSection, seconds, section, tables, text } from '../settings.ts'
import { loadConfig } from './load-config.ts'
import { ConfigError, printProblem } from './problem.ts'
import { type KnownParts } from './types.ts'

const exchange = (name: string) => optionalSection({ name: text(name), durable: flag(false) })

const builtModules = {
  mod_presence: {},
  mod_roster: { versioning: flag(false), store_current_id: flag(false) },
  mod_disco: { extra_domains: list(text()), users_can_see_hidden_services: flag(true) },
  mod_ping: {
    send_pings: flag(false),
    ping_interval: seconds(60),
    ping_req_timeout: seconds(32),
    timeout_action: oneOf(['none', 'kill'], 'none'),
  },
  mod_register: {
    access: text('all'),
    ip_access: tables({ address: required(text()), policy: required(oneOf(['allow', 'deny'])) }),
  },
  mod_offline: { access_max_user_messages: text('max_user_offline_messages') },
  mod_mam: { pm: optionalSection({ archive_groupchats: flag(false) }), max_result_limit: integer(50) },
  mod_time: {},
  mod_version: { os_info: flag(false) },
  mod_private: {},
  mod_vcard: {},
  mod_last: {},
  mod_adhoc: {},
  mod_caps: {},
  mod_pubsub: {},
  mod_sic: {},
  mod_event_pusher: {
    rabbit: optionalSection({ chat_msg_exchange: exchange('chat_msg'), presence_exchange: exchange('presence') }),
  },
}

/** A server with a few parts of the reference; like the real one in names, not in every setting. */
export const knownParts: KnownParts = {
  modules: new Map(Object.entries(builtModules).map(([name, settings]) => [name, { settings }])),
  listeners: new Set(['c2s', 's2s', 'http']),
  httpHandlers: new Set([
    'mongoose_graphql_handler',
    'mongoose_websocket_handler',
    'mongoose_prometheus_handler',
    'meerkat_health_handler',
    'meerkat_ready_handler',
  ]),
  auth: new Set(['internal', 'jwt', 'http']),
  pools: new Set(['rabbit', 'http']),
  services: new Map([['service_domain_db', { settings: { db_pool: text('global'), more: section({}) } }]]),
  instrumentation: new Set(['prometheus']),
}

/** Those, and what the starter file has besides. */
export const starterParts: KnownParts = {
  ...knownParts,
  modules: new Map([
    ...knownParts.modules,
    ...['stream_management', 'carboncopy', 'csi', 'privacy', 'blocking'].map(
      (name) => [`mod_${name}`, { settings: {} }] as const,
    ),
  ]),
  httpHandlers: new Set([...knownParts.httpHandlers, 'mongoose_bosh_handler']),
  services: new Map([...knownParts.services, ['service_bosh', { settings: {} }]]),
}

/** The smallest file that is accepted. */
export const smallest = `[general]
hosts = ["localhost"]
default_server_domain = "localhost"
`

/** Loads `text` as `meerkat.toml` in the folder of these tests. */
export const load = (text: string, known: KnownParts = knownParts) =>
  loadConfig(`${import.meta.dirname}/meerkat.toml`, text, known)

/** What is wrong with `text`, one line a problem; empty when nothing is. */
export function problemsOf(text: string): string[] {
  try {
    load(text)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((problem) => printProblem({ ...problem, file: 'meerkat.toml' }))
  }
}
