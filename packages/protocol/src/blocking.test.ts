import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement } from '@meerkat/xml'
import { Block, Blocklist, Unblock, buildBlocking, parseBlocking } from './blocking.ts'
import { StanzaError } from './errors.ts'

const refused = (condition: string) => (error: unknown) => error instanceof StanzaError && error.condition === condition

test('XEP-0191 §3.2: the block list, read and written', () => {
  const list = parseElement(
    `<blocklist xmlns='urn:xmpp:blocking'><item jid='romeo@montague.net'/><item jid='iago@shakespeare.lit'/></blocklist>`,
  )
  const jids = parseBlocking(list)
  assert.deepEqual(jids.map(String), ['romeo@montague.net', 'iago@shakespeare.lit'])
  assert.deepEqual(buildBlocking(Blocklist, jids), list)
})

test('XEP-0191 §3.5: a command without items', () => {
  assert.deepEqual(buildBlocking(Unblock), parseElement(`<unblock xmlns='urn:xmpp:blocking'/>`))
  assert.deepEqual(parseBlocking(buildBlocking(Unblock)), [])
})

test('XEP-0191 §3.3: the same JID in other letters is one', () => {
  const twice = `<block xmlns='urn:xmpp:blocking'><item jid='Romeo@Montague.NET'/><item jid='romeo@montague.net'/></block>`
  assert.deepEqual(parseBlocking(parseElement(twice)).map(String), ['romeo@montague.net'])
})

test('XEP-0191 §3.3: refuses items without JID, and JIDs that are none', () => {
  const block = (inner: string) => parseElement(`<block xmlns='urn:xmpp:blocking'>${inner}</block>`)
  assert.equal(Block.is(block('')), true)
  assert.throws(() => parseBlocking(block('<item/>')), refused('bad-request'))
  assert.throws(() => parseBlocking(block(`<other jid='romeo@montague.net'/>`)), refused('bad-request'))
  assert.throws(() => parseBlocking(block(`<item jid='romeo@'/>`)), refused('jid-malformed'))
})
