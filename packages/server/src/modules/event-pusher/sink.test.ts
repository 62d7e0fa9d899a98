import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { OutboxReader, OutboxRow } from '../../core/outbox.ts'
import { memoryDatabase } from '../../storage/memory.ts'
import { type Outbox, openOutbox } from '../../storage/outbox.ts'
import { type Story, settle, story } from '../../testing/story.ts'
import { DeadLetters } from './dead-letters.ts'
import { PoisonError, rowOf } from './events.ts'
import { Pausing } from './pausing.ts'
import type { SinkWork, Told } from './sink-work.ts'
import { Sink, type SinkOptions } from './sink.ts'

/** What a test decides about an attempt. */
type Outcome = 'ok' | 'fail' | 'taken, fail' | 'poison' | 'skip'

interface Scene {
  readonly scene: Story
  readonly outbox: Outbox
  /** Ids in the order in which the other side took them. */
  readonly taken: string[]
  attempts: number
  decide: (row: OutboxRow) => Outcome
  obstacle: string | undefined
  open(options?: Partial<SinkOptions>): Sink
  readonly pausing: Pausing
  add(id: string, conversation: string, body?: string): Promise<void>
}

async function begin(t: { after(end: () => Promise<void>): void }): Promise<Scene> {
  const storage = memoryDatabase()
  const scene = await story(t, { modules: [], storage })
  const outbox = await openOutbox(storage, { writer: 'one' })
  t.after(() => outbox.close())
  const pausing = await Pausing.load(scene.host, 'test')
  const it: Scene = {
    scene,
    pausing,
    outbox,
    taken: [],
    attempts: 0,
    decide: () => 'ok',
    obstacle: undefined,
    open(options = {}) {
      const reader = options.reader ?? outbox.reader('test')
      return new Sink(scene.host, {
        name: 'test',
        reader,
        work: workOf(it),
        deadLetters: new DeadLetters(scene.host, 'test', outbox),
        pausing,
        ...options,
      })
    },
    async add(id, conversation, body = 'x') {
      await scene.host.commit(outbox.adding(rowOf(eventOf(id, conversation, body), {})))
    },
  }
  return it
}

const eventOf = (id: string, conversation: string, body = 'x') =>
  ({
    id,
    hostType: 'example.com',
    at: 1,
    conversation,
    kind: 'chat_event',
    direction: 'in',
    type: 'chat',
    from: 'a@b',
    to: 'c@d',
    body,
  }) as const

function workOf(it: Scene): SinkWork {
  return {
    obstacle: () => it.obstacle,
    fault: () => undefined,
    deliver(row, told) {
      const outcome = it.decide(row)
      if (outcome === 'poison') throw new PoisonError('cannot be delivered')
      if (outcome !== 'skip') deliver(it, row, outcome, told)
      return outcome !== 'skip'
    },
  }
}

function deliver(it: Scene, row: OutboxRow, outcome: Outcome, told: Told): void {
  it.attempts++
  setImmediate(() => {
    if (outcome !== 'fail') it.taken.push(row.id)
    told(outcome === 'ok' ? undefined : new Error('no'), undefined)
  })
}

/** Lets time pass until nothing is pending. */
async function drain(it: Scene, sink: Sink, seconds = 3000): Promise<void> {
  for (let passed = 0; passed < seconds && (await sink.status()).pending > 0; passed++) await it.scene.wait(1)
  equal((await sink.status()).pending, 0)
}

test('every event arrives, in order within its conversation, whatever fails (property)', async () => {
  const lane = fc.nat(4)
  const outcome = fc.constantFrom<Outcome>('ok', 'ok', 'fail', 'taken, fail')
  await fc.assert(
    fc.asyncProperty(fc.array(lane, { minLength: 1, maxLength: 40 }), fc.array(outcome, { maxLength: 60 }), check),
    { numRuns: 40 },
  )
})

async function check(lanes: readonly number[], outcomes: readonly Outcome[]): Promise<void> {
  const ends: (() => Promise<void>)[] = []
  const it = await begin({ after: (end) => void ends.push(end) })
  const left = [...outcomes]
  it.decide = () => left.shift() ?? 'ok'
  const sink = it.open()
  for (const [n, lane] of lanes.entries()) await it.add(`${n}`, `c${lane}`)
  await drain(it, sink)
  for (const lane of new Set(lanes)) {
    const wanted = lanes.flatMap((of, n) => (of === lane ? [`${n}`] : []))
    const got = it.taken.filter((id) => lanes[Number(id)] === lane)
    deepEqual(
      got.filter((id, place) => id !== got[place - 1]),
      wanted,
    )
  }
  await sink.stop()
  for (const end of ends.toReversed()) await end()
}

test('no more events are under way than may be, and everyone has a turn', async (t) => {
  const it = await begin(t)
  it.obstacle = 'not yet'
  let most = 0
  let underWay = 0
  it.decide = () => {
    most = Math.max(most, ++underWay)
    setImmediate(() => underWay--)
    return 'ok'
  }
  const sink = it.open({ maxUnderWay: 3 })
  for (let n = 0; n < 40; n++) await it.add(`${n}`, `c${n % 20}`)
  it.obstacle = undefined
  sink.wake()
  await drain(it, sink)
  equal(it.taken.length, 40)
  ok(most <= 3, `${most} at a time`)
  deepEqual(new Set(it.taken.slice(0, 20)).size, 20)
  await sink.stop()
})

