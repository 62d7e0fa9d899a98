import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { knownParts, load, problemsOf, smallest } from './testing.ts'

/** Notices of a file that begins with the smallest one, whose four lines count. */
const noticesOf = (text: string): string[] =>
  load(smallest + text).notices.map((notice) => notice.replace(/^.*\/meerkat/u, 'meerkat'))

const adminHandler =
  '[[listen.http.handlers.mongoose_graphql_handler]]\nhost = "_"\npath = "/"\nschema_endpoint = "admin"'

const cases: [text: string, notices: string[]][] = [
  ['sm_backend = "redis"', ['meerkat.toml:4: general.sm_backend = "redis": has no effect here']],
  [
    '[[listen.c2s]]\nport = 1\nnum_acceptors = 4\nreuse_port = true',
    [
      'meerkat.toml:6: listen.c2s[1].num_acceptors = 4: has no effect here',
      'meerkat.toml:7: listen.c2s[1].reuse_port = true: has no effect here',
    ],
  ],
  [
    '[[listen.c2s]]\nport = 1\nmax_stanza_size = "infinity"',
    ['meerkat.toml:6: listen.c2s[1].max_stanza_size = "infinity": sets no limit'],
  ],
  ['[modules.mod_time]\niqdisc.type = "no_queue"', ['meerkat.toml:5: modules.mod_time.iqdisc: has no effect here']],
  [
    '[modules.mod_roster]\nbackend = "mnesia"',
    ['meerkat.toml:5: modules.mod_roster.backend = "mnesia": is kept in the main store'],
  ],
  ['[modules.mod_roster]\nbackend = "rdbms"', []],
  [
    '[[listen.c2s]]\nport = 1\naccess = "c2ss"\n[access]\nc2s = []',
    ['meerkat.toml:6: listen.c2s[1].access = "c2ss": is a rule that is not written in [access], so it denies everyone'],
  ],
  [
    '[auth]\nsasl_mechanisms = ["external"]\nsasl_external = ["standard", "auth_id"]',
    [
      'meerkat.toml:6: auth.sasl_external: with "auth_id" whoever has any certificate that is trusted may log in as anybody',
    ],
  ],
  [
    '[auth]\nsasl_mechanisms = ["external"]\n[[listen.c2s]]\nport = 1\nip_address = "::1"\ntls.verify_mode = "selfsigned_peer"',
    [
      'meerkat.toml:9: listen.c2s[1].tls.verify_mode = "selfsigned_peer": with "external" in sasl_mechanisms anybody can log in as anybody, by a certificate made for that',
    ],
  ],
  [
    '[auth]\nsasl_external = ["auth_id"]\n[[listen.c2s]]\nport = 1\nip_address = "::1"\ntls.verify_mode = "selfsigned_peer"',
    [],
  ],
  [
    '[[listen.c2s]]\nport = 1\ntls = {}',
    [
      'meerkat.toml:6: listen.c2s[1].tls: has no certfile, so clients get a certificate made for development, which they cannot trust',
    ],
  ],
  ['[[listen.c2s]]\nport = 1\nip_address = "127.0.0.1"\ntls = {}', []],
  [
    '[[listen.c2s]]\nport = 1\nip_address = "::1"\ntls.versions = ["tlsv1.1", "tlsv1.2"]',
    ['meerkat.toml:7: listen.c2s[1].tls.versions: TLS 1.0 and 1.1 are not spoken: the others are'],
  ],
  ['[[listen.c2s]]\nport = 1\nip_address = "::1"\ntls.versions = ["tlsv1.3"]', []],
  [`[[listen.http]]\nport = 1\n${adminHandler}\nusername = "a"\npassword = "b"`, []],
  [`[[listen.http]]\nport = 1\nip_address = "::1"\n${adminHandler}`, []],
  [
    `[[listen.http]]\nport = 1\n${adminHandler.replace('"admin"', '"user"')}`,
    [
      'meerkat.toml:4: listen.http[1]: takes the passwords of users or domain admins, and has no TLS: only a proxy should reach it',
    ],
  ],
  [`[[listen.http]]\nport = 1\nip_address = "::1"\n${adminHandler.replace('"admin"', '"user"')}`, []],
  [
    '[[listen.s2s]]\nport = 1',
    ['meerkat.toml:4: listen.s2s[1]: has no section tls: what other servers send, and who they are, is not protected'],
  ],
  ['[internal_databases.mnesia]', ['meerkat.toml:4: internal_databases.mnesia: has no effect here']],
  [
    '[services.service_mongoose_system_metrics]\nreport = true',
    ['meerkat.toml:4: services.service_mongoose_system_metrics: has no effect: nothing is reported to anyone'],
  ],
  [
    '[outgoing_pools.http.x]\nstrategy = "available_worker"\nconnection.host = "http://localhost"',
    ['meerkat.toml:5: outgoing_pools.http.x.strategy = "available_worker": has no effect here'],
  ],
]

