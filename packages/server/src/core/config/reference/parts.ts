/** Names of MongooseIM 6.8 besides its modules: the parts that a configuration written for it may switch on. */

/** `[services.NAME]`. */
export const referenceServices: readonly string[] = [
  'service_bosh',
  'service_domain_db',
  'service_mongoose_system_metrics',
  'service_traffic',
]

/** `[auth.NAME]`. */
export const referenceAuthMethods: readonly string[] = [
  'anonymous',
  'dummy',
  'external',
  'http',
  'internal',
  'jwt',
  'ldap',
  'pki',
  'rdbms',
]

/** `[[listen.NAME]]`. */
export const referenceListeners: readonly string[] = ['c2s', 'component', 'http', 's2s']

/** `[[listen.http.handlers.NAME]]`. */
export const referenceHttpHandlers: readonly string[] = [
  'mongoose_bosh_handler',
  'mongoose_graphql_handler',
  'mongoose_prometheus_handler',
  'mongoose_websocket_handler',
]

/** `[outgoing_pools.NAME]`. */
export const referencePools: readonly string[] = ['cassandra', 'elastic', 'http', 'ldap', 'rabbit', 'rdbms', 'redis']

/** `[instrumentation.NAME]`. */
export const referenceInstrumentation: readonly string[] = ['exometer', 'log', 'prometheus']

/** `[internal_databases.NAME]`: they are what an Erlang node keeps in memory, so none is needed here. */
export const referenceDatabases: readonly string[] = ['cets', 'mnesia']