test('a failed event holds up its conversation only', async (t) => {
  const it = await begin(t)
  it.decide = (row) => (row.conversation === 'stuck' ? 'fail' : 'ok')
  const sink = it.open()
  for (let n = 0; n < 3; n++) {
    await it.add(`stuck ${n}`, 'stuck')
    await it.add(`free ${n}`, 'free')
  }
  await settle()
  deepEqual(it.taken, ['free 0', 'free 1', 'free 2'])
  const { state, error, pending } = await sink.status()
  deepEqual({ state, error, pending }, { state: 'failing', error: 'no', pending: 3 })
  it.decide = () => 'ok'
  await it.scene.wait(31)
  deepEqual(it.taken.slice(3), ['stuck 0', 'stuck 1', 'stuck 2'])
  equal((await sink.status()).state, 'running')
  await sink.stop()
})

test('R10: pauses grow while the other side fails', async (t) => {
  const it = await begin(t)
  it.decide = () => 'fail'
  const sink = it.open()
  await it.add('a', 'c')
  await it.scene.wait(600)
  ok(it.attempts >= 600 / 30 && it.attempts <= 600 / 15 + 10, `${it.attempts} attempts in ten minutes`)
  equal((await sink.status()).counters.failed, it.attempts)
  await sink.stop()
})

test('R10: while there is an obstacle nothing is tried and nothing is read; then all goes out', async (t) => {
  const it = await begin(t)
  it.obstacle = 'the broker is down'
  const reader = it.outbox.reader('test')
  let reads = 0
  const counting: OutboxReader = { ...reader, read: (limit) => (reads++, reader.read(limit)) }
  const sink = it.open({ reader: counting })
  for (let n = 0; n < 300; n++) await it.add(`${n}`, `c${n % 7}`)
  await it.scene.wait(60)
  equal(reads + it.attempts, 0)
  const before = await sink.status()
  deepEqual([before.state, before.error, before.pending], ['starting', 'the broker is down', 300])
  it.obstacle = undefined
  sink.wake()
  await drain(it, sink)
  equal(new Set(it.taken).size, 300)
  await sink.stop()
})

test('what is held in memory is bounded, by number and by length', async (t) => {
  for (const [limits, most] of [
    [{ maxHeld: 50 }, 50],
    [{ maxHeldLength: 5000 }, 205],
  ] as const) {
    const it = await begin(t)
    it.decide = () => 'fail'
    const reader = it.outbox.reader('test')
    let handedOut = 0
    const counting: OutboxReader = {
      ...reader,
      async read(limit) {
        const rows = await reader.read(limit)
        handedOut += rows.length
        return rows
      },
    }
    const sink = it.open({ reader: counting, ...limits })
    for (let n = 0; n < 500; n++) await it.add(`${n}`, 'c', 'x'.repeat(1000))
    await it.scene.wait(5)
    ok(handedOut <= most, `${handedOut} rows in memory`)
    it.decide = () => 'ok'
    await drain(it, sink)
    equal(it.taken.length, 500)
    await sink.stop()
  }
})

test('R13: a poison event is put aside, told and counted; its lane goes on', async (t) => {
  const it = await begin(t)
  it.decide = (row) => (row.id === 'bad' ? 'poison' : 'ok')
  const sink = it.open()
  for (const id of ['before', 'bad', 'after']) await it.add(id, 'c')
  await settle()
  deepEqual(it.taken, ['before', 'after'])
  const { counters, state, pending } = await sink.status()
  deepEqual([counters.deadLettered, counters.failed, state, pending], [1, 0, 'running', 0])
  const [letter, ...others] = await sink.deadLetters.list(10)
  deepEqual(others, [])
  deepEqual([letter!.id, letter!.reason, letter!.conversation], ['bad', 'cannot be delivered', 'c'])
  await sink.stop()
})

test('R13: dead letters are tried once more, or removed, by their numbers', async (t) => {
  const it = await begin(t)
  it.decide = (row) => (row.id === 'good' ? 'ok' : 'poison')
  const sink = it.open()
  for (const id of ['bad', 'worse', 'good']) await it.add(id, 'c')
  await settle()
  const [bad, worse] = await sink.deadLetters.list(10)
  it.decide = () => 'ok'
  equal(await sink.deadLetters.requeue([bad!.number, 99]), 1)
  await drain(it, sink)
  deepEqual(it.taken, ['good', 'bad'])
  deepEqual(await sink.deadLetters.list(10), [worse])
  equal(await sink.deadLetters.remove([bad!.number, worse!.number]), 1)
  equal(await sink.deadLetters.count(), 0)
  await sink.stop()
})

