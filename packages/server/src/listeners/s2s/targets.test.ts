import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Dns, SrvRecord } from './dns.ts'
import { noNames, s2sOptions } from './s2s.fixture.ts'
import { NoServer, addressesOf, inOrder, targetsOf } from './targets.ts'

const record = (name: string, priority = 1, weight = 0, port = 5269): SrvRecord => ({ name, port, priority, weight })

/** A name server with these records, which counts what it is asked. */
function names(
  records: Readonly<Record<string, readonly SrvRecord[]>>,
  hosts: Readonly<Record<string, string[]>> = {},
) {
  const asked: string[] = []
  const dns: Dns = {
    srv: async (name) => {
      asked.push(name)
      return records[name] ?? []
    },
    addresses: async (host, version) => {
      const found = (hosts[host] ?? []).filter((ip) => ip.includes(':') === (version === 6))
      if (found.length === 0) throw new Error('ENOTFOUND')
      return found
    },
  }
  return { dns, asked }
}

test('RFC 2782: records in the order of their priority, equals at random by their weight', () => {
  const records = [record('c', 2), record('a', 1, 10), record('b', 1, 90)]
  assert.deepEqual(
    inOrder(records, () => 0.05).map(({ name }) => name),
    ['a', 'b', 'c'],
  )
  assert.deepEqual(
    inOrder(records, () => 0.5).map(({ name }) => name),
    ['b', 'a', 'c'],
  )
})

test('XEP-0368 §3: records for TLS from the first byte stand among the others', async () => {
  const { dns, asked } = names({
    '_xmpps-server._tcp.verona.example': [record('direct.example', 2, 0, 5270)],
    '_xmpp-server._tcp.verona.example': [record('first.example', 1), record('last.example', 3)],
  })
  const targets = await targetsOf('verona.example', s2sOptions(), dns)
  assert.deepEqual(
    targets.map(({ host, port, tls }) => [host, port, tls]),
    [
      ['first.example', 5269, false],
      ['direct.example', 5270, true],
      ['last.example', 5269, false],
    ],
  )
  assert.equal(asked.length, 2)
})

test('RFC 6120 §3.2.2: without records the domain itself, at the port of the configuration', async () => {
  const [target] = await targetsOf('bücher.example', s2sOptions({ port: 5555 }), noNames)
  assert.deepEqual(target, { host: 'xn--bcher-kva.example', port: 5555, tls: false, isWritten: false })
  const [address] = await targetsOf('[2001:db8::1]', s2sOptions(), noNames)
  assert.equal(address?.host, '2001:db8::1')
})

test('RFC 6120 §3.2.1: where no name server answers, the domain itself', async () => {
  const dns: Dns = { ...noNames, srv: () => Promise.reject(new Error('ESERVFAIL')) }
  const [target] = await targetsOf('verona.example', s2sOptions(), dns)
  assert.equal(target?.host, 'verona.example')
})

test('RFC 2782: a lone dot says that there is no service', async () => {
  const { dns } = names({ '_xmpp-server._tcp.verona.example': [record('')] })
  await assert.rejects(targetsOf('verona.example', s2sOptions(), dns), NoServer)
})

test('a written address is taken as it is, and nobody is asked', async () => {
  const { dns, asked } = names({})
  const addresses = [{ host: 'verona.example', ip: '192.0.2.1', port: undefined, tls: true }]
  assert.deepEqual(await targetsOf('verona.example', s2sOptions({ addresses }), dns), [
    { host: '192.0.2.1', port: 5269, tls: true, isWritten: true },
  ])
  assert.deepEqual(asked, [])
})

test('S77: of thousands of records and addresses a few are tried', async () => {
  const many = Array.from({ length: 5000 }, (_, i) => record(`h${i}.example`, i))
  const ips = Array.from({ length: 200 }, (_, i) => `192.0.2.${i}`)
  const { dns } = names({ '_xmpp-server._tcp.verona.example': many }, { 'h0.example': ips })
  const targets = await targetsOf('verona.example', s2sOptions(), dns)
  assert.deepEqual([targets.length, targets[0]?.host], [8, 'h0.example'])
  assert.equal((await addressesOf(targets[0]!, s2sOptions(), dns)).length, 4)
})

test('S77: private addresses are refused where the configuration says so, but not written ones', async () => {
  const inside = ['127.0.0.1', '10.1.2.3', '192.168.1.1', '169.254.169.254', '::1', 'fd00::1', '::ffff:127.0.0.1']
  const { dns } = names({}, { 'evil.example': inside, 'mixed.example': ['10.0.0.1', '203.0.113.9'] })
  const guarded = s2sOptions({ denyPrivate: true, ipVersions: [4, 6] })
  const target = (host: string, isWritten = false) => ({ host, port: 5269, tls: false, isWritten })
  await assert.rejects(addressesOf(target('evil.example'), guarded, dns), NoServer)
  await assert.rejects(addressesOf(target('127.0.0.1'), guarded, dns), NoServer)
  assert.deepEqual(await addressesOf(target('mixed.example'), guarded, dns), ['203.0.113.9'])
  assert.deepEqual(await addressesOf(target('127.0.0.1', true), guarded, dns), ['127.0.0.1'])
  assert.equal((await addressesOf(target('evil.example'), s2sOptions({ ipVersions: [6, 4] }), dns))[0], '::1')
})
