import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJid } from '@meerkat/protocol'
import { type IpEntry, ipRules } from '../../modules/register/ip-rules.ts'
import { accessLimit, accessRule } from '../access.ts'
import { starterConfig } from './starter.ts'
import { load as loadWith, starterParts } from './testing.ts'

const load = (text: string) => loadWith(text, starterParts)

const starter = starterConfig()

/** Of `mod_register`. */
interface Settings {
  readonly ip_access: readonly IpEntry[]
}

test('the starter file is accepted without a notice', () => {
  const config = load(starter)
  assert.deepEqual(config.notices, [])
  assert.deepEqual(
    config.listen.map(({ kind, port, ip_address }) => [kind, port, ip_address]),
    [
      ['c2s', 5222, '127.0.0.1'],
      ['c2s', 5223, '127.0.0.1'],
      ['http', 5280, '127.0.0.1'],
      ['http', 5551, '127.0.0.1'],
    ],
  )
  const host = config.hostTypes.get('localhost')
  assert.deepEqual(host?.domains, ['localhost'])
  assert.deepEqual(host.auth.methods, [{ name: 'internal', settings: {} }])
  assert.ok(host.modules.has('mod_private'))
  for (const expected of ['stream_management', 'carboncopy', 'csi', 'offline', 'mam', 'blocking'])
    assert.ok(host.modules.has(`mod_${expected}`), `what clients of today expect: mod_${expected}`)
  assert.equal(config.general.data_dir, `${import.meta.dirname}/data`)
})

test('the rules of the starter file say what they are there for', () => {
  const host = load(starter).hostTypes.get('localhost')!
  const alice = parseJid('alice@localhost')
  assert.equal(accessRule(host, 'c2s', alice, 'localhost'), 'allow')
  assert.equal(accessRule(host, 'muc_create', alice, 'localhost'), 'allow')
  assert.equal(accessRule(host, 'muc_create', parseJid('bob@elsewhere'), 'localhost'), 'deny')
  assert.equal(accessRule(host, 'muc_admin', alice, 'localhost'), 'deny')
  assert.equal(accessLimit(host, 'max_user_sessions', alice, 'localhost', 100), 10)
  assert.equal(accessLimit(host, 'max_user_offline_messages', alice, 'localhost', 0), 100)
})

test('the starter file lets this machine alone register accounts', () => {
  const { ip_access } = load(starter).hostTypes.get('localhost')!.modules.get('mod_register') as Settings
  const mayRegister = ipRules(ip_access)
  for (const address of ['127.0.0.1', '127.8.0.1', '::1', '::ffff:127.0.0.1']) assert.ok(mayRegister(address), address)
  for (const address of ['192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1', 'fe80::1'])
    assert.ok(!mayRegister(address), address)
})

test('tables may be appended to the starter file', () => {
  const config = load(`${starter}
[outgoing_pools.rabbit.event_pusher]
  connection.host = "localhost"

[modules.mod_event_pusher.rabbit]
  chat_msg_exchange = {}
`)
  const pool = config.pools[0]
  assert.equal(pool?.type, 'rabbit')
  assert.equal(pool?.tag, 'event_pusher')
  assert.ok(pool?.type === 'rabbit' && pool.settings.connection.host === 'localhost')
  assert.deepEqual(config.hostTypes.get('localhost')?.modules.get('mod_event_pusher'), {
    rabbit: { chat_msg_exchange: { name: 'chat_msg', durable: false }, presence_exchange: undefined },
  })
})

test('the starter file can serve another domain with a certificate of its own', () => {
  // Any file that exists will do: nothing here opens it.
  const config = load(
    starterConfig({ domain: 'chat.example', certificate: { certfile: 'starter.ts', keyfile: 'types.ts' } }),
  )
  assert.deepEqual([...config.hostTypes.keys()], ['chat.example'])
  const tls = config.listen.map((listener) => listener.kind === 'c2s' && listener.settings.tls)
  assert.deepEqual(
    tls.map((found) => found && [found.mode, found.verify_mode, found.certfile, found.keyfile]),
    [
      ['starttls', 'none', `${import.meta.dirname}/starter.ts`, `${import.meta.dirname}/types.ts`],
      ['tls', 'none', `${import.meta.dirname}/starter.ts`, `${import.meta.dirname}/types.ts`],
      false,
      false,
    ],
  )
})
