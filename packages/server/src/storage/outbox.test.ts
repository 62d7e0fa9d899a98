import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { laneOf, openOutbox } from './outbox.ts'
import { Progress } from './outbox-progress.ts'
import { openStores } from './stores.ts'
import { temporaryFolder } from './testing/folder.ts'
import { openStore } from './testing/open-store.ts'
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
  ok(committed.size > 100 && delivered.size > 100)

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

/** Starts the process, kills it after so many lines, and returns the complete lines it has said, split at the space. */
function runAndKill(store: string, first: number, lines: number): Promise<string[][]> {
  const script = join(import.meta.dirname, 'testing/crashing-writer.ts')
  const child = spawn(process.execPath, [script, store, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk
    if (said.split('\n').length > lines) child.kill('SIGKILL')
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
