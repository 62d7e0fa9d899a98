import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement } from '@meerkat/xml'
import { isOnlyChatState } from './chat-states.ts'

const ACTIVE = `<active xmlns='http://jabber.org/protocol/chatstates'/>`
const only = (children: string) =>
  isOnlyChatState(parseElement(`<message xmlns='jabber:client' type='chat'>${children}</message>`))

test('XEP-0085 §5.1: a standalone notification has a state, and at most a thread, hints and ids beside it', () => {
  assert.equal(only(ACTIVE), true)
  assert.equal(only(`${ACTIVE}<thread>act2</thread><no-store xmlns='urn:xmpp:hints'/>`), true)
  assert.equal(only(`${ACTIVE}<origin-id xmlns='urn:xmpp:sid:0' id='o1'/>`), true)
})

test('XEP-0085 §5.1: with a body, with other content or without a state it is something else', () => {
  assert.equal(only(`${ACTIVE}<body>hi</body>`), false)
  assert.equal(only(`${ACTIVE}<encrypted xmlns='eu.siacs.conversations.axolotl'/>`), false)
  assert.equal(only(`<thread>act2</thread>`), false)
  assert.equal(only(''), false)
})
