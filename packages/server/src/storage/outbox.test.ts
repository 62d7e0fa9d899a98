import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type TestContext, after, describe, it } from 'node:test'
import fc from 'fast-check'
import { laneOf, openOutbox } from './outbox.ts'
import { Progress } from './outbox-progress.ts'
import { openStores } from './stores.ts'
import { temporaryFolder } from './testing/folder.ts'
import { openStore } from './testing/open-store.ts'
import { event } from './testing/outbox.contract.ts'
import { makeDatabase, postgresAbsent } from './testing/postgres.ts'

const skip = await postgresAbsent()

describe('outbox lanes', () => {
  it('puts a conversation into the same lane for ever', () => {
    deepEqual(['', 'a', 'romeo@montague.lit juliet@capulet.lit', '\u{1F994}'].map(laneOf), [5, 44, 60, 47])
  })

  it('a cursor never passes a row that is not acknowledged, and the floor passes none at all', () => {
    const lanes = fc.array(fc.nat(3), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(lanes, fc.array(fc.nat(29)), fc.constantFrom(1, 2), (rows, acknowledged, events) => {
        const progress = new Progress(0, new Map())
        rows.forEach((lane, i) => ok(progress.handOut(lane, i + 1, events)))
        const times = rows.map((_, i) => acknowledged.filter((one) => one === i).length)
        for (const i of acknowledged) if (i < rows.length) progress.acknowledge(rows[i] as number, i + 1)
        const open = rows.map((lane, i) => ({ lane, seq: i + 1 })).filter((_, i) => times[i]! < events)
        equal(
          progress.outstanding,
          times.reduce((sum, time) => sum + Math.max(events - time, 0), 0),
        )
        equal(progress.floor(), (open[0]?.seq ?? rows.length + 1) - 1)
        for (const [lane, seq] of progress.takeMoved(0)) ok(open.every((row) => row.lane !== lane || row.seq > seq))
      }),
    )
  })
})

describe('outbox of the embedded engine', () => {
  /** An outbox over SQLite, which notes how it asks for rows, with a sink that has read all there was. */
  async function opened(t: TestContext) {
    const folder = temporaryFolder()
    const db = await openStore(join(folder.path, 'x.db'))
    const asked: string[] = []
    const query: typeof db.query = (sql, ...params) => {
      if (sql.includes('LIMIT')) asked.push(sql)
      return db.query(sql, ...params)
    }
    const outbox = await openOutbox({ ...db, commit: (writes) => db.commit(writes), query }, { writer: 'one' })
    const reader = outbox.reader('sink')
    t.after(async () => {
      await outbox.close()
      await db.close()
      folder.remove()
    })
    const add = (...ids: string[]): Promise<void> => db.commit(ids.map((id) => outbox.adding(event(id))))
    const read = async (limit = 5000): Promise<string[]> => (await reader.read(limit)).map(({ id }) => id)
    await add('first')
    deepEqual(await read(), ['first'])
    asked.length = 0
    return { db, outbox, reader, add, read, asked }
  }

  it('hands rows that were added just now out from memory', async (t) => {
    const { add, read, asked, outbox, db, reader } = await opened(t)
    await add('a', 'b')
    await add('c')
    deepEqual(await read(2), ['a', 'b'])
    deepEqual(await read(), ['c'])
    const source = { anything: 'at all' }
    await db.commit([outbox.adding({ ...event('d'), source })])
    equal((await reader.read(10))[0]?.source, source)
    deepEqual(asked, [])
  })

  it('asks the store when it has not been told of some, or they are too many', async (t) => {
    const { add, read, asked, db } = await opened(t)
    await add('a')
    // Like a unit that was kept although its writer died before it could say so.
    await db.commit([
      {
        sql: `INSERT INTO outbox (writer, lane, id, host_type, kind, conversation, body, at, events)
          SELECT writer, lane, 'lost', host_type, kind, conversation, body, at, events FROM outbox WHERE id = 'a'`,
        params: [],
      },
    ])
    await add('b')
    deepEqual(await read(), ['a', 'lost', 'b'])
    equal(asked.length, 1)
    const many = Array.from({ length: 1200 }, (_, n) => `m${n}`)
    await add(...many)
    deepEqual(await read(), many)
    equal(asked.length, 2)
    await add('c')
    deepEqual(await read(), ['c'])
    equal(asked.length, 2)
  })

  it('keeps no more than a mebibyte of texts for a sink that does not read', async (t) => {
    const { outbox, db, read, asked } = await opened(t)
    const body = JSON.stringify('x'.repeat(300_000))
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) await db.commit([outbox.adding({ ...event(id), body })])
    deepEqual(await read(4), ['a', 'b', 'c', 'd'])
    equal(asked.length, 0)
    deepEqual(await read(), ['e', 'f'])
    equal(asked.length, 1)
  })

  it('hands out everything again to a sink that is set back, what is in memory once', async (t) => {
    const { add, read, reader } = await opened(t)
    await add('a', 'b')
    equal(await reader.rewind({ id: 'first' }), true)
    await add('c')
    deepEqual(await read(), ['first', 'a', 'b', 'c'])
    deepEqual(await read(), [])
  })
})

