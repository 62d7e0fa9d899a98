import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Database } from '../core/database.ts'
import { memoryDatabase } from './memory.ts'
import { forgettingResent, REMEMBERED, remembering } from './resend.ts'
import { adding, owners } from './testing/database.contract.ts'

const resent = new Error('resent')
const message = (originId: string, at: number, to = 'juliet@capulet.lit') =>
  remembering('romeo@montague.lit', to, originId, at, resent)

async function withDatabase(use: (db: Database) => Promise<void>): Promise<void> {
  const db = memoryDatabase()
  await use(db)
  await db.close()
}

describe('resent messages', () => {
  it('R2: refuses the whole unit of a message that is remembered', () =>
    withDatabase(async (db) => {
      await db.commit([adding('first'), message('o1', 5)])
      await rejects(db.commit([adding('second'), message('o1', 6)]), (error) => error === resent)
      await db.commit([adding('third'), message('o2', 6), message('o1', 6, 'nurse@capulet.lit')])
      deepEqual(await owners(db), ['first', 'third'])
    }))

  it('R2: takes it again when the first was refused, or a day ago', () =>
    withDatabase(async (db) => {
      await rejects(db.commit([message('o1', 5), { sql: 'nonsense', params: [] }]))
      await db.commit([message('o1', 5)])
      await rejects(db.commit([message('o1', 4 + REMEMBERED)]), (error) => error === resent)
      await db.commit([message('o1', 5 + REMEMBERED)])
      await rejects(db.commit([message('o1', 6 + REMEMBERED)]), (error) => error === resent)
    }))

  it('forgets what is a day old', () =>
    withDatabase(async (db) => {
      await db.commit([message('old', 5), message('new', 6)])
      await db.commit([forgettingResent(5 + REMEMBERED)])
      const rows = await db.query<{ origin_id: string }>('SELECT origin_id FROM dedup')
      equal(rows.map((row) => row.origin_id).join(), 'new')
    }))
})
