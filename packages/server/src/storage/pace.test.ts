import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { paced } from './pace.ts'

/** A pace of one batch every 5 ms after a burst of two, on a clock that the test moves, and the times at which batches have begun. */
function scene() {
  let now = 100
  let timer: { at: number; call: () => void } | undefined
  const starts: number[] = []
  const pace = paced(5, 2, {
    now: () => now,
    soon: (call) => call(),
    after: (milliseconds, call) => {
      timer = { at: now + milliseconds, call }
      return () => (timer = undefined)
    },
  })
  /** Lets time go by. */
  const pass = (milliseconds: number): void => {
    const end = now + milliseconds
    if (timer !== undefined && timer.at <= end) {
      now = timer.at
      const { call } = timer
      timer = undefined
      call()
    }
    now = end
  }
  const defer = (jobs = 1): void => pace.defer(() => starts.push(now), jobs)
  const grown = (jobs: number): void => pace.grown?.(jobs)
  /** Uses up the burst. */
  const spend = (): void => {
    for (let i = 0; i < 2; i++) defer()
    starts.length = 0
    pass(1)
  }
  const ended = (jobs: number): void => pace.ended?.(jobs)
  return { starts, pass, defer, grown, ended, spend }
}

describe('paced batches', () => {
  it('are put off under lasting load, and after a pause some go at once', () => {
    const { starts, pass, defer } = scene()
    for (const pause of [0, 2, 5, 5, 100, 0, 0]) {
      pass(pause)
      defer()
    }
    pass(100)
    deepEqual(starts, [100, 102, 107, 112, 212, 212, 217])
  })

  describe('behind one with a hundred patient jobs', () => {
    /** A batch of so many jobs that has just ended, after so many milliseconds. */
    const afterBatch = (jobs: number, milliseconds: number) => {
      const begun = scene()
      begun.spend()
      begun.defer(jobs)
      begun.pass(milliseconds)
      begun.ended(jobs)
      begun.starts.length = 0
      return begun
    }

    it('rest as long as it took', () => {
      const { starts, pass, defer, grown } = afterBatch(100, 20)
      defer(300)
      grown(999)
      pass(19)
      deepEqual(starts, [])
      pass(1)
      deepEqual(starts, [141])
    })

    it('rest for 25 ms at most', () => {
      const { starts, pass, defer } = afterBatch(100, 200)
      defer(300)
      pass(25)
      deepEqual(starts, [326])
    })

    it('do not rest once they are full', () => {
      const { starts, defer, grown, pass } = afterBatch(100, 20)
      defer(300)
      grown(1000)
      deepEqual(starts, [121])
      pass(100)
      equal(starts.length, 1, 'once')
    })

    it('do not rest when they come after that time, or behind a smaller one', () => {
      const late = afterBatch(100, 20)
      late.pass(20)
      late.defer(300)
      deepEqual(late.starts, [141])
      const small = afterBatch(99, 20)
      small.defer(300)
      deepEqual(small.starts, [121])
    })
  })

  it('begin at once when there is enough for one', () => {
    const { starts, pass, defer, grown, spend } = scene()
    spend()
    defer()
    grown(99)
    deepEqual(starts, [])
    grown(100)
    deepEqual(starts, [101])
    pass(100)
    equal(starts.length, 1, 'once')
  })

  /** A whole wait: so many jobs at its beginning, and another one late in it, if any. */
  const waiting = ({ pass, defer, grown }: ReturnType<typeof scene>, jobs: number, late = false): void => {
    defer(jobs)
    pass(3)
    if (late) grown(jobs + 1)
    pass(2)
  }

  it('begin when those have come who came to waits that brought nobody else', () => {
    const begun = scene()
    const { starts, defer, grown, spend } = begun
    spend()
    waiting(begun, 3)
    waiting(begun, 3)
    starts.length = 0
    for (let time = 0; time < 8; time++) {
      defer(1)
      grown(2)
      equal(starts.length, time)
      grown(3)
      equal(starts.length, time + 1)
    }
    defer(3)
    equal(starts.length, 8, 'then a wait shows whether that still holds')
  })

  it('begin with half of them when they are many, and trust twice as much each time that it holds', () => {
    const begun = scene()
    const { starts, defer, spend } = begun
    spend()
    waiting(begun, 20)
    waiting(begun, 20)
    for (let time = 0; time < 8; time++) defer(10)
    waiting(begun, 20)
    starts.length = 0
    for (let time = 0; time < 16; time++) defer(10)
    equal(starts.length, 16)
  })

  it('wait while waits bring others', () => {
    const begun = scene()
    const { starts, defer, grown, spend } = begun
    spend()
    waiting(begun, 3)
    waiting(begun, 3, true)
    waiting(begun, 3)
    starts.length = 0
    defer(3)
    grown(4)
    deepEqual(starts, [])
  })
})
