/** What the outbox must do over every engine (an event is delivered at least once, and in order within its lane). */
import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type Database } from '../../core/database.ts'
import { laneOf, type NewEvent, openOutbox, type Outbox, type OutboxOptions, type OutboxReader } from '../outbox.ts'
import { type OpenDatabase } from './database.contract.ts'

/** An event of that conversation. */
export const event = (id: string, conversation = id): NewEvent => ({
  id,
  hostType: 'localhost',
  kind: 'message',
  conversation,
  body: `{"id":"${id}"}`,
  at: 1_000,
})

export function outboxContract(name: string, open: OpenDatabase): void {
  describe(`outbox: ${name}`, () => {
    let db: Database
    let end: () => Promise<unknown>
    let outbox: Outbox
    beforeEach(async () => {
      ;({ db, end } = await open())
      outbox = await openOutbox(db, { writer: 'one' })
    })
    afterEach(async () => {
      await outbox.close()
      await end()
    })
    const reopen = async (options: Partial<OutboxOptions> = {}): Promise<Outbox> => {
      await outbox.close()
      return (outbox = await openOutbox(db, { writer: 'one', ...options }))
    }

    readingContract(
      () => db,
      () => outbox,
    )
    restartContract(
      () => db,
      () => outbox,
      reopen,
    )
    trimmingContract(
      () => db,
      () => outbox,
      reopen,
    )
  })
}

const add = (db: Database, outbox: Outbox, ...ids: string[]): Promise<void> =>
  db.commit(ids.map((id) => outbox.adding(event(id))))

const idsOf = async (reader: OutboxReader, limit = 100): Promise<string[]> =>
  (await reader.read(limit)).map((row) => row.id)

const rowsKept = async (db: Database): Promise<number> =>
  (await db.query<{ rows: number }>('SELECT count(*) AS "rows" FROM outbox'))[0]?.rows ?? 0

function readingContract(db: () => Database, outbox: () => Outbox): void {
  it('hands out every row once, in order, with what was added', async () => {
    const reader = outbox().reader('sink')
    await add(db(), outbox(), 'a', 'b', 'c')
    const [first] = await reader.read(1)
    ok(first !== undefined && first.seq > 0)
    const { source, ...stored } = first
    deepEqual(stored, { ...event('a'), seq: first.seq, lane: laneOf('a'), events: 1 })
    equal(source, undefined)
    deepEqual(await idsOf(reader), ['b', 'c'])
    deepEqual(await idsOf(reader), [])
  })

  it('adds nothing when the unit is refused', async () => {
    const reader = outbox().reader('sink')
    await rejects(db().commit([outbox().adding(event('a')), { sql: 'nonsense', params: [] }]))
    await add(db(), outbox(), 'b')
    deepEqual(await idsOf(reader), ['b'])
  })

  it('begins a new sink with the first unit handed in after its opening', async () => {
    void add(db(), outbox(), 'before')
    const reader = outbox().reader('sink')
    void add(db(), outbox(), 'after')
    await add(db(), outbox(), 'later')
    deepEqual(await idsOf(reader), ['after', 'later'])
  })

  it('wakes a reader after a commit', async () => {
    const reader = outbox().reader('sink')
    const read = new Promise<string[]>((resolve) => reader.onRows(() => resolve(idsOf(reader))))
    await add(db(), outbox(), 'a', 'b')
    deepEqual(await read, ['a', 'b'])
  })

  it('counts what a sink has not acknowledged', async () => {
    const reader = outbox().reader('sink')
    await add(db(), outbox(), 'a', 'b', 'c')
    const rows = await reader.read(2)
    equal(await reader.pending(), 3)
    for (const row of rows) reader.acknowledge(row)
    for (const row of rows) reader.acknowledge(row)
    equal(await reader.pending(), 1)
  })

  it('counts and acknowledges the events of a row that stands for several', async () => {
    const reader = outbox().reader('sink')
    const adding = outbox().adding(event('a', 'c'))
    adding.become({ ...event('b', 'c'), events: 2 })
    await db().commit([adding, outbox().adding(event('c'))])
    equal(await reader.pending(), 3)
    const [both, other] = await reader.read(10)
    deepEqual([both!.id, both!.events, other!.id], ['b', 2, 'c'])
    reader.acknowledge({ ...both!, events: 1 })
    equal(await reader.pending(), 2)
    reader.acknowledge({ ...both!, events: 1 })
    equal(await reader.pending(), 1)
    await reader.close()
    deepEqual(await idsOf(outbox().reader('sink')), ['c'])
  })

  it('hands out what is added meanwhile once, in order, however much it is and whoever else adds', async () => {
    const reader = outbox().reader('sink')
    const other = await openOutbox(db(), { writer: 'two' })
    const ids = Array.from({ length: 1500 }, (_, n) => `e${n}`)
    const read: string[] = await idsOf(reader)
    for (let n = 0; n < ids.length; n += 50) {
      const added = add(db(), outbox(), ...ids.slice(n, n + 50))
      if (n % 200 === 0) await add(db(), other, `other${n}`)
      if (n % 150 === 0) await rejects(db().commit([outbox().adding(event('no')), { sql: 'nonsense', params: [] }]))
      if (n < 300) read.push(...(await idsOf(reader, 20 + n)))
      await added
      if (n % 100 === 0 && n < 300) read.push(...(await idsOf(reader, 60)))
    }
    while (read.length < ids.length) {
      const more = await idsOf(reader)
      ok(more.length > 0)
      read.push(...more)
    }
    deepEqual(read, ids)
    deepEqual(await idsOf(reader), [])
    await other.close()
  })

  it('keeps sinks and writers apart', async () => {
    const other = await openOutbox(db(), { writer: 'two' })
    const readers = [outbox().reader('x'), outbox().reader('y'), other.reader('x')]
    await add(db(), outbox(), 'a')
    await add(db(), other, 'b')
    deepEqual(await Promise.all(readers.map((reader) => idsOf(reader))), [['a'], ['a'], ['b']])
    throws(() => outbox().reader('x'))
    await other.close()
  })
}

