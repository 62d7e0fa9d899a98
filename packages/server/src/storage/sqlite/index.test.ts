import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type Database, type Write } from '../../core/database.ts'
import { adding, databaseContract, owners, refusedAs } from '../testing/database.contract.ts'
import { temporaryFolder } from '../testing/folder.ts'
import { outboxContract } from '../testing/outbox.contract.ts'
import { storesContract } from '../testing/stores.contract.ts'
import { Engine, openSqlite } from './index.ts'

let files = 0
const folder = temporaryFolder()
const newFile = (): string => join(folder.path, `${files++}.db`)

/** Removes everything but the schema; rejects when the engine is closed. */
async function empty(db: Database): Promise<unknown> {
  const tables = [...TABLES, 'sqlite_sequence']
  return db.commit(tables.map((table) => ({ sql: `DELETE FROM ${table}`, params: [] })))
}

const TABLES = ['store_value', 'store_entry', 'store_log', 'mam_message', 'outbox', 'outbox_cursor']

describe('sqlite', () => {
  // One engine for all contracts, emptied between tests, because starting threads takes most of a test's time.
  let shared: Database | undefined
  after(async () => {
    await shared?.close()
    folder.remove()
  })
  const open = async () => {
    const db = (shared ??= await openSqlite({ file: newFile(), durability: 'process' }))
    const end = () => empty(db).catch(() => (shared = undefined))
    return { db, end }
  }
  databaseContract('sqlite', open)
  storesContract('sqlite', open)
  outboxContract('sqlite', open)

  describe('sqlite on disk', () => {
    it('keeps what was committed, with both durabilities and more than one reader', async () => {
      const file = newFile()
      for (const [i, durability] of (['power', 'process'] as const).entries()) {
        const db = await openSqlite({ file, durability, readers: 2 })
        await db.commit([adding(`user${i}`)])
        equal((await Promise.all([owners(db), owners(db), owners(db)])).at(-1)?.length, i + 1)
        await db.close()
      }
    })

    it('answers questions beside a long transaction', async () => {
      const db = await openSqlite({ file: newFile(), durability: 'process' })
      const numbers = 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 1000000)'
      await db.commit([{ sql: 'CREATE TABLE t (n integer)', params: [] }])
      const ended: string[] = []
      const long = db.commit([{ sql: `INSERT INTO t ${numbers} SELECT n FROM c`, params: [] }])
      await new Promise(setImmediate)
      await Promise.all([
        long.then(() => ended.push('transaction')),
        db.query('SELECT count(*) AS n FROM t').then((rows) => ended.push(JSON.stringify(rows))),
      ])
      deepEqual(ended, ['[{"n":0}]', 'transaction'])
      deepEqual(await db.query('SELECT count(*) AS n FROM t'), [{ n: 1_000_000 }])
      await db.close()
    })

    it('commits in order with questions before there is a reader, and lets no question write', async () => {
      const db = await openSqlite({ file: newFile(), durability: 'process' })
      await rejects(db.query('DELETE FROM store_value'), /readonly/)
      const asked = owners(db)
      const committed = db.commit([adding('a')])
      deepEqual([await asked, await committed], [[], undefined])
      deepEqual(await owners(db), ['a'])
      await rejects(db.query('DELETE FROM store_value'), /readonly/)
      await db.close()
    })

    it('keeps the file to its owner', async () => {
      const file = newFile()
      const db = await openSqlite({ file })
      equal(statSync(file).mode & 0o077, 0)
      await db.close()
    })

    it('refuses a file that it cannot open or that is no database', async () => {
      await rejects(openSqlite({ file: join(folder.path, 'missing', 'x.db') }), refusedAs('io'))
      await rejects(openSqlite({ file: import.meta.filename }), refusedAs('io'))
    })

    it('R6: bounds its queue by units and by bytes', async () => {
      const db = await openSqlite({ file: newFile(), durability: 'process', maxQueued: 3, maxQueuedBytes: 10_000 })
      const units = ['a', 'b', 'c', 'd'].map((owner) => db.commit([adding(owner)]))
      await rejects(units[3] ?? Promise.resolve(), refusedAs('overloaded'))
      await Promise.all(units.slice(0, 3))
      await rejects(db.commit([adding('e', 'x'.repeat(10_000))]), refusedAs('overloaded'))
      await db.commit([adding('f')])
      deepEqual(await owners(db), ['a', 'b', 'c', 'f'])
      await db.close()
    })
  })

  describe('sqlite: faults', () => {
    it('R8: refuses units that a full disk cannot keep, keeps their neighbours, reads on, and recovers', async () => {
      const db = await openSqlite({ file: newFile(), durability: 'process', maxPages: 100 })
      const large = (owner: string): Write[] => [adding(`${owner}1`), adding(owner, 'x'.repeat(1_000_000))]
      const outcomes = await Promise.allSettled([
        db.commit([adding('a')]),
        db.commit(large('b')),
        db.commit([adding('c')]),
      ])
      deepEqual(
        outcomes.map((outcome) => outcome.status),
        ['fulfilled', 'rejected', 'fulfilled'],
      )
      await rejects(db.commit([adding('d', 'x'.repeat(1_000_000))]), refusedAs('full'))
      deepEqual(await owners(db), ['a', 'c'])

      let filled = 0
      const fill = async () => {
        for (;;) await db.commit([adding(`fill${filled++}`, 'x'.repeat(20_000))])
      }
      await rejects(fill(), refusedAs('full'))
      ok(filled > 2)
      await db.commit([{ sql: `DELETE FROM store_value WHERE owner LIKE 'fill%'`, params: [] }])
      await db.commit([adding('e', 'x'.repeat(20_000))])
      deepEqual(await owners(db), ['a', 'c', 'e'])
      deepEqual(await db.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }])
      await db.close()
    })

    it('rejects what was under way when the writer dies, and starts it again', async () => {
      const db = new Engine({ file: newFile(), durability: 'process' })
      await db.start()
      await db.commit([{ sql: 'CREATE TABLE t (n integer)', params: [] }])
      const insert = (n: number): Write => ({ sql: 'INSERT INTO t VALUES (?)', params: [n] })
      // A thread dies when its statement ends, hence a long one, but not an endless one.
      const long =
        'INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 1000000) SELECT n FROM c'
      const underWay = db.commit([{ sql: long, params: [] }])
      const lost = rejects(underWay, refusedAs('lost'))
      await new Promise(setImmediate)
      const queued = rejects(db.commit([insert(1)]), refusedAs('lost'))
      await db.writer.kill()
      await Promise.all([lost, queued])
      await db.commit([insert(2)])
      deepEqual(await db.query('SELECT n FROM t'), [{ n: 2 }])
      await db.close()
    })
  })
})

describe('sqlite: closing', () => {
  const other = temporaryFolder()
  after(() => other.remove())

  it('R20: closing commits what was handed in and answers what was asked', async () => {
    const file = join(other.path, 'x.db')
    const db = await openSqlite({ file, durability: 'process', maxBatch: 10 })
    const units = Array.from({ length: 95 }, (_, i) => db.commit([adding(`user${i}`)]))
    const asked = db.query('SELECT 1 AS one')
    await db.close()
    await Promise.all(units)
    deepEqual(await asked, [{ one: 1 }])
    const again = await openSqlite({ file })
    equal((await owners(again)).length, 95)
    await again.close()
  })
})
