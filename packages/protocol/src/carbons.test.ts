import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement, serialize } from '@meerkat/xml'
import { buildCarbon, parseCarbon } from './carbons.ts'

const message = parseElement(
  `<message xmlns='jabber:client' from='juliet@capulet.example/balcony' to='romeo@montague.example/garden' type='chat'><body>Hi</body></message>`,
)

test('XEP-0280 §7 and §8: a copy carries the message as it was, and is read back', () => {
  for (const direction of ['sent', 'received'] as const) {
    const carbon = buildCarbon(direction, message, 'romeo@montague.example', 'romeo@montague.example/home')
    assert.equal(carbon.attr('type'), 'chat')
    const read = parseCarbon(parseElement(serialize(carbon)), 'romeo@montague.example')
    assert.deepEqual(read, { direction, message })
  }
})

test('S54: a copy that comes from anyone but the own account is none', () => {
  const carbon = buildCarbon('received', message, 'mallory@evil.example', 'romeo@montague.example/home')
  assert.equal(parseCarbon(carbon, 'romeo@montague.example'), undefined)
  assert.equal(parseCarbon(message, 'juliet@capulet.example/balcony'), undefined)
})
