import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { poolSettings } from '../../core/config/declarations/pools.ts'
import type { PoolOf } from '../../core/config/types.ts'
import { silentLog } from '../../core/log.ts'
import { Metrics } from '../../core/metrics.ts'
import { sectionSchema } from '../../core/settings.ts'
import { openPostgres } from '../../storage/postgres/index.ts'
import { makeDatabase, postgresAbsent, SERVER } from '../../storage/testing/postgres.ts'
import { rdbmsPool } from './index.ts'
import { openSession } from './session.ts'
import { parserOf } from './values.ts'

const connection = { driver: 'pgsql', host: SERVER.host, database: 'x', username: SERVER.user, password: 'secret' }
const settingsOf = (written: object, rest: object = {}) =>
  sectionSchema(poolSettings.rdbms, { folder: '.' }).parse({
    ...rest,
    connection: { ...connection, ...written },
  }) as PoolOf<'rdbms'>['settings']
const poolOf = (...written: Parameters<typeof settingsOf>) => rdbmsPool(settingsOf(...written), silentLog())

describe('[outgoing_pools.rdbms]', () => {
  it('has as many connections as it is told, but one to write and one to read', () => {
    equal(poolOf({}).size, 10)
    equal(poolOf({}, { workers: 1 }).size, 2)
    equal(poolOf({ query_timeout: 700 }).queryTimeoutMs, 700)
  })

  it('says of other databases that they are not built', () => {
    throws(() => poolOf({ driver: 'mysql' }), /driver = "mysql" is not built into this server: use "pgsql"/)
    throws(() => poolOf({ driver: 'cockroachdb' }), /not built/)
  })

  it('refuses a server without TLS when TLS is required, and sends it no password', async (t) => {
    const pieces: string[] = []
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (piece) => {
        pieces.push(piece.toString('hex'))
        socket.write('N')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const pool = poolOf({ host: '127.0.0.1', port, tls: { required: true } })
    await rejects(pool.session({ setup: [], writing: false }), /does not support SSL/)
    // SSLRequest (PostgreSQL §55.7), and nothing after it.
    deepEqual(pieces, ['0000000804d2162f'])
  })
})

describe('columns of PostgreSQL', () => {
  const read = (type: number, text: string) => parserOf(type)(text)

  it('are the values that SQLite gives', () => {
    deepEqual([read(16, 't'), read(16, 'f')], [1, 0])
    deepEqual(read(17, '\\x00ff10'), new Uint8Array([0, 255, 16]))
    deepEqual(read(17, '\\x'), new Uint8Array())
    deepEqual([read(21, '-7'), read(23, '7'), read(701, '1.5')], [-7, 7, 1.5])
    deepEqual([read(1700, '12'), read(1700, '1.5'), read(1700, '9007199254740993')], [12, 1.5, 9007199254740993n])
    equal(read(1114, '2026-01-02 03:04:05'), '2026-01-02 03:04:05')
    equal(read(25, '5'), '5')
  })

  it('are numbers exactly where those are exact', () => {
    for (const exact of ['0', '-1', '999999999999999', '9007199254740991', '-9007199254740991']) {
      equal(read(20, exact), Number(exact))
    }
    for (const big of ['9007199254740992', '-9007199254740992', '9223372036854775807', '-9223372036854775808']) {
      equal(read(20, big), BigInt(big))
    }
  })
})

const skip = await postgresAbsent()

describe('what a pool for PostgreSQL counts', { skip }, () => {
  it('is shown under the names of the reference', async (t) => {
    const database = await makeDatabase()
    const store = await openPostgres(database.pool({ size: 2 }))
    t.after(async () => {
      await store.close()
      await database.drop()
    })
    const metrics = new Metrics()
    store.show!(metrics.scope({ pool_tag: 'default' }))
    const told = (): Map<string, number> => {
      const pattern = /^wpool_global_(?:rdbms_)?(\w+)\{pool_tag="default"(?:,pool_type="rdbms")?\} (\d+)$/gm
      const lines = metrics.text().matchAll(pattern)
      return new Map(Array.from(lines, ([, name, value]) => [name!, Number(value)]))
    }
    const before = told()
    await store.query('SELECT ? AS found', 'x'.repeat(20_000))
    const after = told()
    const grown = (name: string): number => after.get(name)! - before.get(name)!
    deepEqual([before.get('queue_lengths_total'), after.get('stats_send_pend'), after.get('stats_workers')], [0, 0, 2])
    for (const way of ['recv', 'send']) {
      equal(grown(`stats_${way}_oct`) > 20_000, true, way)
      equal(grown(`stats_${way}_cnt`) > 0, true, way)
      equal(after.get(`stats_${way}_max`)! > 4000, true, way)
    }
    equal(after.size, 9)
    await store.close()
    equal(told().get('stats_workers'), 0)
  })
})

describe('a session', { skip }, () => {
  const purpose = { setup: [], writing: false }

  it('speaks without TLS with a server that has none, unless TLS is required', async (t) => {
    const own = await openSession(SERVER, purpose)
    t.after(() => own.end())
    const [answer] = await own.pipeline([{ text: 'SHOW ssl' }])
    if ((answer?.rows as readonly unknown[] as { ssl: string }[] | undefined)?.[0]?.ssl !== 'off')
      return t.skip('this server has TLS')
    const tls = { options: {}, fault: () => undefined }
    const session = await openSession({ ...SERVER, tls: { ...tls, required: false } }, purpose)
    await session.end()
    await rejects(openSession({ ...SERVER, tls: { ...tls, required: true } }, purpose), /does not support SSL/)
  })

  it('answers each statement by itself, in their order', async (t) => {
    const test = await makeDatabase()
    t.after(() => test.drop())
    const session = await openSession({ ...SERVER, database: test.name }, purpose)
    const answers = await session.pipeline([
      { text: 'SELECT 1 AS a' },
      { text: 'SELECT $1::int AS b', values: [2], name: 'b' },
      { text: 'nonsense' },
      { text: 'SELECT $1::int AS b', values: [3], name: 'b' },
    ])
    deepEqual(
      answers.map(({ rows, fault }) => rows ?? fault?.sqlstate),
      [[{ a: 1 }], [{ b: 2 }], '42601', [{ b: 3 }]],
    )
    await session.end()
    const [after] = await session.pipeline([{ text: 'SELECT 1' }])
    equal(after?.fault?.kind, 'lost')
  })
})
