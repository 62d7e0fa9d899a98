import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Element } from '@meerkat/xml'
import { buildEntityTime, EntityTime, parseEntityTime } from './time.ts'

const child = (name: string, words: string): Element => new Element(name, 'urn:xmpp:time', [], [words])

test('XEP-0202 §3: an entity tells its offset and its time', () => {
  const example = EntityTime({}, child('tzo', '-06:00'), child('utc', '2006-12-19T17:58:35Z'))

  assert.deepEqual(buildEntityTime({ now: 1_166_551_115_123_456, offset: -360 }), example)
  assert.deepEqual(parseEntityTime(example), { now: 1_166_551_115_000_000, offset: -360 })
})

test('XEP-0202 §3: UTC is +00:00', () => {
  assert.deepEqual(
    buildEntityTime({ now: 0, offset: 0 }),
    EntityTime({}, child('tzo', '+00:00'), child('utc', '1970-01-01T00:00:00Z')),
  )
})

test('an answer without a time is none', () => {
  assert.equal(parseEntityTime(EntityTime()), undefined)
  assert.equal(parseEntityTime(EntityTime({}, child('tzo', '+00:00'), child('utc', 'noon'))), undefined)
})
