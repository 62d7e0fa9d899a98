import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forbidsArchiving, NoCopyHint, NoPermanentStoreHint, NoStoreHint, StoreHint } from './hints.ts'
import { Message } from './stanza.ts'

test('XEP-0334 §4: no-store and no-permanent-store forbid archiving, the other hints do not', () => {
  assert.equal(forbidsArchiving(Message({}, NoStoreHint())), true)
  assert.equal(forbidsArchiving(Message({}, NoPermanentStoreHint())), true)
  assert.equal(forbidsArchiving(Message({}, NoCopyHint(), StoreHint())), false)
  assert.equal(forbidsArchiving(Message({})), false)
})
