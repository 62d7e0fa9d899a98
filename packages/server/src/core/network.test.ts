import assert from 'node:assert/strict'
import { test } from 'node:test'
import { network } from './network.ts'

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
