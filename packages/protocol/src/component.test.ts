import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement, serialize } from '@meerkat/xml'
import { fromComponent, handshakeProof } from './component.ts'

test('XEP-0114 §3, example 3: the digest of the stream id and the secret', () => {
  // The example does not say its secret; it is this one.
  assert.equal(handshakeProof('3BF96D32', 'test'), 'aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e')
  assert.equal(handshakeProof('3BF96D32', 'sécret').length, 40)
})

test("XEP-0114 §3: stanzas come in the namespace of the component's stream, and go on in that of clients", () => {
  const sent = `<message xmlns='jabber:component:accept' to='a@b'><body>hi</body><x xmlns='urn:x'><message xmlns='jabber:client'/></x></message>`
  assert.equal(
    serialize(fromComponent(parseElement(sent))),
    `<message xmlns='jabber:client' to='a@b'><body>hi</body><x xmlns='urn:x'><message xmlns='jabber:client'/></x></message>`,
  )
})
