/** The settings of `[[listen.http.handlers.KIND]]`. */

import {
  flag,
  integer,
  integerOrInfinity,
  list,
  milliseconds,
  noEffect,
  oneOf,
  required,
  secret,
  text,
} from '../../settings.ts'

const place = {
  host: required(text(undefined, 'The Host header that is served; "_" stands for any.')),
  path: required(text(undefined, 'The path that is served.')),
}

/** What handlers for clients have in common. */
const forClients = {
  ...place,
  url: text(
    undefined,
    'The public address, told in `/.well-known/host-meta`; made of the request over https otherwise.',
  ),
  origins: list(text(), [], 'Web sites whose pages may connect, such as "https://chat.example"; all when empty.'),
  allow_plain_without_tls: flag(false, 'Accept passwords in the clear on connections without TLS, as behind a proxy.'),
}

/** The names of MongooseIM, and those of fields which its list cannot name. */
const categories = [
  'checkAuth',
  'account',
  'domain',
  'last',
  'muc',
  'muc_light',
  'session',
  'stanza',
  'roster',
  'vcard',
  'private',
  'metric',
  'stat',
  'gdpr',
  'mnesia',
  'server',
  'inbox',
  'http_upload',
  'httpUpload',
  'externalServices',
  'offline',
  'token',
  'cets',
  'broadcast',
  'blocklist',
  'mam',
  'traffic',
] as const

/** What the REST APIs of MongooseIM had; they are answered with 410 and the GraphQL operation to use. */
const gone = {
  ...place,
  username: noEffect(text()),
  password: noEffect(secret()),
  handlers: noEffect(list(text())),
  docs: noEffect(flag(true)),
}

/** REST APIs that MongooseIM has removed: whose they were, and the release without them. */
export const goneHandlers = {
  mongoose_admin_api: { api: 'admin', since: '6.6' },
  mongoose_client_api: { api: 'user', since: '6.6' },
  mongoose_api: { api: 'admin', since: '6.0' },
  mongoose_api_admin: { api: 'admin', since: '6.0' },
  mongoose_api_client: { api: 'user', since: '6.0' },
  mongoose_domain_handler: { api: 'admin', since: '6.0' },
} as const

/** All kinds of handlers. */
export const handlerSettings = {
  mongoose_bosh_handler: forClients,
  mongoose_websocket_handler: {
    ...forClients,
    timeout: milliseconds(60_000, 'How long a connection may be silent.', { min: 0, infinity: true }),
    ping_rate: milliseconds(undefined, 'How often the server pings the client.'),
    max_stanza_size: integerOrInfinity(262_144, 'Bytes that a stanza may have once authenticated.', { min: 1 }),
    state_timeout: noEffect(
      milliseconds(5000, 'How long a step up to the session may take; 30 seconds bound them all.'),
    ),
    backwards_compatible_session: flag(true, 'Offer the session establishment of RFC 3921.'),
  },
  mongoose_graphql_handler: {
    ...place,
    schema_endpoint: required(oneOf(['admin', 'domain_admin', 'user'], undefined, 'Whose schema is served.')),
    username: text(undefined, 'The name of the administrator; only with "admin", and with a password.'),
    password: secret(undefined, 'The password of the administrator.'),
    allowed_categories: list(oneOf(categories), [], 'Categories that are served; all of them when empty.', {
      unique: true,
    }),
    sse_idle_timeout: milliseconds(3_600_000, 'How long a subscription may be silent.', { infinity: true }),
  },
  mongoose_prometheus_handler: place,
  meerkat_health_handler: place,
  meerkat_ready_handler: place,
  meerkat_upload_handler: {
    ...place,
    url: text(
      undefined,
      'The public address of `path`, such as "https://files.example/upload"; made of the served domain and the port otherwise.',
    ),
    origins: list(text(), [], 'Web sites whose pages may upload and fetch files; all when empty.'),
    max_uploads: integer(100, 'How many files may be uploaded at a time.', { min: 1 }),
  },
  mongoose_admin_api: gone,
  mongoose_client_api: gone,
  mongoose_api: gone,
  mongoose_api_admin: gone,
  mongoose_api_client: gone,
  mongoose_domain_handler: gone,
}
