import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement, serialize } from '@meerkat/xml'
import fc from 'fast-check'
import { errorCondition } from './errors.ts'
import {
  HandledCountTooHigh,
  SmEnable,
  SmEnabled,
  SmResume,
  SmResumed,
  buildSmFailed,
  countBetween,
  countOn,
  handledCountTooHigh,
  readCount,
  wantsResumption,
} from './stream-management.ts'

const MAX = 2 ** 32 - 1
const NS = 'urn:xmpp:sm:3'

test('S49, XEP-0198 §4: only unsigned 32-bit numbers are counts', () => {
  for (const h of ['0', '1', '0007', String(MAX)]) assert.equal(readCount(h), Number(h))
  for (const h of [undefined, '', '-1', '+1', '1.5', '1e3', ' 1', '0x1', 'some', '١', String(MAX + 1), '9'.repeat(40)])
    assert.equal(readCount(h), undefined, h)
})

test('S49, XEP-0198 §4: counts go round behind 2^32-1', () => {
  assert.equal(countOn(MAX), 0)
  assert.equal(countBetween(MAX, 1), 2)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX }), fc.integer({ min: 0, max: MAX }), (count, more) => {
      assert.equal(countBetween(count, countOn(count, more)), more)
    }),
  )
})

test('XEP-0198 §3, examples: enabling with resumption or without', () => {
  assert.equal(wantsResumption(parseElement(`<enable xmlns='${NS}'/>`)), false)
  assert.equal(wantsResumption(parseElement(`<enable xmlns='${NS}' resume='true'/>`)), true)
  assert.equal(wantsResumption(SmEnable({ resume: 1 })), true)
  assert.equal(wantsResumption(SmEnable({ resume: 'false' })), false)
  assert.deepEqual(
    parseElement(`<enabled xmlns='${NS}' id='some-long-sm-id' resume='true'/>`),
    SmEnabled({ id: 'some-long-sm-id', resume: true }),
  )
})

test('XEP-0198 §5, examples: resuming', () => {
  assert.deepEqual(parseElement(`<resume xmlns='${NS}' h='5' previd='id'/>`), SmResume({ h: 5, previd: 'id' }))
  assert.deepEqual(parseElement(`<resumed xmlns='${NS}' h='7' previd='id'/>`), SmResumed({ h: 7, previd: 'id' }))
})

test('XEP-0198 §5 and §6, examples: failures', () => {
  const inside = `<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>`
  assert.deepEqual(parseElement(`<failed xmlns='${NS}' h='3'>${inside}</failed>`), buildSmFailed('item-not-found', 3))
  assert.equal(errorCondition(buildSmFailed('unexpected-request')), 'unexpected-request')
})

test('S49, XEP-0198 §6, example: a count that is too high, or none, ends the stream', () => {
  const error = parseElement(serialize(handledCountTooHigh(10, 8).toElement()))
  assert.equal(errorCondition(error), 'undefined-condition')
  assert.deepEqual(HandledCountTooHigh.in(error), HandledCountTooHigh({ h: 10, 'send-count': 8 }))
  assert.deepEqual(handledCountTooHigh(undefined, 8).application, HandledCountTooHigh({ 'send-count': 8 }))
})
