import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { load, problemsOf, smallest } from './testing.ts'

/** Each problem of a file that begins with the smallest one, whose four lines count. */
const cases: [name: string, text: string, problems: string[]][] = [
  [
    'S92: the admin API without a password for other machines',
    '[[listen.http]]\nport = 1\n[[listen.http.handlers.mongoose_graphql_handler]]\nhost = "_"\npath = "/"\nschema_endpoint = "admin"',
    [
      'meerkat.toml:4: listen.http[1]: serves the admin API without a password: wants a username and a password in its handler, or ip_address = "127.0.0.1"',
    ],
  ],
  [
    'S21: no version of TLS that is spoken',
    '[[listen.c2s]]\nport = 1\ntls.versions = ["tlsv1.1", "tlsv1"]\n[s2s.outgoing.tls]\nversions = ["tlsv1"]',
    [
      'meerkat.toml:6: listen.c2s[1].tls.versions: wants "tlsv1.2" or "tlsv1.3": older versions are not spoken, got ["tlsv1.1","tlsv1"]',
      'meerkat.toml:7: s2s: s2s is not built into this server yet: remove [s2s] (line 7)',
      'meerkat.toml:8: s2s.outgoing.tls.versions: wants "tlsv1.2" or "tlsv1.3": older versions are not spoken, got ["tlsv1"]',
    ],
  ],
  [
    'a value of the wrong type',
    '[modules.mod_ping]\nping_interval = "soon"',
    ['meerkat.toml:5: modules.mod_ping.ping_interval: wants seconds above 0, got "soon"'],
  ],
  [
    'a misspelt key',
    '[modules.mod_ping]\nping_intervall = 5',
    ['meerkat.toml:5: modules.mod_ping.ping_intervall: is not a known key, got 5; did you mean ping_interval?'],
  ],
  [
    'a misspelt module',
    '[modules.mod_pign]',
    ['meerkat.toml:4: modules.mod_pign: is not a known key; did you mean mod_ping?'],
  ],
  ['a misspelt section', '[module.mod_ping]', ['meerkat.toml:4: module: is not a known key; did you mean modules?']],
  [
    'a module that is not built',
    '\n[modules.mod_muc]\nhost = "muc.@HOST@"',
    ['meerkat.toml:5: modules.mod_muc: mod_muc is not built into this server yet: remove [modules.mod_muc] (line 5)'],
  ],
  [
    'a part of a module that is not built',
    '[modules.mod_event_pusher.sns]',
    [
      'meerkat.toml:4: modules.mod_event_pusher.sns: mod_event_pusher.sns is not built into this server yet: remove [modules.mod_event_pusher.sns] (line 4)',
    ],
  ],
  [
    'a key that is not built',
    '[modules.mod_register]\npassword_strength = 32',
    [
      'meerkat.toml:5: modules.mod_register.password_strength: mod_register.password_strength is not built into this server yet: remove modules.mod_register.password_strength (line 5)',
    ],
  ],
  [
    'a misspelt key of a class',
    '[acl]\nadmin = [{user = "a"}, {usr = "b"}]',
    ['meerkat.toml:5: acl.admin[2].usr: is not a known key, got "b"; did you mean user?'],
  ],
  [
    'a clause without a value',
    '[access]\nc2s = [\n  {acl = "all", value = "allow"},\n  {acl = "all"},\n]',
    ['meerkat.toml:7: access.c2s[2].value: is missing: wants a text or a whole number from 0 up'],
  ],
  [
    'a listener that is not built',
    '[[listen.component]]\nport = 8888\npassword = "hush"',
    [
      'meerkat.toml:4: listen.component: listen.component is not built into this server yet: remove [[listen.component]] (line 4)',
    ],
  ],
  [
    'a handler that is not built',
    '[[listen.http]]\nport = 1\n[[listen.http.handlers.mongoose_bosh_handler]]\nhost = "_"\npath = "/"',
    [
      'meerkat.toml:6: listen.http[1].handlers.mongoose_bosh_handler: mongoose_bosh_handler is not built into this server yet: remove [[listen.http.handlers.mongoose_bosh_handler]] (line 6)',
    ],
  ],
  [
    'an authentication method that is not built',
    '[auth.ldap]',
    ['meerkat.toml:4: auth.ldap: auth.ldap is not built into this server yet: remove [auth.ldap] (line 4)'],
  ],
  [
    'a pool that is not built',
    '[outgoing_pools.redis.default]',
    [
      'meerkat.toml:4: outgoing_pools.redis: outgoing_pools.redis is not built into this server yet: remove [outgoing_pools.redis] (line 4)',
    ],
  ],
  [
    'a service that is not built',
    '[services.service_bosh]',
    [
      'meerkat.toml:4: services.service_bosh: service_bosh is not built into this server yet: remove [services.service_bosh] (line 4)',
    ],
  ],
  ['s2s', '[s2s]', ['meerkat.toml:4: s2s: s2s is not built into this server yet: remove [s2s] (line 4)']],
  [
    'a missing mandatory key',
    '[[listen.c2s]]',
    ['meerkat.toml:4: listen.c2s[1].port: is missing: wants a port from 0 to 65535'],
  ],
  [
    'a shaper that is not defined',
    '[[listen.c2s]]\nport = 1\nshaper = "fast"\n[shaper.slow]\nmax_rate = 1',
    ['meerkat.toml:6: listen.c2s[1].shaper: wants a shaper that is defined as [shaper.NAME], got "fast"'],
  ],
  [
    'trap 8: the rate of a shaper is max_rate',
    '[shaper.slow]\nrate = 1',
    [
      'meerkat.toml:4: shaper.slow.max_rate: is missing: wants a whole number above 0',
      'meerkat.toml:5: shaper.slow.rate: is not a known key, got 1',
    ],
  ],
  [
    'an authentication method without its section',
    '[auth]\nmethods = ["internal", "jwt"]\n[auth.internal]',
    ['meerkat.toml:5: auth.methods[2]: needs a section [auth.jwt], got "jwt"'],
  ],
  [
    'two listeners in one place',
    '[[listen.c2s]]\nport = 5222\n[[listen.http]]\nport = 5222',
    ['meerkat.toml:7: listen.http[1].port: wants a port and address of its own: listen.c2s[1] listens there, got 5222'],
  ],
  [
    'a certificate without its key',
    '[[listen.c2s]]\nport = 1\ntls.certfile = "testing.ts"',
    ['meerkat.toml:6: listen.c2s[1].tls.certfile: wants a keyfile beside it'],
  ],
  [
    'a certificate that does not exist',
    '[[listen.c2s]]\nport = 1\ntls = {certfile = "no.pem", keyfile = "testing.ts"}',
    ['meerkat.toml:6: listen.c2s[1].tls.certfile: wants the name of an existing file, got "no.pem"'],
  ],
  [
    'TLS without a certificate',
    '[[listen.http]]\nport = 1\ntls = {}',
    ['meerkat.toml:6: listen.http[1].tls: wants a certfile and a keyfile'],
  ],
  [
    'a pool that is not there',
    '[modules.mod_event_pusher.rabbit]',
    [
      'meerkat.toml:4: modules.mod_event_pusher.rabbit: needs the pool [outgoing_pools.rabbit.event_pusher], which is missing',
    ],
  ],
  [
    'a pool of authentication that is not there',
    '[auth.http]',
    ['meerkat.toml:4: auth.http: needs the pool [outgoing_pools.http.auth], which is missing'],
  ],
  [
    'a host_config for nobody',
    '[[host_config]]\nhost = "elsewhere"',
    ['meerkat.toml:5: host_config[1].host: wants one of general.hosts or general.host_types, got "elsewhere"'],
  ],
  [
    'a host_config without a host',
    '[[host_config]]',
    ['meerkat.toml:4: host_config[1]: wants either host or host_type'],
  ],
  [
    'a second host_config',
    '[[host_config]]\nhost = "localhost"\n[[host_config]]\nhost_type = "localhost"',
    ['meerkat.toml:7: host_config[2].host_type: has a host_config already, got "localhost"'],
  ],
  [
    'the scope of a pool in a host_config',
    '[[host_config]]\nhost = "localhost"\noutgoing_pools.rabbit.x.scope = "global"',
    [
      'meerkat.toml:6: host_config[1].outgoing_pools.rabbit.x.scope: is not for the pools of a host_config, got "global"',
    ],
  ],
  [
    'a key that a host_config cannot have',
    '[[host_config]]\nhost = "localhost"\nshaper.x.max_rate = 1',
    ['meerkat.toml:6: host_config[1].shaper: is not a known key'],
  ],
  [
    'a regular expression that is none',
    '[acl]\nodd = [{user_regexp = "("}]',
    ['meerkat.toml:5: acl.odd[1].user_regexp: wants a regular expression, got "("'],
  ],
  [
    'half of the credentials of an administrator',
    '[[listen.http]]\nport = 1\n[[listen.http.handlers.mongoose_graphql_handler]]\nhost = "_"\npath = "/"\nschema_endpoint = "admin"\nusername = "a"',
    [
      'meerkat.toml:6: listen.http[1].handlers.mongoose_graphql_handler[1]: wants both username and password, or neither',
    ],
  ],
  [
    'no key for JWT',
    '[auth.jwt]\nalgorithm = "HS256"\nusername_key = "sub"',
    ['meerkat.toml:4: auth.jwt.secret: wants exactly one of file, env and value'],
  ],
  [
    'a load balancer that is no network',
    '[[listen.c2s]]\nport = 1\nproxy_protocol = true\nproxy_trusted = ["::1", "10.0.0.0/"]',
    [
      'meerkat.toml:7: listen.c2s[1].proxy_trusted[2]: wants an IP address or a network such as "192.0.2.0/24", got "10.0.0.0/"',
    ],
  ],
  [
    'a listener that is no array',
    '[listen.c2s]\nport = 1',
    ['meerkat.toml:4: listen.c2s: wants tables, each begun with [[listen.c2s]]'],
  ],
]

