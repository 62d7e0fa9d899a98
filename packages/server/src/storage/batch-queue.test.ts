import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StorageError } from '../core/database.ts'
import { AT_ONCE, BatchQueue, type Job, weightOf } from './batch-queue.ts'

interface Named extends Job {
  readonly name: string
}

/** A queue whose batches end when the test says so, and what became of its jobs. */
function makeQueue(limits: { jobs?: number; bytes?: number; batch?: number } = {}) {
  const batches: string[][] = []
  const failed: string[] = []
  const ends: PromiseWithResolvers<void>[] = []
  const run = (jobs: readonly Named[]): Promise<void> => {
    batches.push(jobs.map((job) => job.name))
    const end = Promise.withResolvers<void>()
    ends.push(end)
    return end.promise
  }
  const queue = new BatchQueue<Named>([run], { jobs: 100, bytes: 1000, batch: 10, ...limits }, AT_ONCE)
  const add = (names: string, bytes = 1): void => {
    const fail = (name: string) => (error: Error) =>
      void failed.push(`${name} ${error instanceof StorageError ? error.problem : error.message}`)
    for (const name of names) queue.add({ name, bytes, fail: fail(name) })
  }
  const turn = () => new Promise(setImmediate)
  const end = async () => {
    ends.shift()?.resolve()
    await turn()
  }
  return { queue, batches, failed, ends, add, turn, end }
}

describe('batch queue', () => {
  it('sends what comes in one turn together, and what comes meanwhile as the next batch', async () => {
    const { batches, add, turn, end } = makeQueue()
    add('ab')
    await turn()
    add('c')
    await turn()
    add('de')
    deepEqual(batches, [['a', 'b']])
    await end()
    deepEqual(batches, [
      ['a', 'b'],
      ['c', 'd', 'e'],
    ])
    await end()
    add('f')
    await turn()
    equal(batches.length, 3)
  })

  it('tells its pace how many patient jobs a batch had', async () => {
    const told: number[] = []
    const pace = { ...AT_ONCE, ended: (patient: number) => void told.push(patient) }
    const queue = new BatchQueue<Job>([async () => {}], { jobs: 10, bytes: 10, batch: 10 }, pace)
    for (const patient of [true, false, true]) queue.add({ bytes: 1, patient, fail: () => undefined })
    queue.add({ bytes: 1, fail: () => undefined })
    await queue.close()
    deepEqual(told, [2])
  })

  it('bounds a batch', async () => {
    const { batches, add, turn, end } = makeQueue({ batch: 2 })
    add('abcde')
    await turn()
    for (let i = 0; i < 3; i++) await end()
    deepEqual(batches, [['a', 'b'], ['c', 'd'], ['e']])
  })

  it('shares what is queued among the runners that are free', async () => {
    const batches: string[][] = []
    const runner = (name: string) => async (jobs: readonly Named[]) =>
      void batches.push([name, ...jobs.map((job) => job.name)])
    const limits = { jobs: 100, bytes: 1000, batch: 3 }
    const queue = new BatchQueue<Named>(['x', 'y', 'z'].map(runner), limits, AT_ONCE)
    for (const name of 'abcdefg') queue.add({ name, bytes: 1, fail: () => undefined })
    await queue.close()
    deepEqual(batches, [
      ['z', 'a', 'b', 'c'],
      ['y', 'd', 'e'],
      ['x', 'f', 'g'],
    ])
  })

  it('counts jobs and bytes until they are done', async () => {
    const { failed, add, turn, end } = makeQueue({ jobs: 2, bytes: 100 })
    add('abc')
    await turn()
    add('d')
    await end()
    add('e', 60)
    add('f', 60)
    deepEqual(failed, ['c overloaded', 'd overloaded', 'f overloaded'])
  })

  it('fails what was under way and what waits when the runner fails, and goes on', async () => {
    const { batches, failed, ends, add, turn } = makeQueue({ jobs: 3 })
    add('a')
    await turn()
    add('bc')
    ends.shift()?.reject(new StorageError('lost', 'gone'))
    await turn()
    deepEqual(failed, ['a lost', 'b lost', 'c lost'])
    add('def')
    await turn()
    deepEqual(batches, [['a'], ['d', 'e', 'f']])
  })

  it('closes when everything is done, and takes nothing more', async () => {
    const { queue, failed, add, turn, end } = makeQueue()
    add('a')
    let closed = 0
    for (let i = 0; i < 2; i++) void queue.close().then(() => closed++)
    add('b')
    await turn()
    equal(closed, 0)
    await end()
    equal(closed, 2)
    deepEqual(failed, ['b closed'])
  })

  it('weighs statements by what they hold', () => {
    ok(weightOf('SELECT ?', ['x'.repeat(1000)]) > 1000)
    ok(weightOf('SELECT ?', [new Uint8Array(1000)]) > 1000)
    ok(weightOf('SELECT ?', [1, 2n, null]) < 200)
  })
})