function restartContract(
  db: () => Database,
  outbox: () => Outbox,
  reopen: (o?: Partial<OutboxOptions>) => Promise<Outbox>,
): void {
  it('hands out what is unacknowledged again after a restart, also what was added while the sink was away', async () => {
    const reader = outbox().reader('sink')
    await add(db(), outbox(), 'a', 'b', 'c')
    const rows = await reader.read(2)
    for (const row of rows.slice(0, 1)) reader.acknowledge(row)
    await reopen()
    await add(db(), outbox(), 'd')
    deepEqual(await idsOf(outbox().reader('sink')), ['b', 'c', 'd'])
  })

  it('moves a lane only over acknowledged rows without a gap, and holds up no other lane', async () => {
    const reader = outbox().reader('sink')
    const stuck = ['s1', 's2', 's3'].map((id) => outbox().adding(event(id, 'stuck')))
    const free = ['f1', 'f2'].map((id) => outbox().adding(event(id, 'free')))
    ok(laneOf('stuck') !== laneOf('free'))
    await db().commit([...stuck, ...free])
    for (const row of await reader.read(10)) if (row.id !== 's1') reader.acknowledge(row)
    await reopen()
    deepEqual(await idsOf(outbox().reader('sink')), ['s1', 's2', 's3'])
  })

  it('stores the cursor while it runs: after so many rows, and when all is acknowledged', async () => {
    await reopen({ flushEvery: 3 })
    const reader = outbox().reader('sink')
    await add(db(), outbox(), 'a', 'b', 'c', 'd')
    const rows = (await reader.read(10)).slice(0, 3)
    for (const row of rows) reader.acknowledge(row)
    const last = rows.at(-1)?.seq ?? 0
    // No close: a second outbox sees what a killed process would have left.
    const stored = async () =>
      (await db().query<{ seq: number }>('SELECT max(seq) AS seq FROM outbox_cursor WHERE sink = ?', 'sink'))[0]?.seq ??
      0
    const before = await stored()
    ok(before <= last)
    await new Promise(setImmediate)
    while ((await stored()) < last) await new Promise(setImmediate)
    equal(await stored(), last)
  })

  it('hands out no more than may be unacknowledged', async () => {
    await reopen({ maxUnacknowledged: 2 })
    const reader = outbox().reader('sink')
    await add(db(), outbox(), 'a', 'b', 'c')
    const [first] = await reader.read(10)
    deepEqual(await idsOf(reader), [])
    if (first !== undefined) reader.acknowledge(first)
    deepEqual(await idsOf(reader), ['c'])
  })

  it('remembers no more than that of what waits behind a row, and tells when there is room again', async () => {
    await reopen({ maxUnacknowledged: 2 })
    const reader = outbox().reader('sink')
    await db().commit(['s1', 's2', 's3'].map((id) => outbox().adding(event(id, 'stuck'))))
    const [first, second] = await reader.read(10)
    reader.acknowledge(second!)
    deepEqual(await idsOf(reader), [])
    const room = new Promise<void>((resolve) => reader.onRows(resolve))
    reader.acknowledge(first!)
    await room
    deepEqual(await idsOf(reader), ['s3'])
  })
}

