import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Database } from '../core/database.ts'
import { type Log, silentLog } from '../core/log.ts'
import { memoryDatabase } from '../storage/memory.ts'
import { openStores } from '../storage/stores.ts'
import { ClockMark } from './clock-mark.ts'

const NOON = Date.UTC(2026, 5, 1, 12)
const HOUR = 3_600_000
const DAY = 24 * HOUR
const WRITER = 'one@localhost'

function store(t: TestContext): Database {
  const db = memoryDatabase()
  t.after(() => db.close())
  return db
}

/** A process that starts when the system's clock shows `at` and stands still there, unless moved by `time.at`. */
async function start(db: Database, at: number, log: Log = silentLog()) {
  const time = { at }
  return { time, mark: await ClockMark.open(db, WRITER, log, () => time.at) }
}

const marked = async (db: Database): Promise<number> => Number(await openStores(db).keyValue('clock').get(WRITER))

/** A log that keeps what it is warned of. */
function listening(): { log: Log; warnings: unknown[] } {
  const warnings: unknown[] = []
  const log: Log = {
    ...silentLog(),
    warn: (fields: object) => void warnings.push('what' in fields ? fields.what : fields),
  }
  return { log, warnings }
}

describe('R9: the mark of the clock', () => {
  it('keeps times growing over a stop and a start with a clock that was set back', async (t) => {
    const db = store(t)
    const first = await start(db, NOON)
    first.time.at += 10 * HOUR
    const last = first.mark.clock.micros()
    await first.mark.close()
    const { log, warnings } = listening()
    const second = await start(db, NOON - HOUR, log)
    ok(second.mark.clock.micros() > last)
    deepEqual(warnings, ['clock_behind'])
  })

  it('keeps times growing when the process before was killed', async (t) => {
    const db = store(t)
    const first = await start(db, NOON)
    first.time.at += HOUR
    await first.mark.renew()
    first.time.at += 14_000
    const last = first.mark.clock.micros()
    const second = await start(db, NOON)
    ok(second.mark.clock.micros() > last)
  })

  it('is the last time after a stop, so that a clock that is right goes on by itself', async (t) => {
    const db = store(t)
    const first = await start(db, NOON)
    ok((await marked(db)) > NOON * 1000 + 10_000_000)
    await first.mark.close()
    ok((await marked(db)) < NOON * 1000 + 10)
    const { log, warnings } = listening()
    const second = await start(db, NOON + 1, log)
    equal(second.mark.clock.micros(), (NOON + 1) * 1000 + 1)
    deepEqual(warnings, [])
  })

  it('runs away from the clock by little when the process is killed again and again', async (t) => {
    const db = store(t)
    for (let i = 0; i < 10; i++) await start(db, NOON)
    ok((await marked(db)) < (NOON + 30_000) * 1000)
  })

  it('gives the times of the clock again once the clock has passed it', async (t) => {
    const db = store(t)
    await (await start(db, NOON)).mark.close()
    const { mark, time } = await start(db, NOON - DAY)
    time.at = NOON + 5
    equal(mark.clock.micros(), (NOON + 5) * 1000)
  })

  it('is not believed when it is more than 30 days ahead', async (t) => {
    const db = store(t)
    await (await start(db, NOON + 31 * DAY)).mark.close()
    const { log, warnings } = listening()
    const { mark } = await start(db, NOON, log)
    ok(mark.clock.micros() < (NOON + 1) * 1000)
    deepEqual(warnings, ['clock_mark_ignored'])
    ok((await marked(db)) < (NOON + DAY) * 1000)
  })

  it('is believed by a machine whose clock begins in 1970', async (t) => {
    const db = store(t)
    await (await start(db, NOON)).mark.close()
    const { mark } = await start(db, 5000)
    ok(mark.clock.micros() > NOON * 1000)
  })

  it('tells the log when the store refuses a renewal', async () => {
    const db = memoryDatabase()
    const { log, warnings } = listening()
    const { mark } = await start(db, NOON, log)
    await db.close()
    await mark.renew()
    deepEqual(warnings, ['clock_mark_not_written'])
  })
})
