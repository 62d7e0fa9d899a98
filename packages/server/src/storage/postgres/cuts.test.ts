import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openStores } from '../stores.ts'
import { makeDatabase, postgresAbsent, SERVER } from '../testing/postgres.ts'
import { TcpProxy } from '../testing/tcp-proxy.ts'
import { openPostgres } from './index.ts'

const skip = await postgresAbsent()

const CALLERS = 20
const UNITS = 40
/** A connection is cut each time the server, or the client, has sent so many pieces. */
const EVERY = 97

describe('cut connections', { skip }, () => {
  it('R7: every unit is committed once and in order, wherever a transaction is cut', async (t) => {
    const test = await makeDatabase()
    const proxy = await TcpProxy.open(SERVER.port)
    const server = { host: '127.0.0.1', port: proxy.port }
    const db = await openPostgres(test.pool({ server, patienceMs: 15_000 }), { durability: 'process' })
    t.after(async () => {
      await db.close()
      await proxy.close()
      await test.drop()
    })
    let pieces = 0
    let cuts = 0
    const count = (): void => {
      if (++pieces % EVERY !== 0) return
      cuts++
      proxy.cut()
    }
    proxy.onSent = count
    proxy.onReceived = count

    const log = openStores(db).log('test')
    let told = 0
    const caller = async (caller: number): Promise<void> => {
      for (let n = 0; n < UNITS; n++) {
        await db.commit([{ ...log.append('a@b', `${caller} ${n}`), committed: () => told++ }])
        // A query may meet three cuts in a row, and is then given up.
        await log.count('a@b').catch(() => 0)
      }
    }
    await Promise.all(Array.from({ length: CALLERS }, (_, i) => caller(i)))
    proxy.onSent = proxy.onReceived = () => undefined

    equal(told, CALLERS * UNITS)
    equal(cuts >= 3, true, `${cuts} cuts`)
    const entries = await log.read('a@b', { limit: 10_000 })
    const expected = Array.from({ length: UNITS }, (_, n) => n)
    for (let i = 0; i < CALLERS; i++) {
      const own = entries.map(({ value }) => value.split(' ').map(Number)).filter(([caller]) => caller === i)
      deepEqual(
        own.map(([, n]) => n),
        expected,
      )
    }
  })
})
