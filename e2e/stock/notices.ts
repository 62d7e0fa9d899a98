/** What a server says when it starts with the configurations of this folder, without the file and the line. */

const noEffect = (...keys: readonly string[]): string[] => keys.map((key) => `${key}: has no effect here`)
const open = (listener: string): string =>
  `${listener}: takes the passwords of users or domain admins, and has no TLS: only a proxy should reach it`

/** Of both. */
export const sharedNotices: readonly string[] = [
  'general.registration_timeout = "infinity": sets no limit',
  ...noEffect(
    ...[1, 2, 3, 4, 5].map((number) => `listen.http[${number}].transport.num_acceptors = 10`),
    'internal_databases.mnesia',
  ),
  open('listen.http[4]'),
  open('listen.http[5]'),
  'services.service_mongoose_system_metrics: has no effect: nothing is reported to anyone',
  'instrumentation.log: has no effect here: events are counted, not logged one by one',
  'modules.mod_private.backend = "mnesia": is kept in the main store',
]

const renamed = (path: string, name: string): string => `${path}: is called ${name} since MongooseIM 6.6`
const gone = (path: string): string =>
  `${path}: was removed in MongooseIM 6.6: requests are answered with the GraphQL operation to use`

/** Of that in the names of 6.5. */
export const olderNotices: readonly string[] = [
  ...[1, 2].flatMap((number) => [
    renamed(`listen.http[${number}].handlers.mod_bosh`, 'listen.http.handlers.mongoose_bosh_handler'),
    renamed(`listen.http[${number}].handlers.mod_websockets`, 'listen.http.handlers.mongoose_websocket_handler'),
  ]),
  renamed('modules.mod_bosh', 'services.service_bosh'),
  'services.service_translations: was removed in MongooseIM 6.8 and has no effect',
  gone('listen.http[6].handlers.mongoose_admin_api[1]'),
  gone('listen.http[7].handlers.mongoose_client_api[1]'),
  ...noEffect(...[6, 7].map((number) => `listen.http[${number}].transport.num_acceptors = 10`)),
]

/** Of that in the names of 6.8. */
export const newerNotices: readonly string[] = noEffect(
  'general.sm_backend = "mnesia"',
  'general.s2s_backend = "mnesia"',
  'general.component_backend = "mnesia"',
)
