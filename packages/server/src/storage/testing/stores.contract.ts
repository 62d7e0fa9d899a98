/** What the generic stores must do over every engine. */
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type Database } from '../../core/database.ts'
import { type KeyedSet, type KeyValue, type Log } from '../../core/stores.ts'
import { openStores } from '../stores.ts'
import { type OpenDatabase } from './database.contract.ts'

const ROMEO = 'romeo@montague.lit'
const JULIET = 'juliet@capulet.lit'

export function storesContract(name: string, open: OpenDatabase): void {
  describe(`generic stores: ${name}`, () => {
    let db: Database
    let end: () => Promise<unknown>
    beforeEach(async () => ({ db, end } = await open()))
    afterEach(() => end())

    describe('keyValue', () => keyValueContract(() => db))
    describe('keyedSet', () => keyedSetContract(() => db))
    describe('log', () => logContract(() => db))

    it('joins changes of several stores in one unit', async () => {
      const stores = openStores(db)
      const refused = new Error('too many')
      const value = stores.keyValue('v')
      const log = stores.log('l')
      await db.commit([value.put(ROMEO, '1'), log.append(ROMEO, 'x', { limit: 1, refused })])
      await rejects(
        db.commit([value.put(ROMEO, '2'), log.append(ROMEO, 'y', { limit: 1, refused })]),
        (e) => e === refused,
      )
      equal(await value.get(ROMEO), '1')
    })

    it('S87: SQL in names of stores, owners, keys and values is text', async () => {
      const stores = openStores(db)
      await db.commit([stores.keyedSet('s').put(ROMEO, 'kept', 'kept')])
      const hostile = [
        `'; DROP TABLE store_keyed; --`,
        `' OR '1'='1`,
        `x" OR 1=1 --`,
        '?',
        '$1',
        '%_',
        'a\\',
        '--',
        '/*',
      ]
      for (const text of hostile) {
        const [value, set, log] = [stores.keyValue(text), stores.keyedSet(text), stores.log(text)]
        const owner = `${text}@capulet.lit`
        await db.commit([value.put(owner, text), set.put(owner, text, text), log.append(owner, text)])
        equal(await value.get(owner), text)
        deepEqual([...(await set.page(owner, { after: ' ' }))], [[text, text]])
        deepEqual(
          (await log.read(owner)).map((entry) => entry.value),
          [text],
        )
        await db.commit([value.remove(owner), set.remove(owner, text), log.clear(owner)])
        deepEqual([await value.get(owner), await set.count(owner), await log.count(owner)], [undefined, 0, 0])
      }
      deepEqual([...(await stores.keyedSet('s').all(ROMEO))], [['kept', 'kept']])
    })
  })
}

function keyValueContract(db: () => Database): void {
  const store = (name = 'test'): KeyValue => openStores(db()).keyValue(name)

  it('keeps one value for each owner and store', async () => {
    await db().commit([store().put(ROMEO, 'old'), store().put(ROMEO, 'new'), store('other').put(ROMEO, 'else')])
    equal(await store().get(ROMEO), 'new')
    equal(await store('other').get(ROMEO), 'else')
    equal(await store().get(JULIET), undefined)
  })

  it('removes an owner, or a domain', async () => {
    await db().commit([ROMEO, JULIET, 'capulet.lit'].map((owner) => store().put(owner, owner)))
    await db().commit([store().remove(ROMEO), store().removeDomain('capulet.lit')])
    for (const owner of [ROMEO, JULIET, 'capulet.lit']) equal(await store().get(owner), undefined)
  })

  it('removes at a domain nothing of another', async () => {
    await db().commit([store().put('romeo@sub.capulet.lit', 'kept'), store('other').put(JULIET, 'kept')])
    await db().commit([store().removeDomain('capulet.lit')])
    equal(await store().get('romeo@sub.capulet.lit'), 'kept')
    equal(await store('other').get(JULIET), 'kept')
  })
}

function keyedSetContract(db: () => Database): void {
  const store = (name = 'test'): KeyedSet => openStores(db()).keyedSet(name)

  it('keeps values by key, in the order of the keys', async () => {
    await db().commit([store().put(ROMEO, 'b', '2'), store().put(ROMEO, 'a', '1'), store().put(JULIET, 'c', '3')])
    await db().commit([store().put(ROMEO, 'b', '4')])
    deepEqual(
      [...(await store().all(ROMEO))],
      [
        ['a', '1'],
        ['b', '4'],
      ],
    )
    equal(await store().get(ROMEO, 'b'), '4')
    equal(await store().get(ROMEO, 'c'), undefined)
    equal(await store().count(ROMEO), 2)
  })

  it('orders keys by code point, whatever the language of the database', async () => {
    const keys = ['B', 'C-', '_', 'a', 'b', 'ä', '\u{FF21}', '\u{1F994}']
    await db().commit(keys.toReversed().map((key) => store().put(ROMEO, key, '1')))
    deepEqual([...(await store().all(ROMEO)).keys()], keys)
    const pages = [await store().page(ROMEO, { limit: 5 }), await store().page(ROMEO, { limit: 5, after: keys[4]! })]
    deepEqual(
      pages.map((page) => Array.from(page.keys())),
      [keys.slice(0, 5), keys.slice(5)],
    )
    deepEqual(await store().page(ROMEO), await store().all(ROMEO))
    equal((await store().page(JULIET)).size, 0)
  })

  it('moves what an owner has into another store', async () => {
    await db().commit([store().put(ROMEO, 'a', '1'), store().put(ROMEO, 'b', '2'), store().put(JULIET, 'a', '3')])
    await db().commit([store().move(ROMEO, 'moved')])
    deepEqual([await store().count(ROMEO), await store().count(JULIET)], [0, 1])
    deepEqual([...(await store('moved').all(ROMEO)).values()], ['1', '2'])
  })

  it('holds its quota against puts that come together, and lets old keys be replaced', async () => {
    const quota = { limit: 3, refused: new Error('too many') }
    const keys = ['a', 'b', 'c', 'd', 'e']
    const outcomes = await Promise.allSettled(keys.map((key) => db().commit([store().put(ROMEO, key, '1', quota)])))
    deepEqual(
      outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason === quota.refused),
      [false, false, false, true, true],
    )
    await db().commit([store().put(ROMEO, 'a', '2', quota), store().put(JULIET, 'a', '1', quota)])
    deepEqual(
      [...(await store().all(ROMEO))],
      [
        ['a', '2'],
        ['b', '1'],
        ['c', '1'],
      ],
    )
  })

  it('removes a key, an owner, or a domain', async () => {
    await db().commit([ROMEO, JULIET].flatMap((owner) => ['a', 'b'].map((key) => store().put(owner, key, ''))))
    await db().commit([store().remove(ROMEO, 'a')])
    deepEqual([...(await store().all(ROMEO)).keys()], ['b'])
    await db().commit([store().clear(ROMEO), store().removeDomain('capulet.lit')])
    equal(await store().count(ROMEO), 0)
    equal(await store().count(JULIET), 0)
  })
}

