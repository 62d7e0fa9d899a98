import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildDelay, Delay, parseDelay } from './delay.ts'
import { Message } from './stanza.ts'

test('XEP-0203 §4: a delay says when, by whom and why', () => {
  const info = { stamp: 1_031_699_305_000_000, from: 'capulet.com', reason: 'Offline Storage' }
  const delay = buildDelay(info)

  assert.deepEqual(delay, Delay({ from: 'capulet.com', stamp: '2002-09-10T23:08:25.000000Z' }, 'Offline Storage'))
  assert.deepEqual(parseDelay(Message({}, delay)), info)
})

test('XEP-0203 §3: a stamp is required and must be a time', () => {
  assert.equal(parseDelay(Message({})), undefined)
  assert.equal(parseDelay(Message({}, Delay({}))), undefined)
  assert.equal(parseDelay(Message({}, Delay({ stamp: 'yesterday' }))), undefined)
  assert.deepEqual(parseDelay(Message({}, Delay({ stamp: '1970-01-01T00:00:00Z' }))), {
    stamp: 0,
    from: undefined,
    reason: '',
  })
})
