import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Body, Message } from './stanza.ts'
import { OriginId, originId, StanzaId, stanzaIdBy, stripStanzaIds } from './stanza-id.ts'

const room = 'room@muc.example.org'
const message = Message(
  { type: 'groupchat' },
  Body({}, 'Typical body text'),
  StanzaId({ by: 'other@example.org', id: 'of-another' }),
  StanzaId({ by: room, id: '5f3dbc5e' }),
  OriginId({ id: 'de305d54' }),
)

test('XEP-0359 §3: ids are told apart by who gave them', () => {
  assert.equal(stanzaIdBy(message, room), '5f3dbc5e')
  assert.equal(stanzaIdBy(message, 'example.org'), undefined)
  assert.equal(originId(message), 'de305d54')
  assert.equal(originId(Message({})), undefined)
})

test('XEP-0359 §4: ids forged in our name are removed, in any spelling, and no other', () => {
  const forged = message.append(StanzaId({ by: 'ROOM@Muc.Example.org', id: 'forged' }), StanzaId({ id: 'of-nobody' }))

  const clean = stripStanzaIds(forged, room)
  assert.equal(stanzaIdBy(clean, room), undefined)
  assert.deepEqual(
    StanzaId.all(clean).map((element) => element.attr('id')),
    ['of-another', 'of-nobody'],
  )
  assert.equal(originId(clean), 'de305d54')
})

test('a message without forged ids is passed on as it is', () => {
  assert.equal(stripStanzaIds(message, 'example.org'), message)
})
