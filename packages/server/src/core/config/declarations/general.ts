/** The settings of `[general]` and of the small sections that belong to no module. */

import {
  type Setting,
  domain,
  flag,
  folder,
  integer,
  list,
  live,
  milliseconds,
  noEffect,
  oneOf,
  required,
  seconds,
  section,
  tables,
  text,
} from '../../settings.ts'
import { type LogArea } from '../../log.ts'

const logLevels = [
  'none',
  'emergency',
  'alert',
  'critical',
  'error',
  'warning',
  'notice',
  'info',
  'debug',
  'all',
] as const

/** The server's own words are English; clients translate conditions, not texts. */
const english = (): Setting<string> => ({
  ...text('en', 'Accepted; texts of the server are English.'),
  remark: (value) => (value === 'en' ? undefined : 'has no effect here: texts of the server are English'),
})

/** `[general]`. */
export const generalSettings = {
  loglevel: live(oneOf(logLevels, 'warning', 'How much is logged: this level and the graver ones.')),
  hosts: list(domain(), [], 'The domains that are served from the start.', { unique: true }),
  host_types: list(text(), [], 'Names of host types for domains that are added while the server runs.', {
    unique: true,
  }),
  default_server_domain: required(domain(undefined, 'Stands in stream errors before a domain is known.')),
  language: english(),
  registration_timeout: live(
    seconds(600, 'How long an address waits between two registrations of accounts.', { infinity: true }),
  ),
  hide_service_name: flag(false, 'Close connections that send garbage without a stream error.'),
  sm_backend: noEffect(oneOf(['mnesia', 'cets', 'redis'], 'mnesia')),
  s2s_backend: noEffect(oneOf(['mnesia', 'cets'], 'mnesia')),
  component_backend: noEffect(oneOf(['mnesia', 'cets'], 'mnesia')),
  replaced_wait_timeout: noEffect(
    milliseconds(2000, 'Accepted; the session that is replaced ends before the new one begins.'),
  ),
  route_subdomains: oneOf(['s2s'], undefined, 'Where stanzas to unknown subdomains of the served domains go.'),
  routing_modules: noEffect(list(text())),
  http_server_name: text('Meerkat', 'The Server header of HTTP answers.'),
  event_loop_limit: milliseconds(
    1000,
    'How long one piece of work may have the event loop before the log names it; "infinity": nobody watches.',
    { min: 500, infinity: true },
  ),
  max_heap_use: live(
    integer(
      90,
      'Percent of the heap above which new connections are refused, until it is 10 below; at 100 they never are.',
      { min: 1, max: 100 },
    ),
  ),
  data_dir: folder('data', "Where the server keeps its files; relative to this file's folder."),
}

/** What a `[[host_config]]` may say under `general`. */
export const hostGeneralSettings = {
  replaced_wait_timeout: noEffect(milliseconds(undefined, 'As in the section general.')),
  route_subdomains: oneOf(['s2s'], undefined, 'As in the section general.'),
}

/** `[services.service_domain_db]`. */
export const domainSettings = {
  db_pool: noEffect(text('global', 'Accepted; domains are in the main store.')),
  event_cleaning_interval: noEffect(seconds(1800, 'Accepted; there are no events to clean up.')),
  event_max_age: noEffect(seconds(7200, 'Accepted; there are no events to clean up.')),
}

/** `[storage]`. */
export const storageSettings = {
  durability: oneOf(
    ['power', 'process'],
    'power',
    'What acknowledged data survives: a loss of power, or only the end of the process.',
  ),
}

const areaLevel = (what: string) =>
  live(oneOf(logLevels, undefined, `The level for ${what}; as general.loglevel if unset.`))

/** `[log]`. */
export const logSettings = {
  level: section(
    {
      core: areaLevel('the kernel, its router and its timers'),
      c2s: areaLevel('connections of clients'),
      s2s: areaLevel('connections with other servers'),
      http: areaLevel('HTTP listeners and the API'),
      auth: areaLevel('logins'),
      modules: areaLevel('modules'),
      pools: areaLevel('outgoing connections'),
      storage: areaLevel('the main store'),
    } satisfies Record<LogArea, unknown>,
    'Levels of single areas.',
  ),
}

/** `[shaper.NAME]`. */
export const shaperSettings = {
  max_rate: required(integer(undefined, 'Bytes a second for streams, operations a second for archives.', { min: 1 })),
}

/** Keys of `[instrumentation]` besides the handlers. */
export const instrumentationSettings = {
  probe_interval: noEffect(seconds(15, 'Accepted; figures are looked up whenever they are read.')),
}

const graphiteSettings = {
  host: required(text(undefined, 'The Graphite server.')),
  port: integer(2003, 'Its port.', { min: 1, max: 65_535 }),
  interval: milliseconds(60_000, 'How often figures are sent.'),
  connect_timeout: milliseconds(5000, 'How long a connection may take.'),
  prefix: text(undefined, 'Stands before every name.'),
  env_prefix: text(undefined, 'An environment variable whose value stands before every name.'),
  api_key: text('', 'Stands before everything else.'),
}

/** `[instrumentation.NAME]`. */
export const instrumentationHandlers = {
  prometheus: {},
  log: { level: oneOf(logLevels.slice(1), 'debug', 'The level at which events are logged.') },
  exometer: {
    all_metrics_are_global: flag(false, 'Count for all host types together.'),
    report: section({ graphite: tables(graphiteSettings, 'Graphite servers.') }, 'Where figures are sent.'),
  },
}