function logContract(db: () => Database): void {
  const store = (name = 'test'): Log => openStores(db(), () => 1_000_000).log(name)
  const values = async (owner: string) => (await store().read(owner)).map((entry) => entry.value)

  it('reads entries oldest first, in pages', async () => {
    for (const value of ['a', 'b', 'c'])
      await db().commit([store().append(ROMEO, value), store('other').append(ROMEO, 'x')])
    const page = await store().read(ROMEO, { limit: 2 })
    deepEqual(
      page.map(({ value, at }) => [value, at]),
      [
        ['a', 1_000_000],
        ['b', 1_000_000],
      ],
    )
    deepEqual(
      (await store().read(ROMEO, { after: page[1]! })).map((entry) => entry.value),
      ['c'],
    )
    equal(await store().count(ROMEO), 3)
  })

  it('reads entries in the order of their times, whenever they were appended', async () => {
    const entries = [
      ['c', 3],
      ['a', 1],
      ['d', 3],
      ['b', 2],
    ] as const
    for (const [value, at] of entries) await db().commit([store().append(ROMEO, value, { at })])
    deepEqual(await values(ROMEO), ['a', 'b', 'c', 'd'])
    const page = await store().read(ROMEO, { limit: 3 })
    const rest = await store().read(ROMEO, { after: page[2]! })
    deepEqual(
      [...page, ...rest].map(({ value }) => value),
      ['a', 'b', 'c', 'd'],
    )
  })

  it('removes the entries of the times given, and only of their owner', async () => {
    const times = [1, 2, 2, 3]
    await db().commit(times.map((at) => store().append(ROMEO, String(at), { at })))
    await db().commit([store().removeAt(JULIET, [1]), store().removeAt(ROMEO, []), store().removeAt(ROMEO, [2, 3, 4])])
    deepEqual(await values(ROMEO), ['1'])
  })

  it('holds its limit against appends that come together', async () => {
    const refused = new Error('full')
    const appends = ['a', 'b', 'c', 'd'].map((value) =>
      db().commit([store().append(ROMEO, value, { limit: 2, refused })]),
    )
    const outcomes = await Promise.allSettled(appends)
    deepEqual(
      outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason === refused),
      [false, false, true, true],
    )
    deepEqual(await values(ROMEO), ['a', 'b'])
    await db().commit([store().append(JULIET, 'x', { limit: 2, refused })])
  })

  it('removes the ids given, and only of their owner', async () => {
    await db().commit(['a', 'b', 'c', 'd'].map((value) => store().append(ROMEO, value)))
    const ids = (await store().read(ROMEO)).map((entry) => entry.id)
    await db().commit([store().remove(JULIET, ids), store().remove(ROMEO, []), store().remove(ROMEO, ids.slice(0, 3))])
    deepEqual(await values(ROMEO), ['d'])
  })

  it('never uses an id again', async () => {
    await db().commit([store().append(ROMEO, 'a')])
    const [first] = await store().read(ROMEO)
    await db().commit([store().clear(ROMEO)])
    await db().commit([store().append(ROMEO, 'b')])
    const [second] = await store().read(ROMEO)
    equal((second?.id ?? 0) > (first?.id ?? 0), true)
  })

  it('tells the owners at a domain, in order and in pages', async () => {
    const owners = ['c@d.example', 'a@d.example', 'b@d.example']
    await db().commit([...owners, ...owners, ROMEO].map((owner) => store().append(owner, 'x')))
    await db().commit([store('other').append('z@d.example', 'x')])
    const first = await store().owners('d.example', { limit: 2 })
    deepEqual(first, ['a@d.example', 'b@d.example'])
    deepEqual(await store().owners('d.example', { after: first.at(-1)! }), ['c@d.example'])
    deepEqual(await store().owners('nowhere.example'), [])
  })

  it('removes what is old, an owner, or a domain', async () => {
    await db().commit([
      store().append(ROMEO, 'old', { at: 5 }),
      store().append(ROMEO, 'new', { at: 6 }),
      store().append(JULIET, 'x'),
    ])
    await db().commit([store().removeOlderThan(6)])
    deepEqual(await values(ROMEO), ['new'])
    await db().commit([store().removeDomain('capulet.lit'), store().clear(ROMEO)])
    equal(await store().count(ROMEO), 0)
    equal(await store().count(JULIET), 0)
  })
}
