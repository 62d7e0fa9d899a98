import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Strangers } from './strangers.ts'

it('S9: counts those of each network, and forgets them', () => {
  const strangers = new Strangers()
  const [one, other] = [strangers.add('2001:db8::1'), strangers.add('2001:db8::2')]
  const third = strangers.add('192.0.2.1')
  assert.deepEqual([strangers.size, strangers.from('2001:db8::3'), strangers.from('192.0.2.1')], [3, 2, 1])
  one()
  one()
  assert.deepEqual([strangers.size, strangers.from('2001:db8::3')], [2, 1])
  other()
  third()
  assert.deepEqual([strangers.size, strangers.from('2001:db8::3'), strangers.from('192.0.2.1')], [0, 0, 0])
})
