/** What every engine must do: a new one is finished when this passes. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type Database, type SqlValue, StorageError, type Write } from '../../core/database.ts'

/** Opens an empty engine with this release's schema; `end` closes it and removes what it kept. */
export type OpenDatabase = () => Promise<{ readonly db: Database; readonly end: () => Promise<unknown> }>

/** The columns that the tests look at. */
interface Row {
  readonly owner: string
  readonly content: string
}

/** A write that adds a row, and fails when the row is there. */
export const adding = (owner: string, content = ''): Write => ({
  sql: 'INSERT INTO store_value (store, owner, domain, content) VALUES (?, ?, ?, ?)',
  params: ['test', owner, 'd', content],
})

/** The rows added, in the order of their owners. */
export const owners = async (db: Database): Promise<string[]> =>
  (await db.query<Row>('SELECT owner, content FROM store_value ORDER BY owner')).map((row) => row.owner)

/** Expects a `StorageError` with that problem. */
export const refusedAs = (problem: StorageError['problem']) => (error: unknown) =>
  error instanceof StorageError && error.problem === problem

export function databaseContract(name: string, open: OpenDatabase): void {
  describe(`database: ${name}`, () => {
    let db: Database
    let end: () => Promise<unknown>
    beforeEach(async () => ({ db, end } = await open()))
    afterEach(() => end())

    unitsContract(() => db)
    groupCommitContract(() => db)
    valuesContract(() => db)

    it('refuses what comes after its closing, and closes twice', async () => {
      const last = db.commit([adding('before')])
      await db.close()
      await last
      await rejects(db.commit([adding('after')]), refusedAs('closed'))
      await rejects(db.query('SELECT 1'), refusedAs('closed'))
      await db.close()
    })
  })
}

function unitsContract(db: () => Database): void {
  it('commits a unit as a whole', async () => {
    await db().commit([adding('a'), adding('b')])
    deepEqual(await owners(db()), ['a', 'b'])
  })

  it('keeps nothing of a unit with a failing write', async () => {
    await rejects(db().commit([adding('a'), adding('a')]), refusedAs('constraint'))
    await rejects(
      db().commit([adding('a'), { sql: 'INSERT INTO nowhere VALUES (1)', params: [] }]),
      refusedAs('invalid'),
    )
    deepEqual(await owners(db()), [])
  })

  it('refuses a unit with the error of a write that changes no row', async () => {
    const full = new Error('the mailbox is full')
    const nothing: Write = { sql: 'DELETE FROM store_value WHERE owner = ?', params: ['nobody'], orElse: full }
    await rejects(db().commit([adding('a'), nothing, adding('b')]), (error) => error === full)
    await db().commit([adding('c'), { sql: nothing.sql, params: nothing.params }])
    deepEqual(await owners(db()), ['c'])
  })

  it('tells a write that it is durable before the unit resolves, and only then', async () => {
    const order: string[] = []
    const told = (name: string): Write => ({ ...adding(name), committed: () => order.push(name) })
    await db()
      .commit([told('a'), told('b')])
      .then(() => order.push('resolved'))
    await rejects(db().commit([told('c'), told('a')]))
    deepEqual(order, ['a', 'b', 'resolved'])
  })

  it('takes a unit without writes', async () => {
    await db().commit([])
  })
}

