import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from './load-config.ts'
import { knownParts } from './testing.ts'
import {
  referenceAuthMethods,
  referenceHttpHandlers,
  referenceInstrumentation,
  referenceListeners,
  referencePools,
} from './reference/parts.ts'
import { s2sSettings } from './declarations/s2s.ts'
import { type KnownParts } from './types.ts'

/** Every key of MongooseIM 6.8 outside its modules and services, with a value that it accepts. */
const everyKey = `
[general]
  loglevel = "info"
  hosts = ["a.example"]
  host_types = ["tenant"]
  default_server_domain = "a.example"
  language = "pl"
  registration_timeout = "infinity"
  hide_service_name = true
  sm_backend = "cets"
  s2s_backend = "cets"
  component_backend = "cets"
  replaced_wait_timeout = 100
  route_subdomains = "s2s"
  routing_modules = ["mongoose_router_global"]
  http_server_name = "server"

[internal_databases.mnesia]
[internal_databases.cets]
  backend = "file"
  node_list_file = "/nodes"
  cluster_name = "x"

[[listen.c2s]]
  port = 5222
  ip_address = "::"
  ip_version = 6
  proto = "tcp"
  hibernate_after = "infinity"
  backlog = 10
  max_connections = 5
  max_stanza_size = 65536
  num_acceptors = 1
  proxy_protocol = true
  proxy_trusted = ["192.0.2.1", "2001:db8::/32"]
  reuse_port = true
  shaper = "normal"
  state_timeout = 1000
  access = "c2s"
  allowed_auth_methods = ["internal"]
  backwards_compatible_session = false
  [listen.c2s.tls]
    mode = "starttls_required"
    verify_mode = "selfsigned_peer"
    certfile = "types.ts"
    keyfile = "types.ts"
    cacertfile = "types.ts"
    password = "p"
    ciphers = "ECDHE"
    versions = ["tlsv1.2"]
    dhfile = "types.ts"
    crl_files = ["types.ts"]
    disconnect_on_failure = false
    early_data = true
    session_tickets = "stateless"
    keep_secrets = true

[[listen.s2s]]
  port = 5269
  tls = { certfile = "types.ts", keyfile = "types.ts" }

[[listen.component]]
  port = 8888
  password = "p"
  access = "all"
  check_from = false
  conflict_behaviour = "kick_old"
  hidden_components = true
  tls = { mode = "starttls", certfile = "types.ts", keyfile = "types.ts" }

[[listen.http]]
  port = 5280
  transport.num_acceptors = 10
  transport.max_connections = "infinity"
  protocol.compress = true
  tls = { verify_mode = "none", certfile = "types.ts", keyfile = "types.ts" }
  [[listen.http.handlers.mongoose_bosh_handler]]
    host = "_"
    path = "/http-bind"
  [[listen.http.handlers.mongoose_websocket_handler]]
    host = "_"
    path = "/ws-xmpp"
    timeout = "infinity"
    ping_rate = 60_000
    max_stanza_size = 100
    state_timeout = 1
    backwards_compatible_session = false
  [[listen.http.handlers.mongoose_graphql_handler]]
    host = "localhost"
    path = "/api/graphql"
    schema_endpoint = "admin"
    username = "admin"
    password = "p"
    allowed_categories = ["checkAuth", "http_upload"]
    sse_idle_timeout = "infinity"
  [[listen.http.handlers.mongoose_prometheus_handler]]
    host = "_"
    path = "/metrics"

[auth]
  methods = ["internal", "rdbms", "http", "external", "jwt", "ldap", "pki", "anonymous", "dummy"]
  sasl_mechanisms = ["scram_sha512_plus", "scram_sha1", "plain", "anonymous", "oauth", "external", "digest"]
  sasl_external = ["standard", "common_name", "auth_id"]
  sasl_external_common_name = { prefix = "a", suffix = "b" }
  max_users_per_domain = 1000
  password = { format = "plain", hash = ["sha", "sha512"], scram_iterations = 4096 }
  [auth.internal]
  [auth.rdbms]
    users_number_estimate = true
  [auth.http]
    basic_auth = "user:pass"
  [auth.external]
    program = "/usr/bin/auth"
    instances = 2
  [auth.jwt]
    secret.env = "JWT"
    algorithm = "HS386"
    username_key = "sub"
  [auth.ldap]
    pool_tag = "default"
    bind_pool_tag = "bind"
    base = "dc=example"
    uids = [{ attr = "uid", format = "%u" }]
    filter = "(a=b)"
    dn_filter = { filter = "(a=%u)", attributes = ["x"] }
    local_filter = { operation = "equal", attribute = "a", values = ["b"] }
    deref = "always"
  [auth.pki]
  [auth.anonymous]
    allow_multiple_connections = true
    protocol = "both"
    backend = "cets"
  [auth.dummy]
    base_time = 5
    variance = 10

[outgoing_pools.rdbms.default]
  scope = "global"
  workers = 5
  strategy = "random_worker"
  call_timeout = 10
  max_worker_queue_len = 100
  [outgoing_pools.rdbms.default.connection]
    driver = "pgsql"
    host = "db"
    port = 5432
    database = "d"
    username = "u"
    password = "p"
    keepalive_interval = 30
    query_timeout = 1000
    max_start_interval = 10
    tls = { required = true, verify_mode = "none", server_name_indication = { enabled = true, host = "h", protocol = "https" } }
[outgoing_pools.http.auth]
  connection = { host = "https://localhost:8443", path_prefix = "/api", request_timeout = 100, tls = { cacertfile = "types.ts" } }
[outgoing_pools.redis.default]
  connection = { host = "r", port = 1, database = 2, username = "u", password = "p", tls = {} }
[outgoing_pools.cassandra.default.connection]
  servers = [{ host = "c1", port = 1 }, { host = "c2" }]
  keyspace = "k"
  auth.plain = { username = "u", password = "p" }
[outgoing_pools.elastic.default]
  connection = { host = "e", port = 2 }
[outgoing_pools.rabbit.event_pusher.connection]
  host = "r"
  port = 1
  username = "u"
  password = "p"
  virtual_host = "v"
  confirms_enabled = true
  reconnect = { attempts = 5, delay = 100 }
  tls = {}
[outgoing_pools.ldap.default.connection]
  servers = ["l1", "l2"]
  port = 389
  root_dn = "cn=admin"
  password = "p"
  connect_interval = 100
[outgoing_pools.ldap.bind]
  scope = "host_type"

[shaper.normal]
  max_rate = 1000
[acl]
  every = [{ match = "any_hosted_domain", user = "a", server = "a.example", resource = "r", user_regexp = "a", server_regexp = "a", resource_regexp = "r", user_glob = "a*", server_glob = "a*", resource_glob = "r*" }]
[access]
  c2s = [{ acl = "every", value = "allow" }, { acl = "all", value = 5 }]

[instrumentation]
  probe_interval = 5
  [instrumentation.prometheus]
  [instrumentation.log]
    level = "info"
  [instrumentation.exometer]
    all_metrics_are_global = true
    [[instrumentation.exometer.report.graphite]]
      host = "g"
      port = 2003
      interval = 1
      connect_timeout = 1
      prefix = "p"
      env_prefix = "E"
      api_key = "k"

[s2s]
  default_policy = "deny"
  host_policy = [{ host = "b.example", policy = "allow" }]
  shared = "secret"
  [s2s.outgoing]
    port = 5299
    address = [{ host = "b.example", ip_address = "192.0.2.1", port = 5270, tls = true }]
    ip_versions = [6, 4]
    connection_timeout = "infinity"
    dns = { timeout = 5, retries = 1 }
    max_retry_delay = 30
    max_stanza_size = 131072
    shaper = "normal"
    state_timeout = 1000
    stream_timeout = "infinity"
    tls = { mode = "starttls", keep_secrets = false, verify_mode = "none", certfile = "types.ts", keyfile = "types.ts", ciphers = "ALL", server_name_indication = { enabled = false } }
  [s2s.stream_management]
    enabled = true
    buffer_max = 100
    buffer_bytes = 100000
    ack_freq = 10
    ack_timeout = "infinity"

[[host_config]]
  host = "a.example"
  s2s = {}
  general = { route_subdomains = "s2s", replaced_wait_timeout = 5 }
[[host_config]]
  host_type = "tenant"
  auth.internal = {}
`

