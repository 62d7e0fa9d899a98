import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseElement } from '@meerkat/xml'
import { isArchivable } from './archivable.ts'

const rules = { archive_chat_markers: false, archive_groupchats: false }
const message = (children: string, attributes = `type='chat' from='romeo@example.com/orchard'`) =>
  parseElement(`<message xmlns='jabber:client' ${attributes}>${children}</message>`)
const archived = (children: string, attributes?: string) => isArchivable(message(children, attributes), 'I', rules)

const BODY = '<body>Wherefore?</body>'
const MARKER = `<displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>`
const RETRACT = `<apply-to id='o1' xmlns='urn:xmpp:fasten:0'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>`
const forwarded = (wrapper: string, ns: string) =>
  `<${wrapper} xmlns='${ns}'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='juliet@example.com/balcony'><body>I hate you</body></message></forwarded></${wrapper}>`

describe('XEP-0313 §6.1.1: what belongs into an archive', () => {
  test('chat and normal messages with a body, by default nothing else', () => {
    assert.equal(archived(BODY), true)
    assert.equal(archived(BODY, ''), true)
    assert.equal(archived(''), false)
    for (const type of ['error', 'headline', 'groupchat']) assert.equal(archived(BODY, `type='${type}'`), false, type)
    assert.equal(archived(MARKER), false)
    assert.equal(archived(`<composing xmlns='http://jabber.org/protocol/chatstates'/>`), false)
  })

  test('a retraction', () => assert.equal(archived(RETRACT), true))

  test('chat markers and messages of rooms when so configured; what is sent to a room only as the room sends it', () => {
    const all = { archive_chat_markers: true, archive_groupchats: true }
    assert.equal(isArchivable(message(MARKER), 'O', all), true)
    assert.equal(isArchivable(message(BODY, `type='groupchat'`), 'I', all), true)
    assert.equal(isArchivable(message(BODY, `type='groupchat'`), 'O', all), false)
  })
})

describe('XEP-0334 §4: hints', () => {
  test('store archives what has no body', () => assert.equal(archived(`<store xmlns='urn:xmpp:hints'/>`), true))

  test('no-store and no-permanent-store keep a message out', () => {
    for (const hint of ['no-store', 'no-permanent-store'])
      assert.equal(archived(`${BODY}<${hint} xmlns='urn:xmpp:hints'/>`), false, hint)
  })
})

describe('MongooseIM: what was archived or held back before', () => {
  test('a delayed message is not archived', () => {
    assert.equal(archived(`${BODY}<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>`), false)
  })

  test("an archive's answers are not archived", () => {
    const result = BODY + forwarded('result', 'urn:xmpp:mam:2')
    assert.equal(archived(result, `from='juliet@example.com'`), false)
    assert.equal(archived(result, `from='room@muc.example.com'`), false)
  })

  test('S54: wrappers that somebody sends are archived like any text', () => {
    assert.equal(archived(BODY + forwarded('result', 'urn:xmpp:mam:2')), true)
    assert.equal(archived(BODY + forwarded('sent', 'urn:xmpp:carbons:2')), true)
    assert.equal(archived(BODY + forwarded('received', 'urn:xmpp:carbons:2')), true)
    // Without a body there is nothing to read.
    assert.equal(archived(forwarded('sent', 'urn:xmpp:carbons:2')), false)
  })
})
