import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement, serialize } from '@meerkat/xml'
import { buildTombstone, parseRetraction } from './retract.ts'

const message = (children: string) => parseElement(`<message xmlns='jabber:client'>${children}</message>`)

test('XEP-0424 §4: a retraction names the origin-id of the message', () => {
  const retract = `<apply-to id='o1' xmlns='urn:xmpp:fasten:0'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>`
  assert.deepEqual(parseRetraction(message(retract)), { by: 'origin-id', id: 'o1' })
})

test('a retraction may name the id of the archive', () => {
  const retract = `<apply-to id='5K' xmlns='urn:xmpp:fasten:0'><retract xmlns='urn:esl:message-retract-by-stanza-id:0'/></apply-to>`
  assert.deepEqual(parseRetraction(message(retract)), { by: 'stanza-id', id: '5K' })
})

test('XEP-0424 0.4.2 §3: a retraction names the id of the stanza', () => {
  const retract = `<retract id='wrong-recipient-1' xmlns='urn:xmpp:message-retract:1'/>`
  assert.deepEqual(parseRetraction(message(retract)), { by: 'message-id', id: 'wrong-recipient-1' })
  assert.equal(parseRetraction(message(`<retract xmlns='urn:xmpp:message-retract:1'/>`)), undefined)
})

test('XEP-0424 §4: what names no message or applies something else is no retraction', () => {
  assert.equal(parseRetraction(message(`<body>hi</body>`)), undefined)
  const nameless = `<apply-to xmlns='urn:xmpp:fasten:0'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>`
  assert.equal(parseRetraction(message(nameless)), undefined)
  assert.equal(parseRetraction(message(`<apply-to id='o1' xmlns='urn:xmpp:fasten:0'><edit/></apply-to>`)), undefined)
})

test('XEP-0424 §5: a tombstone keeps the addresses and the ids, and nothing that was said', () => {
  const said = parseElement(`<message xmlns='jabber:client' from='a@b/c' id='m1'><body>oops</body></message>`)
  assert.equal(
    serialize(buildTombstone(said, { stamp: 1_768_000_000_000_001, originId: 'o1' })),
    serialize(
      parseElement(
        `<message xmlns='jabber:client' from='a@b/c' id='m1'><retracted xmlns='urn:xmpp:message-retract:0' stamp='2026-01-09T23:06:40.000001Z'><origin-id xmlns='urn:xmpp:sid:0' id='o1'/></retracted></message>`,
      ),
    ),
  )
  const byStanzaId = buildTombstone(said, { stamp: 0, originId: undefined, stanzaId: { id: '5K', by: 'a@b' } })
  assert.deepEqual(
    byStanzaId.elements().map((child) => [child.ns, child.elements().map((id) => [id.attr('id'), id.attr('by')])]),
    [['urn:esl:message-retract-by-stanza-id:0', [['5K', 'a@b']]]],
  )
})
