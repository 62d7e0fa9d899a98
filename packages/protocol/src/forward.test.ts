import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tag } from '@meerkat/xml'
import { buildForwarded, Forwarded, parseForwarded } from './forward.ts'
import { Body, Message } from './stanza.ts'

const inner = Message(
  { from: 'juliet@capulet.lit/orchard', to: 'romeo@montague.lit' },
  Body({}, 'Yet I should kill thee'),
)

test('XEP-0297 §3: a stanza is forwarded with its delay', () => {
  const outer = Message({}, buildForwarded(inner, { stamp: 1_278_750_525_000_000 }))

  const forwarded = parseForwarded(outer)!
  assert.equal(forwarded.stanza, inner)
  assert.equal(forwarded.delay?.stamp, 1_278_750_525_000_000)
})

test('XEP-0297 §3: a delay is optional', () => {
  assert.deepEqual(parseForwarded(Message({}, buildForwarded(inner))), { stanza: inner, delay: undefined })
})

test('XEP-0297 §3: exactly one stanza is forwarded', () => {
  const wrong = [Message({}), Message({}, Forwarded()), Message({}, Forwarded({}, inner, inner))]
  const other = Message({}, Forwarded({}, tag('urn:example', 'message')()))
  for (const outer of [...wrong, other]) assert.equal(parseForwarded(outer), undefined)
})
