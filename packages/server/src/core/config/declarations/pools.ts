/** The settings of `[outgoing_pools.TYPE.TAG]`. */

import {
  type Settings,
  type Setting,
  flag,
  integer,
  list,
  milliseconds,
  noEffect,
  oneOf,
  optionalSection,
  port,
  required,
  seconds,
  secret,
  section,
  tables,
  text,
} from '../../settings.ts'
import { tlsClient, tlsClientSettings } from './tls.ts'

const strategies = ['best_worker', 'random_worker', 'next_worker', 'available_worker', 'next_available_worker'] as const

/** What every pool has besides its connection. */
const poolOf = <C extends Settings>(connection: C, workers = 10, callTimeout = 5000) => ({
  scope: oneOf(['global', 'host_type', 'host'], 'global', 'One pool for all, or one for each host type.'),
  workers: integer(workers, 'How many connections the pool has.', { min: 1 }),
  strategy: noEffect(oneOf(strategies, 'best_worker')),
  call_timeout: milliseconds(callTimeout, 'How long a request may take.'),
  max_worker_queue_len: integer(undefined, 'Requests that may wait for each connection; more are dropped.'),
  connection: section(connection, 'Where to connect to, and how.') satisfies Setting<unknown>,
})

const rdbmsConnection = {
  driver: required(oneOf(['pgsql', 'mysql', 'cockroachdb'], undefined, 'The kind of database.')),
  host: required(text(undefined, 'The server.')),
  port: port(undefined, 'Its port; 5432, 3306 or 26257 when not set, by the kind of database.'),
  database: required(text(undefined, 'The name of the database.')),
  username: required(text(undefined, 'The user.')),
  password: required(secret(undefined, 'The password of the user.')),
  keepalive_interval: seconds(undefined, 'How often an idle connection is tried.'),
  query_timeout: milliseconds(5000, 'How long a query may take.'),
  max_start_interval: seconds(30, 'The longest pause between two attempts to connect.'),
  tls: optionalSection({ ...tlsClientSettings, required: flag(false, 'Refuse a server without TLS.') }, 'Speak TLS.'),
}

const httpConnection = {
  host: required(text(undefined, 'The server, as in "https://example.org:8443".')),
  path_prefix: text('/', 'Stands before the path of every request.'),
  request_timeout: milliseconds(2000, 'How long a request may take.'),
  tls: tlsClient,
}

const redisConnection = {
  host: text('127.0.0.1', 'The server.'),
  port: port(6379, 'Its port.'),
  database: integer(0, 'The number of the database.'),
  username: text(undefined, 'The user.'),
  password: secret(undefined, 'The password of the user.'),
  tls: tlsClient,
}

const cassandraServer = { host: required(text(undefined, 'The server.')), port: port(9042, 'Its port.') }
const credentials = {
  username: required(text(undefined, 'The user.')),
  password: required(secret(undefined, 'The password of the user.')),
}

const cassandraConnection = {
  servers: tables(cassandraServer, 'Servers to begin with; localhost when there is none.'),
  keyspace: text('mongooseim', 'The keyspace.'),
  auth: section({ plain: optionalSection(credentials, 'Log in by name and password.') }, 'How to log in.'),
  tls: tlsClient,
}

const elasticConnection = { host: text('localhost', 'The server.'), port: port(9200, 'Its port.') }

const rabbitConnection = {
  host: text('localhost', 'The broker.'),
  port: port(5672, 'Its port.'),
  username: text('guest', 'The user.'),
  password: secret('guest', 'The password of the user.'),
  virtual_host: text('/', 'The virtual host.'),
  confirms_enabled: noEffect(flag(false, 'Accepted; the broker confirms every message, whatever it says.')),
  reconnect: section(
    {
      attempts: noEffect(integer(0, 'Accepted; attempts to connect again never end.')),
      delay: milliseconds(2000, 'The first pause before another attempt; it doubles with each, up to 10 seconds.'),
    },
    'What happens after a connection is lost.',
  ),
  tls: tlsClient,
}

const ldapConnection = {
  servers: list(text(), ['localhost'], 'Servers, tried in order.', { nonEmpty: true, unique: true }),
  port: port(undefined, 'Their port; 389, or 636 with TLS, when not set.'),
  root_dn: text('', 'Who the server logs in as.'),
  password: secret('', 'The password for that.'),
  connect_interval: milliseconds(10_000, 'The pause between two attempts to connect.'),
  tls: tlsClient,
}

/** All types of pools. */
export const poolSettings = {
  cassandra: poolOf(cassandraConnection, 20),
  elastic: poolOf(elasticConnection),
  http: poolOf(httpConnection),
  ldap: poolOf(ldapConnection),
  rabbit: poolOf(rabbitConnection),
  rdbms: {
    ...poolOf(rdbmsConnection),
    call_timeout: noEffect(milliseconds(60_000, 'Accepted; `connection.query_timeout` bounds a query.')),
  },
  redis: poolOf(redisConnection),
}