describe('R28: what is wrong with a file is said with line, path and value', () => {
  for (const [name, text, expected] of cases) test(name, () => assert.deepEqual(problemsOf(smallest + text), expected))

  test('a mistake in the syntax', () => {
    const [problem, ...others] = problemsOf('[general]\nhosts = ["a"\npassword = "hush')
    assert.match(problem ?? '', /^meerkat\.toml:3: is not valid TOML: /u)
    assert.ok(!problem?.includes('hush'))
    assert.deepEqual(others, [])
  })

  test('nothing to serve', () => {
    assert.deepEqual(problemsOf(''), ['meerkat.toml:1: general.default_server_domain: is missing: wants a domain name'])
    assert.deepEqual(problemsOf('[general]\ndefault_server_domain = "a"'), [
      'meerkat.toml:1: general: wants at least one domain in hosts or one name in host_types',
    ])
  })

  test('a name that is both a domain and a host type', () => {
    assert.deepEqual(problemsOf('[general]\nhosts = ["a"]\nhost_types = ["b", "a"]\ndefault_server_domain = "a"'), [
      'meerkat.toml:3: general.host_types[2]: is one of hosts already, got "a"',
    ])
  })
})

test('R28: all problems of a large file are collected, with their lines', () => {
  const problems = problemsOf(`[general]
  hosts = ["a.example", "A.example"]
  host_types = ["tenant"]
  default_server_domain = "a.example"
  sm_backend = "cets"
  loglevel = "loud"

[internal_databases.cets]
  cluster_name = "mongooseim"
[internal_databases.mnesiaa]

[[listen.c2s]]
  port = 5222
  access = "c2s"
  shaper = "nromal"
  max_stanza_size = "infinity"
  [listen.c2s.tls]
    verify_mode = "maybe"
    certfile = "missing.pem"
    keyfile = "testing.ts"

[[listen.http]]
  port = 5551
  transport.num_acceptors = 10
  [[listen.http.handlers.mongoose_graphql_handler]]
    host = "_"
    path = "/api/graphql"
    schema_endpoint = "root"
    username = "admin"
    password = 12345

[auth]
  methods = ["rdbms"]
  [auth.rdbms]

[outgoing_pools.rdbms.default.connection]
  driver = "pgsql"
[outgoing_pools.rabbit.event_pusher.connection]
  pasword = "topsecret"
  confirms_enabled = "yes"

[modules.mod_presence]
[modules.mod_dynamic_domains_test]
[modules.mod_roster]
  backend = "riak"
[modules.mod_event_pusher.rabbit.presence_exchange]
  durable = 1

[shaper.normal]
  max_rate = 0

[[host_config]]
  host_type = "tenat"
  [host_config.modules.mod_disco]
    users_can_see_hidden_service = true
`)
  const brief = problems.map((line) => line.replace(/^meerkat\.toml:/u, ''))
  assert.deepEqual(brief, [
    '2: general.hosts: wants a list without repetition',
    '6: general.loglevel: wants "none" or "emergency" or "alert" or "critical" or "error" or "warning" or "notice" or "info" or "debug" or "all", got "loud"',
    '10: internal_databases.mnesiaa: is not a known key; did you mean mnesia?',
    '15: listen.c2s[1].shaper: wants a shaper that is defined as [shaper.NAME], got "nromal"; did you mean normal?',
    '18: listen.c2s[1].tls.verify_mode: wants "peer" or "selfsigned_peer" or "none", got "maybe"',
    '19: listen.c2s[1].tls.certfile: wants the name of an existing file, got "missing.pem"',
    '28: listen.http[1].handlers.mongoose_graphql_handler[1].schema_endpoint: wants "admin" or "domain_admin" or "user", got "root"',
    '30: listen.http[1].handlers.mongoose_graphql_handler[1].password: wants a text',
    '34: auth.rdbms: auth.rdbms is not built into this server yet: remove [auth.rdbms] (line 34)',
    '36: outgoing_pools.rdbms: outgoing_pools.rdbms is not built into this server yet: remove [outgoing_pools.rdbms] (line 36)',
    '39: outgoing_pools.rabbit.event_pusher.connection.pasword: is not a known key; did you mean password?',
    '40: outgoing_pools.rabbit.event_pusher.connection.confirms_enabled: wants true or false, got "yes"',
    '43: modules.mod_dynamic_domains_test: mod_dynamic_domains_test is not built into this server yet: remove [modules.mod_dynamic_domains_test] (line 43)',
    '45: modules.mod_roster.backend: wants "mnesia", "cets" or "rdbms", got "riak"',
    '47: modules.mod_event_pusher.rabbit.presence_exchange.durable: wants true or false, got 1',
    '50: shaper.normal.max_rate: wants a whole number above 0, got 0',
    '53: host_config[1].host_type: wants one of general.hosts or general.host_types, got "tenat"',
    '55: host_config[1].modules.mod_disco.users_can_see_hidden_service: is not a known key, got true; did you mean users_can_see_hidden_services?',
  ])
})

