import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement } from '@meerkat/xml'
import { ClientState, CsiActive, CsiInactive } from './csi.ts'

test('XEP-0352 §4, examples: the feature and the two states', () => {
  assert.ok(ClientState.is(parseElement(`<csi xmlns='urn:xmpp:csi:0'/>`)))
  assert.ok(CsiActive.is(parseElement(`<active xmlns='urn:xmpp:csi:0'/>`)))
  assert.ok(CsiInactive.is(parseElement(`<inactive xmlns='urn:xmpp:csi:0'/>`)))
})
