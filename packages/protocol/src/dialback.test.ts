import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DialbackResult, DialbackVerify, dialbackKey, isDialbackKey, serializeDialback } from './dialback.ts'
import { StanzaError } from './errors.ts'

const claim = { receiving: 'xmpp.example.com', originating: 'example.org', streamId: 'D60000229F' }

test('XEP-0185 §3: the key of its example', () => {
  const key = dialbackKey('s3cr3tf0rd14lb4ck', claim)
  assert.equal(key, '37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643')
})

test('S72: no two claims share a key, and a wrong key of any length is refused', () => {
  const secret = Buffer.from('secret')
  const key = dialbackKey(secret, claim)
  assert.ok(isDialbackKey(key, secret, claim))
  const others = [
    { ...claim, streamId: 'D60000229G' },
    { receiving: 'xmpp.example.co', originating: 'mexample.org', streamId: claim.streamId },
    { receiving: claim.originating, originating: claim.receiving, streamId: claim.streamId },
  ]
  for (const other of others) assert.ok(!isDialbackKey(key, secret, other))
  for (const wrong of ['', key.slice(1), `${key}0`, key.toUpperCase()]) assert.ok(!isDialbackKey(wrong, secret, claim))
  assert.ok(!isDialbackKey(key, 'other', claim))
})

test('XEP-0220 §2.1: elements of dialback are printed with their usual prefix, what they hold without', () => {
  const asserted = DialbackResult({ from: 'a>b', to: 'c' }, 'k&y')
  assert.equal(serializeDialback(asserted), "<db:result from='a&gt;b' to='c'>k&amp;y</db:result>")
  assert.equal(serializeDialback(DialbackVerify({ id: '1', type: 'valid' })), "<db:verify id='1' type='valid'/>")
  const failed = DialbackResult({ type: 'error' }, new StanzaError('cancel', 'item-not-found').toElement())
  assert.equal(
    serializeDialback(failed),
    "<db:result type='error'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>",
  )
})
