import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import type { Database } from '../../core/database.ts'
import { backupSqlite, restoreSqlite } from './backup.ts'
import { openSqlite } from './index.ts'

function place(t: TestContext): { folder: string; store: string; copy: string } {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return { folder, store: join(folder, 'meerkat.db'), copy: join(folder, 'copy.db') }
}

const PAIR = 'CREATE TABLE pair (a integer, b integer)'
/** Two rows in one unit: whoever sees one must see the other. */
const add = (db: Database, n: number): Promise<void> =>
  db.commit([1, 2].map(() => ({ sql: 'INSERT INTO pair VALUES (?, ?)', params: [n, n] })))
const count = async (db: Database): Promise<number> =>
  (await db.query<{ n: number }>('SELECT count(*) AS n FROM pair'))[0]!.n

describe('a backup', () => {
  it('is one moment of a store that is written to meanwhile, and holds all that was committed before', async (t) => {
    const { store, copy } = place(t)
    const db = await openSqlite({ file: store, durability: 'process' })
    await db.commit([{ sql: PAIR, params: [] }])
    for (let n = 0; n < 200; n++) await add(db, n)
    const copying = backupSqlite(store, copy)
    for (let n = 0; n < 200; n++) await add(db, n)
    const { bytes, file } = await copying
    await db.close()
    assert.deepEqual([file, statSync(copy).mode & 0o777, statSync(copy).size], [copy, 0o600, bytes])

    const restored = await openSqlite({ file: copy, durability: 'process' })
    t.after(() => restored.close())
    const rows = await count(restored)
    assert.ok(rows >= 400 && rows % 2 === 0, `${rows} rows`)
  })

  it('never overwrites a file, and leaves none when it fails', async (t) => {
    const { folder, copy } = place(t)
    writeFileSync(copy, 'mine')
    await assert.rejects(backupSqlite(join(folder, 'none.db'), copy), /is there already/)
    assert.equal(readFileSync(copy, 'utf8'), 'mine')
    const other = join(folder, 'other.db')
    await assert.rejects(backupSqlite(join(folder, 'none.db'), other))
    assert.deepEqual([existsSync(other), existsSync(`${other}.partial`)], [false, false])
  })
})

describe('restoring', () => {
  it('puts the copy in the place of the store, which is kept beside it with all its commits', async (t) => {
    const { store, copy } = place(t)
    const db = await openSqlite({ file: store, durability: 'process' })
    await db.commit([{ sql: PAIR, params: [] }])
    await add(db, 1)
    await backupSqlite(store, copy)
    await add(db, 2)
    await db.close()

    const kept = restoreSqlite(copy, store)
    assert.equal(kept, `${store}.before-restore-1`)
    for (const [file, rows] of [
      [store, 2],
      [kept, 4],
    ] as const) {
      const opened = await openSqlite({ file, durability: 'process' })
      assert.equal(await count(opened), rows)
      await opened.close()
    }
    assert.equal(restoreSqlite(copy, store), `${store}.before-restore-2`)
  })

  it('refuses what is no whole store, and changes nothing', async (t) => {
    const { folder, store, copy } = place(t)
    const db = await openSqlite({ file: store, durability: 'process' })
    await db.close()
    const before = readFileSync(store)
    writeFileSync(copy, 'no store at all, but long enough to be read')
    const torn = join(folder, 'torn.db')
    writeFileSync(torn, before.subarray(0, before.length / 2))
    for (const [file, problem] of [
      [join(folder, 'none'), /does not exist/],
      [copy, /is no store of this server/],
      [torn, /is (damaged|no store)/],
    ] as const)
      assert.throws(() => restoreSqlite(file, store), problem)
    assert.deepEqual(readFileSync(store), before)
    assert.equal(existsSync(`${store}.before-restore-1`), false)
  })
})
