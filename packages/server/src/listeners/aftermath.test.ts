import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '../core/clock.ts'
import { TimerWheel } from '../core/timers.ts'
import { Aftermath } from './aftermath.ts'

const MIB = 1_048_576

function ending() {
  let ms = 0
  const clock: Clock = { now: () => ms, micros: () => ms * 1000, monotonic: () => ms }
  const timers = new TimerWheel(clock, (error) => assert.fail(String(error)))
  const done: string[] = []
  const aftermath = new Aftermath({ hold: () => done.push('held'), destroy: () => done.push('destroyed') }, timers)
  const wait = (): void => {
    ms += 2000
    timers.advance()
  }
  return { aftermath, done, wait }
}

describe('S5: what comes after the end of a stream', () => {
  it('is thrown away, up to 4 MiB, which a fast peer can have under way', () => {
    const { aftermath, done, wait } = ending()
    for (let i = 0; i < 4; i++) aftermath.heard(MIB)
    wait()
    assert.deepEqual(done, [])
  })

  it('is not read any more beyond that; the connection stays open until the peer can have read the error', () => {
    const { aftermath, done, wait } = ending()
    for (let i = 0; i < 9; i++) aftermath.heard(MIB)
    assert.deepEqual(done, ['held'])
    wait()
    assert.deepEqual(done, ['held', 'destroyed'])
  })
})
