import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test'
import { type Database, StorageError, type Write } from '../../core/database.ts'
import { adding, owners, refusedAs } from '../testing/database.contract.ts'
import { makeDatabase, postgresAbsent, SERVER, type TestDatabase, type TestPoolOptions } from '../testing/postgres.ts'
import { TcpProxy } from '../testing/tcp-proxy.ts'
import { until } from '../testing/until.ts'
import { openPostgres, type PostgresOptions } from './index.ts'

const skip = await postgresAbsent()

/** Fails with a serialization failure the first `n` times; a sequence forgets nothing when a transaction is rolled back. */
const FLAKY = [
  'CREATE SEQUENCE tries',
  `CREATE FUNCTION flaky(n bigint) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
     IF nextval('tries') <= n THEN RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'; END IF;
     RETURN 'kept';
   END $$`,
]
const inserting = (owner: string, select: string): Write => ({
  sql: `INSERT INTO store_value (store, owner, domain, content) SELECT 'test', ?, 'd', ${select}`,
  params: [owner],
})
const problemOf = (unit: Promise<void>): Promise<string> =>
  unit.then(
    () => 'kept',
    (error: unknown) => (error instanceof StorageError ? error.problem : String(error)),
  )

describe('faults of PostgreSQL', { skip }, () => {
  let test: TestDatabase
  before(async () => {
    test = await makeDatabase()
    const db = await openPostgres(test.pool())
    await db.close()
    await test.run(...FLAKY)
  })
  after(() => test.drop())
  beforeEach(() => test.run('DELETE FROM store_value', 'ALTER SEQUENCE tries RESTART'))

  /** A store whose way to the server goes through a proxy. */
  const open = async (t: TestContext, pool: TestPoolOptions = {}, options: PostgresOptions = {}) => {
    const proxy = await TcpProxy.open(SERVER.port)
    const server = { host: '127.0.0.1', port: proxy.port, ...pool.server }
    // What is registered last is run first: the store is closed before the proxy, which also ends when the store does not open.
    const closers: (() => Promise<void>)[] = [() => proxy.close()]
    t.after(async () => {
      for (const close of closers.toReversed()) await close()
    })
    const db = await openPostgres(test.pool({ ...pool, server }), { durability: 'process', ...options })
    closers.push(() => db.close())
    return { db, proxy }
  }
  const recovered = (db: Database) => until(async () => (await problemOf(db.commit([adding('recovered')]))) === 'kept')

  outageTests()
  slownessTests()
  deadConnectionTests()
  rollbackTests()
  failOverTests()

  function outageTests(): void {
    it('R5: keeps units waiting over a short outage, and commits them in their order', async (t) => {
      const { db, proxy } = await open(t)
      await proxy.refuse()
      const order: string[] = []
      const units = ['a', 'b', 'c'].map((owner) => db.commit([adding(owner)]).then(() => order.push(owner)))
      const asked = owners(db)
      await proxy.listen()
      await Promise.all(units)
      deepEqual(order, ['a', 'b', 'c'])
      ok(Array.isArray(await asked))
    })

    it('R5: refuses when the outage lasts, says why, and is there again by itself', async (t) => {
      const { db, proxy } = await open(t, { patienceMs: 50 })
      await proxy.refuse()
      const units = ['a', 'b'].map((owner) => db.commit([adding(owner)]))
      const asked = rejects(owners(db), refusedAs('io'))
      // What went into the dead connection may have arrived, for all this side knows.
      const early = await Promise.all(units.map(problemOf))
      ok(early.every((problem) => problem === 'lost' || problem === 'io'))
      await asked
      await rejects(db.commit([adding('c')]), /no connection to PostgreSQL at 127\.0\.0\.1:\d+\/\w+: .*ECONNREFUSED/)
      await proxy.listen()
      await recovered(db)
      deepEqual(await until(() => owners(db).catch(() => undefined)), ['recovered'])
    })

    it('R5: closes during an outage', async (t) => {
      const { db, proxy } = await open(t, { patienceMs: 50 })
      await proxy.refuse()
      const unit = rejects(db.commit([adding('a')]), StorageError)
      await db.close()
      await unit
    })

    it('says at once why it cannot be opened', async () => {
      const absent = test.pool({ server: { port: 1 } })
      await rejects(openPostgres(absent), (error) => {
        ok(error instanceof StorageError && error.problem === 'io')
        match(error.message, /ECONNREFUSED/)
        return true
      })
      await rejects(
        openPostgres(test.pool({ server: { database: 'meerkat_nowhere' } })),
        /"meerkat_nowhere" does not exist/,
      )
    })
  }

  function slownessTests(): void {
    it('R6: bounds its queues while the server is slow, and goes on when it is fast again', async (t) => {
      const { db, proxy } = await open(t, {}, { maxQueued: 3 })
      proxy.delayMs = 100
      const outcomes = await Promise.all(
        ['a', 'b', 'c', 'd', 'e'].map((owner) => problemOf(db.commit([adding(owner)]))),
      )
      deepEqual(outcomes, ['kept', 'kept', 'kept', 'overloaded', 'overloaded'])
      proxy.delayMs = 0
      deepEqual(await owners(db), ['a', 'b', 'c'])
    })

    it('R6: gives up a server that is silent; what was under way is refused unless it was kept, what came after is kept', async (t) => {
      const { db, proxy } = await open(t, { server: { queryTimeoutMs: 600 } })
      proxy.delayMs = Infinity
      const asked = rejects(owners(db), refusedAs('busy'))
      const underWay = db.commit([adding('a')])
      await asked
      proxy.delayMs = 0
      await Promise.all([underWay, db.commit([adding('b')])])
      deepEqual(await owners(db), ['a', 'b'])
    })

    it('R6: lets a statement take only so long, without harm to those beside it', async (t) => {
      const { db } = await open(t, { size: 2, server: { queryTimeoutMs: 500 } })
      const slow = rejects(db.query('SELECT CAST(pg_sleep(60) AS text)'), refusedAs('busy'))
      const beside = db.query('SELECT 1 AS one')
      await Promise.all([slow, rejects(db.commit([inserting('a', '(SELECT pg_sleep(60)::text)')]), refusedAs('busy'))])
      deepEqual(await beside, [{ one: 1 }])
      await db.commit([adding('b')])
      deepEqual(await owners(db), ['b'])
    })
  }

  function deadConnectionTests(): void {
    it('R7: uses no connection that died while idle', async (t) => {
      const { db, proxy } = await open(t)
      for (const owner of ['a', 'b', 'c']) {
        proxy.cut()
        await new Promise(setImmediate)
        await db.commit([adding(owner)])
        proxy.cut()
        ok((await owners(db)).includes(owner))
      }
    })

    it('R7: finds an idle connection that died silently, when told to look', async (t) => {
      const { proxy } = await open(t, { keepaliveMs: 20, server: { queryTimeoutMs: 1000 } })
      const before = proxy.accepted
      proxy.delayMs = Infinity
      await until(async () => proxy.accepted > before)
      proxy.delayMs = 0
    })

    it('R7: asks a query once more whose connection is cut', async (t) => {
      const { db, proxy } = await open(t)
      let cuts = 0
      proxy.onSent = (piece) => {
        if (piece.includes('marked') && cuts++ === 0) proxy.cut()
      }
      deepEqual(await db.query('SELECT 1 AS marked'), [{ marked: 1 }])
      equal(cuts, 2)
    })

    it('R7: finds out whether a transaction was kept whose connection was cut, and never does it twice', async (t) => {
      const { db, proxy } = await open(t)
      const kept = async (owner: string) =>
        (await test.run(`SELECT 1 FROM store_value WHERE owner = '${owner}'`)).length > 0
      let told = 0
      for (const arrives of [true, false]) {
        const owner = `arrives: ${arrives}`
        proxy.onSent = (piece) => {
          if (!piece.includes('COMMIT')) return
          proxy.onSent = () => undefined
          proxy.delayMs = Infinity
          if (arrives) void until(() => kept(owner)).then(() => proxy.cut())
          else proxy.cut()
          proxy.delayMs = arrives ? Infinity : 0
        }
        const unit = db.commit([{ ...adding(owner), committed: () => told++ }])
        await until(() => kept(owner))
        proxy.delayMs = 0
        await unit
      }
      equal(told, 2)
    })

    it('R7: says that it does not know when there is no connection to find out', async (t) => {
      const { db, proxy } = await open(t, { patienceMs: 50 })
      proxy.onSent = () => void proxy.refuse()
      await rejects(db.commit([adding('a')]), refusedAs('lost'))
      await rejects(db.commit([adding('b')]), refusedAs('io'))
    })
  }

  function rollbackTests(): void {
    it('R7: tries again what the server rolled back, with its neighbours, once each', async (t) => {
      const { db } = await open(t)
      const order: string[] = []
      const units = [adding('a'), inserting('b', 'flaky(3)'), adding('c')].map((write) =>
        db.commit([{ ...write, committed: () => order.push(String(write.params.at(-1))) }]),
      )
      await Promise.all(units)
      deepEqual(await owners(db), ['a', 'b', 'c'])
      equal(order.length, 3)
    })

    it('R7: gives a unit up at last that is always rolled back, and keeps its neighbours', async (t) => {
      const { db } = await open(t)
      const units = [adding('a'), inserting('b', 'flaky(1000)'), adding('c')].map((write) => db.commit([write]))
      deepEqual(await Promise.all(units.map(problemOf)), ['kept', 'busy', 'kept'])
      deepEqual(await owners(db), ['a', 'c'])
    })

    it('R7: tries again what a server did not do because it went down', async (t) => {
      const { db } = await open(t)
      const ending = inserting('a', `pg_terminate_backend(pg_backend_pid())::text WHERE nextval('tries') = 1`)
      await db.commit([ending, adding('b')])
      deepEqual(await owners(db), ['b'])
    })
  }

  function failOverTests(): void {
    it('R7: leaves a server that has become read-only', async (t) => {
      const { db } = await open(t)
      await db.commit([{ sql: 'SET default_transaction_read_only = on', params: [] }])
      await db.commit([adding('a')])
      deepEqual(await owners(db), ['a'])
    })

    it('R7: does not write to a standby, and goes on when it is promoted', async (t) => {
      const { db, proxy } = await open(t, { patienceMs: 50 })
      await test.run(`ALTER DATABASE ${test.name} SET default_transaction_read_only = on`)
      proxy.cut()
      t.after(() => test.run('SET default_transaction_read_only = off', `ALTER DATABASE ${test.name} RESET ALL`))
      const refusal = (error: unknown) =>
        error instanceof StorageError && error.message.includes('the server is read-only')
      await until(() => db.commit([adding('a')]).then(() => Promise.reject(new Error('written to a standby')), refusal))
      ok(Array.isArray(await until(() => owners(db).catch(() => undefined))), 'reading works')
      await test.run('SET default_transaction_read_only = off', `ALTER DATABASE ${test.name} RESET ALL`)
      await recovered(db)
    })

    it('ends what a lost session may still be doing before its successor writes', async (t) => {
      const { db } = await open(t, { patienceMs: 5000, server: { queryTimeoutMs: 300 } })
      await db.commit([{ sql: 'SET statement_timeout = 0', params: [] }])
      const waiting = `FROM pg_locks WHERE NOT granted AND locktype = 'relation'`
      const locking = test.run('BEGIN', 'LOCK TABLE store_value', 'SELECT pg_sleep(1)', 'COMMIT')
      await until(
        async () =>
          (
            await test.run(
              `SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'store_value'::regclass`,
            )
          ).length > 0,
      )
      const lost = rejects(db.commit([adding('a')]), refusedAs('busy'))
      await until(async () => (await test.run(`SELECT 1 ${waiting}`)).length > 0)
      await lost
      await recovered(db)
      await locking
      deepEqual(await owners(db), ['recovered'])
    })

    it('lets nobody else write under the same name', async (t) => {
      const { db } = await open(t, {}, { writer: 'one' })
      const second = test.pool({ server: { queryTimeoutMs: 300 } })
      await rejects(openPostgres(second, { writer: 'one' }), /another process seems to write as "one"/)
      await db.commit([adding('a')])
      const other = await openPostgres(second, { writer: 'two' })
      await other.commit([adding('b')])
      await other.close()
      await db.close()
      const next = await openPostgres(second, { writer: 'one' })
      await next.close()
    })
  }
})
