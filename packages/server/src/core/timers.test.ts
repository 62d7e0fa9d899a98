import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from './clock.ts'
import { increasingMicros } from './clock.ts'
import { TimerWheel } from './timers.ts'

function wheel() {
  let ms = 0
  const clock: Clock = { now: () => ms, micros: () => ms * 1000, monotonic: () => ms }
  const failures: unknown[] = []
  const timers = new TimerWheel(clock, (error) => failures.push(error))
  const pass = (seconds: number, steps = 1): void => {
    for (let i = 0; i < steps; i++) {
      ms += (seconds * 1000) / steps
      timers.advance()
    }
  }
  return { timers, pass, failures }
}

describe('timer wheel', () => {
  it('calls at the time, never before', () => {
    const { timers, pass } = wheel()
    let called = 0
    timers.after(5, () => called++)
    pass(4.9, 49)
    assert.equal(called, 0)
    pass(0.2, 2)
    assert.equal(called, 1)
    pass(200, 20)
    assert.equal(called, 1)
  })

  it('waits several turns of the wheel', () => {
    const { timers, pass } = wheel()
    let called = 0
    timers.after(600, () => called++)
    pass(599, 599)
    assert.equal(called, 0)
    pass(1.1, 1)
    assert.equal(called, 1)
  })

  it('makes up for a long pause of the machine', () => {
    const { timers, pass } = wheel()
    const called: string[] = []
    timers.after(1, () => called.push('soon'))
    timers.after(5000, () => called.push('later'))
    timers.after(20_000, () => called.push('much later'))
    pass(10_000)
    assert.deepEqual(called.toSorted(), ['later', 'soon'])
  })

  it('does not call what was cancelled', () => {
    const { timers, pass } = wheel()
    timers.after(1, () => assert.fail('cancelled')).cancel()
    pass(2, 20)
  })

  it('repeats until cancelled, also from within the call', () => {
    const { timers, pass } = wheel()
    let called = 0
    const timer = timers.every(1, () => {
      if (++called === 3) timer.cancel()
    })
    pass(10, 100)
    assert.equal(called, 3)
  })

  it('reports a call that fails, and makes the others', () => {
    const { timers, pass, failures } = wheel()
    let called = 0
    timers.after(1, () => {
      throw new Error('broken')
    })
    timers.after(1, () => called++)
    pass(2, 20)
    assert.equal(called, 1)
    assert.equal(failures.length, 1)
  })
})

describe('R9: microseconds of deliveries', () => {
  it('grow although the clock stands still or is set back', () => {
    const times = [1000, 1000, 400, 400, 1000.5]
    const micros = increasingMicros(() => times.shift()!)
    assert.deepEqual(
      [micros(), micros(), micros(), micros(), micros()],
      [1_000_000, 1_000_001, 1_000_002, 1_000_003, 1_000_500],
    )
  })

  it('begin above a floor, until the clock has passed it', () => {
    const times = [1000, 400, 1000.5]
    const micros = increasingMicros(() => times.shift()!, 1_000_200)
    assert.deepEqual([micros(), micros(), micros()], [1_000_201, 1_000_202, 1_000_500])
  })
})