describe('outbox of a killed process', () => {
  const folder = temporaryFolder()
  after(() => folder.remove())

  it('R1, R3: kill -9 loses no committed unit and no event of it, and keeps no half unit', () =>
    killAndCompare(join(folder.path, 'x.db')))

  it('R1, R3: neither does it over PostgreSQL', { skip }, async (t) => {
    const test = await makeDatabase()
    t.after(() => test.drop())
    await killAndCompare(`postgres:${test.name}`)
  })
})

/** Kills writers of a store (see `testing/open-store.ts`) in their midst, and compares what it then has with what they have said. */
async function killAndCompare(store: string): Promise<void> {
  const committed = new Set<string>()
  const delivered = new Set<string>()
  for (let round = 0; round < 3; round++) {
    const lines = await runAndKill(store, round * 100_000, 300 + round * 131)
    for (const [kind, id = ''] of lines) (kind === 'c' ? committed : delivered).add(id)
  }
  ok(committed.size > 100 && delivered.size > 100, `${committed.size} committed, ${delivered.size} delivered`)

  const db = await openStore(store)
  const outbox = await openOutbox(db, { writer: 'one' })
  const left = await outbox.reader('sink').read(10_000)
  const entries = await openStores(db).log('test').read('a@b', { limit: 100_000 })
  const stored = new Set(entries.map((entry) => entry.value))
  const known = new Set([...delivered, ...left.map((row) => row.id)])
  deepEqual(
    [...committed].filter((id) => !stored.has(id)),
    [],
    'what was said to be committed is stored',
  )
  deepEqual(
    [...stored].filter((id) => !known.has(id)),
    [],
    'what is stored has its event delivered, or to be delivered',
  )
  deepEqual(
    [...known].filter((id) => !stored.has(id)),
    [],
    'no event without what it reports',
  )
  const places = new Map(entries.map((entry, place) => [entry.value, place]))
  const order = left.map((row) => places.get(row.id) ?? -1)
  deepEqual(
    order,
    order.toSorted((a, b) => a - b),
    'events come in the order of the commits',
  )
  await outbox.close()
  await db.close()
}

/** How many events a process has delivered at least before it is killed. */
const DELIVERED = 50

/** Starts the process, kills it after so many lines, and returns the complete lines it has said, split at the space. */
function runAndKill(store: string, first: number, lines: number): Promise<string[][]> {
  const script = join(import.meta.dirname, 'testing/crashing-writer.ts')
  const child = spawn(process.execPath, [script, store, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk
    if (said.split('\n').length > lines && said.split('\nd ').length > DELIVERED) child.kill('SIGKILL')
  })
  return new Promise((resolve) => {
    child.once('close', () =>
      resolve(
        said
          .split('\n')
          .slice(0, -1)
          .map((line) => line.split(' ')),
      ),
    )
  })
}