describe('what has no effect or no limit is accepted with one notice', () => {
  for (const [text, notices] of cases)
    test(text.replaceAll('\n', ' | '), () => assert.deepEqual(noticesOf(text), notices))
})

describe('names of earlier releases are understood', () => {
  test('REST APIs that were removed, of every release, with their keys', () => {
    const keys = 'host = "_"\npath = "/api"\nusername = "a"\npassword = "hunter2"\nhandlers = ["users"]\ndocs = true'
    const names = ['mongoose_admin_api', 'mongoose_client_api', 'mongoose_api', 'mongoose_domain_handler']
    const known = { ...knownParts, httpHandlers: new Set([...knownParts.httpHandlers, ...names]) }
    const handlers = names.map((name) => `[[listen.http.handlers.${name}]]\n${keys}`).join('\n')
    const { listen, notices } = load(`${smallest}[[listen.http]]\nport = 1\n${handlers}`, known)
    assert.deepEqual(
      listen[0]?.handlers.map(({ kind }) => kind),
      names,
    )
    const gone = notices.filter((notice) => notice.includes('was removed in MongooseIM'))
    assert.equal(gone.length, 4)
    assert.match(gone[0]!, /mongoose_admin_api\[1\]: was removed in MongooseIM 6\.6: requests are answered with/u)
    assert.doesNotMatch(notices.join(), /hunter2/u)
  })

  test('a key of a shaper', () => {
    const config = load(`${smallest}[shaper.slow]\nmaxrate = 7`)
    assert.equal(config.shapers.get('slow'), 7)
    assert.match(config.notices[0] ?? '', /:5: shaper\.slow\.maxrate: is written shaper\.slow\.max_rate$/u)
  })

  test('a module that became a section of another', () => {
    const text = `${smallest}[modules.mod_event_pusher_rabbit.chat_msg_exchange]
name = "x"
[outgoing_pools.rabbit.event_pusher.connection]
amqp_host = "broker"
`
    const config = load(text)
    assert.deepEqual(config.hostTypes.get('localhost')?.modules.get('mod_event_pusher'), {
      rabbit: { chat_msg_exchange: { name: 'x', durable: false }, presence_exchange: undefined },
    })
    assert.ok(config.pools[0]?.type === 'rabbit' && config.pools[0].settings.connection.host === 'broker')
    assert.equal(config.notices.length, 2)
  })

  test('a key in one of several listeners, and problems still have its line', () => {
    const listeners = '[[listen.c2s]]\nport = 1\n[[listen.c2s]]\nport = 2\nc2s_state_timeout = "x"'
    assert.deepEqual(problemsOf(smallest + listeners), [
      'meerkat.toml:8: listen.c2s[2].state_timeout: wants milliseconds above 0, got "x"',
    ])
  })

  test('a key whose values changed too', () => {
    const tls = (value: string) => `[[listen.c2s]]\nport = 1\nip_address = "::1"\ntls.verify_peer = ${value}`
    const modes = ['true', 'false'].map((value) => {
      const [listener] = load(smallest + tls(value)).listen
      return listener?.kind === 'c2s' && listener.settings.tls?.verify_mode
    })
    assert.deepEqual(modes, ['peer', 'none'])
    assert.deepEqual(problemsOf(smallest + tls('"x"')), [
      'meerkat.toml:7: listen.c2s[1].tls.verify_mode: wants "peer" or "selfsigned_peer" or "none", got "x"',
    ])
  })

  test('a key that moved up or down', () => {
    const config = load(`${smallest}[auth]
scram_iterations = 5000
[outgoing_pools.rabbit.event_pusher.connection]
max_worker_queue_len = 7
[modules.mod_event_pusher.backend.rabbit.presence_exchange]
`)
    assert.equal(config.hostTypes.get('localhost')?.auth.password.scram_iterations, 5000)
    assert.equal(config.pools[0]?.settings.max_worker_queue_len, 7)
    assert.deepEqual(config.hostTypes.get('localhost')?.modules.get('mod_event_pusher'), {
      rabbit: { chat_msg_exchange: undefined, presence_exchange: { name: 'presence', durable: false } },
    })
  })

  test('a removed module, for one host', () => {
    const config = load(`${smallest}[[host_config]]\nhost = "localhost"\n[host_config.modules.mod_muc_log]`)
    assert.match(config.notices[0] ?? '', /:6: host_config\[1\]\.modules\.mod_muc_log: was removed in MongooseIM 6\.8/u)
    assert.deepEqual([...(config.hostTypes.get('localhost')?.modules ?? [])], [])
  })

  test('an old name beside its new one is refused', () => {
    assert.deepEqual(problemsOf(`${smallest}[shaper.slow]\nmaxrate = 7\nmax_rate = 8`), [
      'meerkat.toml:6: shaper.slow.max_rate: is written twice, once by its old name maxrate',
    ])
  })
})