test('the smallest file has every default', () => {
  const config = load(smallest)
  assert.deepEqual(config.notices, [])
  assert.equal(config.general.loglevel, 'warning')
  assert.equal(config.general.registration_timeout, 600)
  assert.equal(config.general.replaced_wait_timeout, 2000)
  assert.equal(config.storage.durability, 'power')
  assert.equal(config.instrumentation.probe_interval, 15)
  assert.deepEqual([...config.hostTypes.keys()], ['localhost'])
})

test('defaults of a c2s listener are finite where a client decides', () => {
  const [listener] = load(
    `${smallest}[[listen.c2s]]\nport = 5222\ntls = {certfile = "testing.ts", keyfile = "testing.ts"}`,
  ).listen
  assert.ok(listener?.kind === 'c2s')
  const { settings } = listener
  assert.equal(settings.max_stanza_size, 262_144)
  assert.equal(settings.access, 'all')
  assert.equal(settings.shaper, 'none')
  assert.equal(settings.allow_plain_without_tls, false)
  assert.deepEqual(settings.pre_auth, {
    max_stanza_size: 8192,
    max_elements: 32,
    max_depth: 8,
    auth_timeout: 30,
    auth_attempts: 3,
    max_unauthenticated_per_ip: 100,
    max_failures_per_ip: 100,
  })
  // Trap 8: a certificate is demanded of clients unless the file says otherwise. Trap 9: the mode is starttls.
  assert.equal(settings.tls?.verify_mode, 'peer')
  assert.equal(settings.tls?.mode, 'starttls')
})
