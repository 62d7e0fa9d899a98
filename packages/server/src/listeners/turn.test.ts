import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Turn } from './turn.ts'

/** A turn by a clock that goes on by `step` milliseconds with each piece of work. */
function turnOf(step: number) {
  let now = 0
  const turn = new Turn(() => now)
  const done: number[] = []
  /** Offers so many pieces of work; those for which there is no time wait. */
  const offer = (from: number, to: number): void => {
    const work = (n: number) => () => {
      now += step
      done.push(n)
    }
    for (let n = from; n <= to; n++)
      if (turn.isOver) turn.later(work(n))
      else work(n)()
  }
  return { turn, done, offer }
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n)
const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

describe('a turn of the event loop', () => {
  it('has time for what takes little', () => {
    const { turn, done, offer } = turnOf(0.01)
    offer(1, 1000)
    assert.deepEqual(done, numbers(1, 1000))
    assert.equal(turn.isOver, false)
  })

  it('R21: puts the rest off when it has gone on for too long, and does it in order, some in each turn that follows', async () => {
    const { turn, done, offer } = turnOf(1)
    offer(1, 100)
    assert.deepEqual(done, numbers(1, 16))
    // This turn has had its time.
    await nextTurn()
    assert.deepEqual(done, numbers(1, 16))
    await nextTurn()
    assert.deepEqual(done, numbers(1, 27))
    // Who comes now waits behind them.
    offer(101, 101)
    while (turn.isOver) await nextTurn()
    assert.deepEqual(done, numbers(1, 101))
  })

  it('begins anew when it is told that it has ended', () => {
    const { turn, done, offer } = turnOf(1)
    for (let n = 0; n < 10; n++) {
      offer(10 * n + 1, 10 * n + 10)
      turn.ended()
    }
    assert.deepEqual(done, numbers(1, 100))
  })

  it('R21: counts what a piece of work brings about, and serves others between two turns', async () => {
    let now = 0
    const turn = new Turn(() => now)
    const done: string[] = []
    // The end of a session does nearly all that it does when it has waited for something that is there.
    const end = async (who: string): Promise<void> => {
      await Promise.resolve()
      now += 6
      done.push(who)
    }
    for (const who of ['a', 'b', 'c', 'd', 'e']) turn.later(() => void end(who))
    while (turn.isOver) {
      await nextTurn()
      done.push('others')
    }
    assert.deepEqual(
      done.filter((who, n) => who !== 'others' || done[n - 1] !== 'others'),
      ['others', 'a', 'b', 'others', 'c', 'd', 'others', 'e', 'others'],
    )
  })

  it('does at once what there is time for, and the rest behind what waits', async () => {
    const { turn, done, offer } = turnOf(1)
    turn.take(() => void done.push(0))
    offer(1, 20)
    turn.take(() => void done.push(21))
    assert.deepEqual(done, numbers(0, 15))
    while (turn.isOver) await nextTurn()
    assert.deepEqual(done, numbers(0, 21))
  })

  it('writes for as long, and says how far it came', () => {
    let now = 0
    const turn = new Turn(() => now)
    const items = numbers(1, 100)
    assert.equal(
      turn.spend(items, () => void now++),
      16,
    )
    assert.equal(
      turn.spend(items, () => undefined),
      100,
    )
  })

  it('goes on when some work fails', async () => {
    const { turn, done, offer } = turnOf(1)
    offer(1, 24)
    assert.equal(turn.isOver, true)
    const failures: unknown[] = []
    const kept = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', (error) => failures.push(error))
    turn.later(() => {
      throw new Error('broken')
    })
    offer(25, 33)
    while (turn.isOver) await nextTurn()
    for (const listener of kept) process.on('uncaughtException', listener)
    assert.equal(failures.length, 1)
    assert.deepEqual(done, numbers(1, 33))
  })
})
