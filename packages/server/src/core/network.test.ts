import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ipRange, network, plainAddress } from './network.ts'

test('S9: connections of one IPv6 network count together', () => {
  const same = ['2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2:ffff::']
  assert.deepEqual([...new Set(same.map(network))], ['2001:db8:1:2'])
  assert.deepEqual(['2001:db8::1', '2001:db8:1:3::1', '::1', '::ffff:192.0.2.1', '192.0.2.1', '1::', ''].map(network), [
    '2001:db8:0:0',
    '2001:db8:1:3',
    '0:0:0:0',
    '::ffff:192.0.2.1',
    '192.0.2.1',
    '1:0:0:0',
    '',
  ])
})

test('a network covers its addresses, also those of clients with IPv4 on a socket of IPv6', () => {
  const ten = ipRange('10.0.0.0/8')
  assert.deepEqual(['10.0.0.1', '10.255.255.255', '::ffff:10.1.2.3', '11.0.0.1', '::1', ''].map(ten), [
    true,
    true,
    true,
    false,
    false,
    false,
  ])
  assert.deepEqual(['192.0.2.1', '192.0.2.2'].map(ipRange('192.0.2.1')), [true, false])
  assert.deepEqual(['fd00::1', 'fe80::1', '10.0.0.1'].map(ipRange('fc00::/7')), [true, false, false])
})

test('what is no network is refused', () => {
  for (const text of [
    '',
    'x',
    '10.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/ 8',
    '::/129',
  ])
    assert.throws(() => ipRange(text), RangeError, text)
})

test('RFC 4291 §2.5.5.2: an address of IPv4 on a socket of IPv6 is written as such', () => {
  const written = ['::ffff:192.0.2.1', '192.0.2.1', '::ffff:0:1', 'fd00::1', undefined].map((ip) => plainAddress(ip))
  assert.deepEqual(written, ['192.0.2.1', '192.0.2.1', '::ffff:0:1', 'fd00::1', ''])
})
