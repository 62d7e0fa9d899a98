import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement } from '@meerkat/xml'
import { chatMarker } from './chat-markers.ts'

const message = (child: string) => parseElement(`<message xmlns='jabber:client'>${child}</message>`)

test('XEP-0333 §5: received, displayed and acknowledged are markers; markable is a wish for one', () => {
  for (const name of ['received', 'displayed', 'acknowledged']) {
    const found = chatMarker(message(`text<${name} xmlns='urn:xmpp:chat-markers:0' id='m1'/>`))
    assert.deepEqual([found?.name, found?.attr('id')], [name, 'm1'])
  }
  assert.equal(chatMarker(message(`<markable xmlns='urn:xmpp:chat-markers:0'/>`)), undefined)
  assert.equal(chatMarker(message(`<received xmlns='urn:xmpp:receipts' id='m1'/>`)), undefined)
})