test('dead letters go by their age', async (t) => {
  const it = await begin(t)
  it.decide = () => 'poison'
  const sink = it.open()
  await it.add('old', 'c')
  await settle()
  await it.scene.wait(60)
  const between = it.scene.clock.micros()
  await it.add('young', 'c')
  await settle()
  await sink.deadLetters.expire(between)
  deepEqual(
    (await sink.deadLetters.list(10)).map(({ id }) => id),
    ['young'],
  )
  await sink.stop()
})

test('dead letters go with the account of anyone whom they tell of', async (t) => {
  const it = await begin(t)
  it.decide = () => 'poison'
  const sink = it.open()
  await it.add('of both', 'a@b c@d')
  await settle()
  for (const [user, left] of [
    ['x@b', 1],
    ['c@d', 0],
  ] as const) {
    await it.scene.host.commit(...(await sink.deadLetters.ofUser(user)))
    equal(await sink.deadLetters.count(), left)
  }
  await sink.stop()
})

test('a sink that is set back sends once more what is kept, and what it has not sent', async (t) => {
  const it = await begin(t)
  it.outbox.keepPassed(10 ** 15)
  it.decide = (row) => (row.id === 'stuck' ? 'fail' : 'ok')
  const sink = it.open()
  for (const [id, conversation] of [
    ['a', 'c'],
    ['stuck', 'd'],
    ['b', 'c'],
    ['c', 'c'],
  ] as const)
    await it.add(id, conversation)
  await settle()
  deepEqual(it.taken, ['a', 'b', 'c'])
  equal(await sink.replay({ id: 'nothing' }), false)
  equal(await sink.replay({ id: 'b' }), true)
  it.decide = () => 'ok'
  await drain(it, sink)
  deepEqual(it.taken.slice(3).toSorted(), ['b', 'c', 'stuck'])
  await sink.stop()
})

test('R10: 10^5 events pile up and are caught up: few are in memory at any time', async (t) => {
  const it = await begin(t)
  it.obstacle = 'the broker is down'
  const reader = it.outbox.reader('test')
  let held = 0
  let most = 0
  const counting: OutboxReader = {
    ...reader,
    async read(limit) {
      const rows = await reader.read(limit)
      most = Math.max(most, (held += rows.length))
      return rows
    },
    acknowledge(row) {
      held--
      reader.acknowledge(row)
    },
  }
  const sink = it.open({ reader: counting })
  for (let thousand = 0; thousand < 100; thousand++) {
    const rows = Array.from({ length: 1000 }, (_, n) => eventOf(`${thousand * 1000 + n}`, `c${n % 100}`))
    await it.scene.host.commit(...rows.map((event) => it.outbox.adding(rowOf(event, {}))))
  }
  equal((await sink.status()).pending, 100_000)
  equal(most, 0, 'while the broker is down nothing is read')
  it.obstacle = undefined
  sink.wake()
  while (it.taken.length < 100_000) await settle()
  ok(most <= 5000, `${most} in memory`)
  const next = new Map<number, number>()
  for (const id of it.taken.map(Number)) {
    const conversation = id % 100
    equal(id, next.get(conversation) ?? conversation, 'each once, and in order')
    next.set(conversation, id + 100)
  }
  equal(it.taken.length, 100_000)
  await sink.stop()
})

test('events that are not for the sink are passed over', async (t) => {
  const it = await begin(t)
  it.decide = (row) => (row.id.startsWith('other') ? 'skip' : 'ok')
  const sink = it.open()
  for (let n = 0; n < 500; n++) await it.add(`other ${n}`, 'c')
  await it.add('mine', 'c')
  await drain(it, sink)
  deepEqual(it.taken, ['mine'])
  await sink.stop()
})

test('a paused sink keeps events; a resumed one sends them', async (t) => {
  const it = await begin(t)
  const sink = it.open()
  await sink.pause()
  equal((await Pausing.load(it.scene.host, 'test')).paused, true, 'it will be after a restart')
  await it.add('a', 'c')
  await it.scene.wait(60)
  const { state, pending } = await sink.status()
  deepEqual([it.taken, state, pending], [[], 'paused', 1])
  await sink.resume()
  equal((await Pausing.load(it.scene.host, 'test')).paused, false)
  await drain(it, sink)
  deepEqual(it.taken, ['a'])
  await sink.stop()
})

test('what a stopped sink has not delivered comes after the next start', async (t) => {
  const it = await begin(t)
  it.decide = (row) => (row.id === 'late' ? 'fail' : 'ok')
  const sink = it.open()
  await it.add('early', 'c')
  await it.add('late', 'c')
  await settle()
  await sink.stop()
  equal((await sink.status()).state, 'stopped')
  it.decide = () => 'ok'
  const next = it.open()
  await drain(it, next)
  deepEqual(it.taken, ['early', 'late'])
  await next.stop()
})

test('a store that fails for a while holds the sink up, and no longer', async (t) => {
  const it = await begin(t)
  const reader = it.outbox.reader('test')
  let broken = true
  const sink = it.open({
    reader: { ...reader, read: (limit) => (broken ? Promise.reject(new Error('disk')) : reader.read(limit)) },
  })
  await it.add('a', 'c')
  await it.scene.wait(5)
  broken = false
  await drain(it, sink)
  deepEqual(it.taken, ['a'])
  await sink.stop()
})
