import assert from 'node:assert/strict'
import { type TestContext, describe, it } from 'node:test'
import { parseJid } from '@meerkat/protocol'
import { memoryDatabase } from '../../storage/memory.ts'
import { type Wanted, archive, countRows, idAt, idByOrigin, narrow, readRows } from './rows.ts'

const juliet = parseJid('juliet@example.com')
const bound = 1n << 60n
const queries: readonly [name: string, wanted: Wanted, index: RegExp][] = [
  ['everything', {}, /user_id=\?/],
  ['after an id', { after: bound }, /user_id=\? AND id>\?/],
  ['before an id', { before: bound }, /user_id=\? AND id<\?/],
  ['a range of time', { atLeast: 1n, atMost: bound }, /user_id=\? AND id>\? AND id<\?/],
  [
    'a page of a range of time',
    { atLeast: 1n, after: 2n, atMost: bound, before: bound },
    /user_id=\? AND id>\? AND id<\?/,
  ],
  ['words', { words: ['rose'], after: bound }, /user_id=\? AND id>\?/],
  ['some ids', { ids: [bound, 1n, 2n] }, /user_id=\? AND id=\?/],
  ['a conversation', { with: juliet }, /user_id=\? AND remote_bare_jid=\?/],
  ['a conversation after an id', { with: juliet, after: bound }, /user_id=\? AND remote_bare_jid=\? AND id>\?/],
  ['a conversation with a device', { with: juliet.withResource('x') }, /user_id=\? AND remote_bare_jid=\?/],
]

/** A database that tells how it would read, and reads nothing. */
function explained(t: TestContext) {
  const db = memoryDatabase()
  t.after(() => db.close())
  const plans: string[][] = []
  const explaining = {
    ...db,
    async query<Row>(sql: string, ...params: Parameters<typeof db.query>[1][]): Promise<Row[]> {
      const steps = await db.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...params)
      plans.push(steps.map(({ detail }) => detail))
      return []
    },
  }
  return { explaining, plans }
}

describe('S61: reading an archive runs along an index', () => {
  for (const [name, wanted, index] of queries)
    it(name, async (t) => {
      const { explaining, plans } = explained(t)
      const condition = narrow(archive(1), wanted)
      await readRows(explaining, condition, 'oldest', 50)
      await readRows(explaining, condition, 'newest', 50)
      await countRows(explaining, condition, 50)
      await idAt(explaining, condition, 'newest', 50)
      assert.equal(plans.length, 4)
      for (const plan of plans) {
        const steps = plan.filter((step) => step.includes('mam_message'))
        assert.equal(steps.length, 1)
        assert.match(steps[0]!, index)
        assert.deepEqual(
          plan.filter((step) => step.includes('TEMP B-TREE')),
          [],
        )
      }
    })

  it('a message by its origin-id', async (t) => {
    const { explaining, plans } = explained(t)
    await idByOrigin(explaining, 1, 'o1', { remote: juliet, direction: 'I' }, 100)
    assert.match(plans.flat().join(), /USING INDEX mam_message_origin \(user_id=\? AND origin_id=\?\)/)
  })

  it('the narrowest of several bounds is the one that is followed', () => {
    const page = narrow(narrow(archive(1), { atLeast: 5n, atMost: 50n }), { after: 10n, before: 90n })
    assert.deepEqual([page.least, page.most], [11n, 50n])
    const range = narrow(narrow(archive(1), { after: 10n }), { atLeast: 5n, before: 20n })
    assert.deepEqual([range.least, range.most], [11n, 19n])
  })

  it('and reads no more rows than it counts', async (t) => {
    const db = memoryDatabase()
    t.after(() => db.close())
    const insert = `INSERT INTO mam_message (user_id, id, from_jid, remote_bare_jid, remote_resource, direction, message, is_groupchat)
      VALUES (1, ?, 'a', 'b', '', 'I', '', FALSE)`
    await db.commit(Array.from({ length: 20 }, (_, id) => ({ sql: insert, params: [id] })))
    assert.equal(await countRows(db, archive(1), 20), 20)
    assert.equal(await countRows(db, archive(1), 19), undefined)
    assert.equal(await countRows(db, archive(2), 19), 0)
    assert.deepEqual([await idAt(db, archive(1), 'oldest', 3), await idAt(db, archive(1), 'newest', 3)], [3n, 16n])
    assert.equal(await idAt(db, archive(1), 'oldest', 20), undefined)
  })
})