const everything: KnownParts = {
  ...knownParts,
  listeners: new Set(referenceListeners),
  httpHandlers: new Set(referenceHttpHandlers),
  auth: new Set(referenceAuthMethods),
  pools: new Set(referencePools),
  instrumentation: new Set(referenceInstrumentation),
  s2s: s2sSettings,
}

test('every key of MongooseIM outside modules is accepted by a server in which everything is built', () => {
  const config = loadConfig(`${import.meta.dirname}/meerkat.toml`, everyKey, everything)
  assert.equal(config.listen.length, 4)
  assert.deepEqual(
    config.hostTypes.get('a.example')?.auth.methods.map(({ name }) => name),
    ['internal', 'rdbms', 'http', 'external', 'jwt', 'ldap', 'pki', 'anonymous', 'dummy'],
  )
  assert.deepEqual(new Set(config.pools.map(({ type }) => type)), new Set(referencePools))
  assert.equal(config.instrumentation.exometer?.report.graphite[0]?.host, 'g')
})

test('traps 8 and 9: TLS of components begins at once, a silent WebSocket is closed after a minute', () => {
  const text = `[general]
hosts = ["localhost"]
default_server_domain = "localhost"
[[listen.component]]
port = 1
password = "p"
tls = { certfile = "types.ts", keyfile = "types.ts" }
[[listen.http]]
port = 2
[[listen.http.handlers.mongoose_websocket_handler]]
host = "_"
path = "/ws"
`
  const [component, http] = loadConfig(`${import.meta.dirname}/meerkat.toml`, text, everything).listen
  assert.ok(component?.kind === 'component' && component.settings.tls?.mode === 'tls')
  const handler = http?.handlers[0]
  assert.ok(handler?.kind === 'mongoose_websocket_handler' && handler.settings.timeout === 60_000)
})
