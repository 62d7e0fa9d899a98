import { deepEqual, equal, rejects } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Database } from '../../core/database.ts'
import { adding, databaseContract, owners, refusedAs } from '../testing/database.contract.ts'
import { outboxContract } from '../testing/outbox.contract.ts'
import { makeDatabase, postgresAbsent, type TestDatabase } from '../testing/postgres.ts'
import { storesContract } from '../testing/stores.contract.ts'
import { openPostgres } from './index.ts'

const skip = await postgresAbsent()

/** Removes everything but the schema; rejects when the engine is closed. */
async function empty(db: Database): Promise<unknown> {
  return db.commit(TABLES.map((table) => ({ sql: `DELETE FROM ${table}`, params: [] })))
}

const TABLES = ['store_value', 'store_entry', 'store_log', 'mam_message', 'outbox', 'outbox_cursor']

describe('postgres', { skip }, () => {
  let test: TestDatabase
  let shared: Database | undefined
  before(async () => {
    test = await makeDatabase()
  })
  after(async () => {
    await shared?.close()
    await test.drop()
  })
  const open = async () => {
    const db = (shared ??= await openPostgres(test.pool(), { durability: 'process' }))
    const end = () => empty(db).catch(() => (shared = undefined))
    return { db, end }
  }
  databaseContract('postgres', open)
  storesContract('postgres', open)
  outboxContract('postgres', open)

  describe('postgres: units', () => {
    let db: Database
    before(async () => {
      db = await openPostgres(test.pool(), { durability: 'power', maxBatch: 500 })
    })
    after(async () => {
      await empty(db)
      await db.close()
    })

    it('keeps the neighbours of many failing units, and tells each its own error', async () => {
      const names = Array.from({ length: 300 }, (_, i) => (i % 7 === 3 ? 'same' : `user${i}`))
      const refused = new Error('refused')
      const units = names.map((name, i) => {
        const gone = { sql: 'DELETE FROM store_value WHERE owner = ?', params: ['nobody'], orElse: refused }
        return db.commit(i % 11 === 5 ? [adding(name), gone] : [adding(name)])
      })
      const outcomes = await Promise.allSettled(units)
      const kept = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [names[i] as string] : []))
      const reasons = outcomes.flatMap((outcome, i) => (outcome.status === 'rejected' ? [[i, outcome.reason]] : []))
      const first = names.findIndex((name, i) => name === 'same' && i % 11 !== 5)
      for (const [i, reason] of reasons) {
        // Of the units that add the same row the first succeeds; one that is refused anyway may fail by either of its writes.
        if (names[i as number] !== 'same') equal(reason, refused)
        else if ((i as number) % 11 !== 5) equal(refusedAs('constraint')(reason), true)
        else equal(reason === refused || refusedAs('constraint')(reason), true)
      }
      deepEqual(
        kept,
        names.filter((name, i) => i % 11 !== 5 && (name !== 'same' || i === first)),
      )
      deepEqual(await owners(db), kept.toSorted())
    })

    it('refuses a write with a condition, whose statement has its own words and question marks', async () => {
      const refused = new Error('refused')
      const sql = `INSERT INTO store_value (store, owner, domain, content) -- one? entry
        SELECT 'it''s?', ?, 'd', "name?" FROM (SELECT CAST(? AS text) AS "name?") AS given WHERE ? > 5`
      const unit = (limit: number) => [
        { sql, params: [`x${limit}`, '?', limit], orElse: refused },
        adding(`y${limit}`, 'x'),
      ]
      await rejects(db.commit(unit(3)), (error) => error === refused)
      await db.commit(unit(6))
      const rows = await db.query(
        `SELECT store, content FROM store_value WHERE owner IN ('x3', 'x6') AND content = ?`,
        '?',
      )
      deepEqual(rows, [{ store: "it's?", content: '?' }])
      equal((await owners(db)).includes('y3'), false)
    })
  })

  it('R20: closing commits what was handed in and answers what was asked', async () => {
    const db = await openPostgres(test.pool(), { durability: 'process', maxBatch: 10 })
    await empty(db)
    const units = Array.from({ length: 95 }, (_, i) => db.commit([adding(`user${i}`)]))
    const asked = db.query('SELECT 1 AS one')
    await db.close()
    await Promise.all(units)
    deepEqual(await asked, [{ one: 1 }])
    deepEqual(await test.run('SELECT count(*) AS kept FROM store_value'), [{ kept: 95 }])
  })
})
