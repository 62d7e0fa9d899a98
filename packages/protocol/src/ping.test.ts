import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Element } from '@meerkat/xml'
import { Ping } from './ping.ts'

test('XEP-0199 §4: a ping is an empty element of its namespace', () => {
  assert.deepEqual(Ping(), new Element('ping', 'urn:xmpp:ping', [], []))
})
