import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseJid } from '@meerkat/protocol'
import { accessRule } from '../access.ts'
import { load, problemsOf } from './testing.ts'

const file = (hostConfig: string): string => `[general]
hosts = ["a.example", "b.example"]
host_types = ["tenant"]
default_server_domain = "a.example"

[auth.internal]

[outgoing_pools.rabbit.event_pusher]
scope = "host_type"
[outgoing_pools.rabbit.common]

[modules.mod_ping]
ping_interval = 10
[modules.mod_time]

[acl]
admin = [{user = "alice"}]
[access]
c2s = [{acl = "blocked", value = "deny"}, {acl = "all", value = "allow"}]
talk = [{acl = "admin", value = "allow"}]

[[host_config]]
host = "b.example"
${hostConfig}`

describe('trap 1: what a host_config replaces and what it merges', () => {
  test('modules are replaced as a whole', () => {
    const { hostTypes } = load(file('[host_config.modules.mod_version]'))
    assert.deepEqual([...hostTypes.get('a.example')!.modules.keys()], ['mod_ping', 'mod_time'])
    assert.deepEqual([...hostTypes.get('b.example')!.modules.keys()], ['mod_version'])
    assert.deepEqual([...hostTypes.get('tenant')!.modules.keys()], ['mod_ping', 'mod_time'])
  })

  test('unwritten keys of a replaced module have their defaults, not the common values', () => {
    const { hostTypes } = load(file('[host_config.modules.mod_ping]'))
    assert.deepEqual(hostTypes.get('b.example')!.modules.get('mod_ping'), {
      send_pings: false,
      ping_interval: 60,
      ping_req_timeout: 32,
      timeout_action: 'none',
    })
  })

  test('auth is replaced as a whole', () => {
    const jwt = '[host_config.auth.jwt]\nalgorithm = "HS256"\nusername_key = "sub"\nsecret.value = "x"'
    const { hostTypes } = load(file(jwt))
    const names = (host: string) => hostTypes.get(host)!.auth.methods.map(({ name }) => name)
    assert.deepEqual(names('a.example'), ['internal'])
    assert.deepEqual(names('b.example'), ['jwt'])
  })

  test('entries of a class are united', () => {
    const { hostTypes } = load(file('[host_config.acl]\nadmin = [{user = "bob"}]'))
    const may = (user: string, host: string) =>
      accessRule(hostTypes.get(host)!, 'talk', parseJid(`${user}@${host}`), host)
    assert.deepEqual([may('alice', 'b.example'), may('bob', 'b.example')], ['allow', 'allow'])
    assert.deepEqual([may('alice', 'a.example'), may('bob', 'a.example')], ['allow', 'deny'])
  })

  test('clauses come before a last one that allows everyone', () => {
    const own =
      '[host_config.acl]\nguest = [{user = "guest"}]\n[host_config.access]\nc2s = [{acl = "guest", value = "deny"}]'
    const { hostTypes } = load(file(own))
    const may = (user: string, host: string) =>
      accessRule(hostTypes.get(host)!, 'c2s', parseJid(`${user}@${host}`), host)
    assert.deepEqual([may('guest', 'b.example'), may('bob', 'b.example')], ['deny', 'allow'])
    assert.equal(may('guest', 'a.example'), 'allow')
  })

  test('clauses come last when the common rule does not end by allowing everyone', () => {
    const { hostTypes } = load(file('[host_config.access]\ntalk = [{acl = "all", value = "some"}]'))
    const may = (user: string) =>
      accessRule(hostTypes.get('b.example')!, 'talk', parseJid(`${user}@b.example`), 'b.example')
    assert.deepEqual([may('alice'), may('bob')], ['allow', 'some'])
  })

  test('pools are replaced by type and tag', () => {
    const { pools } = load(file('[host_config.outgoing_pools.rabbit.event_pusher]\nconnection.host = "own"'))
    const found = pools.map((pool) => [
      pool.tag,
      pool.hostType,
      pool.type === 'rabbit' && pool.settings.connection.host,
    ])
    assert.deepEqual(found, [
      ['common', undefined, 'localhost'],
      ['event_pusher', 'a.example', 'localhost'],
      ['event_pusher', 'b.example', 'own'],
      ['event_pusher', 'tenant', 'localhost'],
    ])
  })

  test('general keys are replaced one by one', () => {
    const { hostTypes } = load(file('[host_config.general]\nreplaced_wait_timeout = 5'))
    assert.deepEqual(hostTypes.get('b.example')!.general, { replaced_wait_timeout: 5, route_subdomains: undefined })
    assert.deepEqual(hostTypes.get('a.example')!.general, { replaced_wait_timeout: 2000, route_subdomains: undefined })
  })
})

test('a static host has its domain, a host type has none yet', () => {
  const { hostTypes } = load(file(''))
  assert.deepEqual(
    [...hostTypes.values()].map(({ name, domains }) => [name, domains]),
    [
      ['a.example', ['a.example']],
      ['b.example', ['b.example']],
      ['tenant', []],
    ],
  )
})

test('a pool of its own is enough for a module of the host', () => {
  const own = `[host_config.modules.mod_event_pusher.rabbit]`
  assert.deepEqual(problemsOf(file(own)), [])
  assert.equal(problemsOf(file(own).replaceAll('rabbit.event_pusher', 'rabbit.other')).length, 1)
})
