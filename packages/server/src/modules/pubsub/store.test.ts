import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StanzaError, parseJid } from '@meerkat/protocol'
import type { Database } from '../../core/database.ts'
import { memoryDatabase } from '../../storage/memory.ts'
import { PERSONAL } from './node-config.ts'
import { type Item, PubsubStore, type StoredNode } from './store.ts'
import { DEFAULT_OPTIONS } from './subscription-options.ts'

const service = parseJid('juliet@example.com')
const key = { service, name: 'n' }
const refused = new StanzaError('cancel', 'item-not-found')

const node = (name = 'n', of = service): StoredNode => ({
  service: of,
  name,
  plugin: 'leaf',
  config: PERSONAL,
  createdAt: 1,
  affiliations: new Map(),
  subscriptions: new Map(),
})
const item = (id: string, at: number, text = `<x xmlns='y'>${id}</x>`): Item => ({
  id,
  payload: undefined,
  publisher: 'juliet@example.com/balcony',
  at,
  text,
})

/** A store with one node. */
async function opened(t: { after(end: () => Promise<void>): void }): Promise<{ db: Database; store: PubsubStore }> {
  const db = memoryDatabase()
  t.after(() => db.close())
  const store = new PubsubStore(db)
  await db.commit([store.add(node(), 10, refused)])
  return { db, store }
}

const all = { from: 'oldest', limit: 100, characters: 1_000_000 } as const
const ids = async (store: PubsubStore): Promise<string> => (await store.items(key, all)).map(({ id }) => id).join(' ')

describe('the store of nodes', () => {
  it('R9: what is published last is the newest, whatever the clock says', async (t) => {
    const { db, store } = await opened(t)
    for (const [id, at] of [
      ['a', 1000],
      ['b', 500],
      ['c', 400],
      ['a', 300],
    ] as const)
      await db.commit([store.putItem(key, item(id, at), refused), store.trim(key, 2)])
    assert.equal(await ids(store), 'c a')
    await db.commit([store.putItem(key, item('d', 5000), refused)])
    assert.equal((await store.items(key, { ...all, from: 'newest', limit: 1 }))[0]?.at, 5000)
  })

  it('an item for a node that is gone is refused, and nothing is left of it', async (t) => {
    const { db, store } = await opened(t)
    await db.commit(store.remove(key))
    await assert.rejects(db.commit([store.putItem(key, item('a', 1), refused)]), (error) => error === refused)
    assert.equal(await store.count(key), 0)
  })

  it('S64: nodes are counted in the statement, so that many at once do not pass the limit', async (t) => {
    const { db, store } = await opened(t)
    const many = Array.from({ length: 30 }, (_, i) => db.commit([store.add(node(`n${i}`), 5, refused)]))
    const outcomes = await Promise.allSettled(many)
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 4)
    assert.equal((await store.names(service, 100)).length, 5)
    await db.commit([store.add(node('n', parseJid('romeo@example.com')), 5, refused)])
  })

  it('a page holds so many characters, and one item at least', async (t) => {
    const { db, store } = await opened(t)
    for (const id of ['a', 'b', 'c'])
      await db.commit([store.putItem(key, item(id, 1, `<x>${'.'.repeat(93)}</x>`), refused)])
    const page = async (from: 'oldest' | 'newest', characters: number) =>
      (await store.items(key, { from, limit: 10, characters })).map(({ id }) => id).join(' ')
    assert.equal(await page('oldest', 0), 'a')
    assert.equal(await page('oldest', 100), 'a b')
    assert.equal(await page('newest', 199), 'b c')
    assert.equal(await page('newest', 1000), 'a b c')
  })

  it('what is kept comes back as it was', async (t) => {
    const { db, store } = await opened(t)
    const jid = parseJid('romeo@example.com/orchard')
    const config = { ...PERSONAL, title: 'T', max_items: 5, max_payload_size: 100, roster_groups_allowed: ['a', 'b'] }
    await db.commit([
      store.configure(key, config),
      store.subscribe(key, { jid, state: 'pending', subid: 's', options: DEFAULT_OPTIONS }),
      store.subscribe(key, { jid, state: 'subscribed', subid: 's', options: { deliver: false, show: ['dnd'] } }),
      store.affiliate(key, 'nurse@example.com', 'member'),
      store.affiliate(key, 'nurse@example.com', 'publisher'),
      store.affiliate(key, 'mallory@example.com', 'outcast'),
      store.affiliate(key, 'mallory@example.com', 'none'),
    ])
    const [read] = await store.nodes(service)
    assert.deepEqual(read?.config, config)
    assert.deepEqual([...read.subscriptions.keys()], [jid.toString()])
    const { state, options } = read.subscriptions.get(jid.toString())!
    assert.deepEqual([state, options], ['subscribed', { deliver: false, show: ['dnd'] }])
    await db.commit([store.subscribe(key, { jid, state: 'subscribed', subid: 's', options: DEFAULT_OPTIONS })])
    const [usual] = await store.nodes(service)
    assert.deepEqual(usual!.subscriptions.get(jid.toString())!.options, DEFAULT_OPTIONS)
    assert.deepEqual([...read.affiliations], [['nurse@example.com', 'publisher']])
    assert.deepEqual(
      (await store.subscriptionsOf(jid.bare, 10)).map(({ service: of, name }) => `${of} ${name}`),
      ['juliet@example.com n'],
    )
    await db.commit([store.unsubscribe(key, jid)])
    assert.deepEqual(await store.subscriptionsOf(jid.bare, 10), [])
  })
})