function groupCommitContract(db: () => Database): void {
  it('commits units in the order of the calls', async () => {
    const set = (content: number): Write => ({
      sql: `INSERT INTO store_value (store, owner, domain, content) VALUES ('test', 'one', 'd', ?)
            ON CONFLICT (store, owner) DO UPDATE SET content = store_value.content || excluded.content`,
      params: [`${content};`],
    })
    const resolved: number[] = []
    const numbers = Array.from({ length: 50 }, (_, i) => i)
    await Promise.all(
      numbers.map((i) =>
        db()
          .commit([set(i)])
          .then(() => resolved.push(i)),
      ),
    )
    const rows = await db().query<Row>('SELECT content FROM store_value')
    equal(rows[0]?.content, numbers.map((i) => `${i};`).join(''))
    deepEqual(resolved, numbers)
  })

  it('keeps the neighbours of a failing unit in the same group', async () => {
    const outcomes = await Promise.allSettled([
      db().commit([adding('a'), adding('b')]),
      db().commit([adding('c'), adding('a')]),
      db().commit([{ sql: 'nonsense', params: [] }]),
      db().commit([
        { ...adding('d'), sql: 'DELETE FROM store_value WHERE owner = ?', params: ['x'], orElse: new Error() },
      ]),
      db().commit([adding('e')]),
    ])
    deepEqual(
      outcomes.map((outcome) => outcome.status),
      ['fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled'],
    )
    deepEqual(await owners(db()), ['a', 'b', 'e'])
  })

  it('adds up late writes of several units', async () => {
    const add = (messages: number, archive: number): Write => ({
      sql: `INSERT INTO mam_counter (messages, user_id) VALUES (?, ?)
            ON CONFLICT (user_id) DO UPDATE SET messages = mam_counter.messages + excluded.messages`,
      params: [messages, archive],
      late: 'summed',
    })
    const units = [[add(1, 1), add(2, 2)], [add(3, 1)], [add(4, 2), adding('a')]]
    await Promise.all(units.map((unit) => db().commit(unit)))
    deepEqual(await db().query('SELECT messages FROM mam_counter ORDER BY user_id'), [{ messages: 4 }, { messages: 6 }])
  })

  it('shows a query every unit that has resolved', async () => {
    for (let i = 0; i < 20; i++) {
      await db().commit([adding(`user${i}`)])
      equal((await owners(db())).length, i + 1)
    }
  })

  it('goes on after a listener of a committed write has thrown', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const careless = () => {
      throw new Error('careless listener')
    }
    await db().commit([{ ...adding('a'), committed: careless }])
    equal((await warned).message, 'careless listener')
    await db().commit([adding('b')])
  })
}

const archived = (id: bigint, message: Uint8Array): Write => ({
  sql: `INSERT INTO mam_message (user_id, id, from_jid, remote_bare_jid, remote_resource, direction, message, is_groupchat)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  params: [1, id, 'a@d/r', 'b@d', '', 'I', message, 0],
})

function valuesContract(db: () => Database): void {
  const one = async (value: SqlValue, type = 'bigint'): Promise<SqlValue | undefined> =>
    (await db().query<{ value: SqlValue }>(`SELECT CAST(? AS ${type}) AS value`, value))[0]?.value

  it('returns an archive id, which no number can hold, as the same bigint', async () => {
    const id = (1_790_000_000_123_457n << 8n) | 3n
    await db().commit([archived(id, new Uint8Array([1, 2]))])
    const sql = 'SELECT user_id, id, message, is_groupchat FROM mam_message WHERE id >= ? AND user_id = ?'
    for (const expected of [1, 1]) {
      const rows = await db().query(sql, id, expected)
      deepEqual(rows, [{ user_id: 1, id, message: new Uint8Array([1, 2]), is_groupchat: 0 }])
    }
  })

  it('returns an integer as a number exactly where that is exact', async () => {
    equal(await one(2n ** 53n - 1n), 2 ** 53 - 1)
    equal(await one(2n ** 53n), 2n ** 53n)
    equal(await one(-(2n ** 63n)), -(2n ** 63n))
    equal(await one(7n), 7, 'also after the same statement has returned a bigint')
  })

  it('returns text, bytes and null as they went in', async () => {
    equal(await one('é\u{1F994}', 'text'), 'é\u{1F994}')
    equal(await one(null, 'text'), null)
    const part = Buffer.from('a longer buffer than its part').subarray(2, 8)
    await db().commit([archived(1n, part), archived(2n, new Uint8Array())])
    deepEqual(await db().query('SELECT message FROM mam_message ORDER BY id'), [
      { message: new Uint8Array(Buffer.from('longer')) },
      { message: new Uint8Array() },
    ])
  })

  it('cannot change anything by a query', async () => {
    await rejects(db().query(`DELETE FROM store_value`), StorageError)
    await rejects(db().query('nonsense'), refusedAs('invalid'))
    ok(Array.isArray(await db().query('SELECT 1 AS one WHERE 1 = 0')))
  })
}