function trimmingContract(
  db: () => Database,
  outbox: () => Outbox,
  reopen: (o?: Partial<OutboxOptions>) => Promise<Outbox>,
): void {
  const passAll = async (reader: OutboxReader): Promise<void> => {
    for (const row of await reader.read(1000)) reader.acknowledge(row)
    await reader.close()
  }

  it('removes a row once every registered sink has passed it, open or not', async () => {
    const fast = outbox().reader('fast')
    const away = outbox().reader('away')
    await away.read(1)
    await away.close()
    await add(db(), outbox(), 'a', 'b')
    await passAll(fast)
    await reopen()
    equal(await rowsKept(db()), 2)
    await passAll(outbox().reader('away'))
    await reopen()
    equal(await rowsKept(db()), 0)
    await add(db(), outbox(), 'c')
    deepEqual(await idsOf(outbox().reader('fast')), ['c'], 'numbers are not used again')
  })

  it('keeps nothing for a sink that is forgotten, nor without sinks', async () => {
    const reader = outbox().reader('old')
    await add(db(), outbox(), 'a')
    await reader.close()
    await reopen()
    equal(await rowsKept(db()), 1)
    await outbox().forget('old')
    await reopen()
    equal(await rowsKept(db()), 0)
  })

  it('removes while it runs, in bounded steps', async () => {
    await reopen({ trimEvery: 10 })
    const ids = Array.from({ length: 25 }, (_, i) => `e${i}`)
    for (const id of ids) await add(db(), outbox(), id)
    while ((await rowsKept(db())) > 15) await new Promise(setImmediate)
  })

  it('tells which sinks are absent, what waits for them, and forgets none that is open', async () => {
    const reader = outbox().reader('old')
    await add(db(), outbox(), 'a', 'b')
    await reader.read(1)
    deepEqual(outbox().absent(), [])
    equal(await outbox().waiting('old'), 2)
    await rejects(outbox().forget('old'), /is open/)
    await reader.close()
    deepEqual(outbox().absent(), ['old'])
    equal(await outbox().waiting('old'), 2)
    await reopen()
    deepEqual(outbox().absent(), ['old'])
    await outbox().forget('old')
    deepEqual([outbox().absent(), await outbox().waiting('old')], [[], 0])
  })

  it('gives up what waits too long for an absent sink, and nothing that another one needs', async () => {
    const gone = outbox().reader('gone')
    const slow = outbox().reader('slow')
    await gone.read(1)
    await gone.close()
    await add(db(), outbox(), 'a', 'b')
    await db().commit([outbox().adding({ ...event('young'), at: 3_000 })])
    const [first] = await slow.read(10)
    equal(await outbox().expire(2_000), 0, 'it may only be on its way')
    equal(await outbox().expire(2_000), 0, 'the other one has passed nothing')
    slow.acknowledge(first!)
    await slow.close()
    const again = outbox().reader('slow')
    deepEqual(await idsOf(again), ['b', 'young'])
    equal(await outbox().expire(2_000), 1)
    equal(await rowsKept(db()), 2)
    deepEqual(await idsOf(outbox().reader('gone')), ['b', 'young'], 'who comes back gets what is left')
  })

  it('sets a sink back to an event, and never forward', async () => {
    await reopen({ retention: 10 ** 15, clock: () => 2_000 })
    const reader = outbox().reader('sink')
    await add(db(), outbox(), 'a', 'b')
    await db().commit([outbox().adding({ ...event('c'), at: 1_500 })])
    const rows = await reader.read(10)
    for (const row of rows.slice(1)) reader.acknowledge(row)
    equal(await reader.rewind({ id: 'none' }), false)
    equal(await reader.rewind({ at: 1_501 }), false)
    equal(await reader.rewind({ at: 1_500 }), true)
    deepEqual(await idsOf(reader), ['a', 'b', 'c'], 'what was never acknowledged comes, too')
    for (const row of rows) reader.acknowledge(row)
    equal(await reader.pending(), 0)
    equal(await reader.rewind({ id: 'b' }), true)
    equal(await reader.pending(), 2)
    const again = await reader.read(10)
    deepEqual(
      again.map(({ id }) => id),
      ['b', 'c'],
    )
    await reopen({ retention: 10 ** 15, clock: () => 2_000 })
    deepEqual(await idsOf(outbox().reader('sink')), ['b', 'c'], 'also after a restart')
  })

  it('keeps passed rows as long as configured, and replays them', async () => {
    let now = 2_000
    const options = { clock: () => now, retention: 1_500 }
    await reopen(options)
    const reader = outbox().reader('sink')
    await add(db(), outbox(), 'a', 'b')
    await passAll(reader)
    await reopen(options)
    equal(await rowsKept(db()), 2)
    const back = outbox().reader('sink')
    equal(await back.rewind({ at: 1_000 }), true)
    deepEqual(await idsOf(back), ['a', 'b'])
    await reopen(options)
    await passAll(outbox().reader('sink'))
    now = 3_000
    await reopen(options)
    equal(await rowsKept(db()), 0)
  })
}
