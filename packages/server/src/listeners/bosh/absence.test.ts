import assert from 'node:assert/strict'
import { it } from 'node:test'
import { TimerWheel } from '../../core/timers.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { Absence } from './absence.ts'

function scene(usual: number) {
  const clock = new FakeClock()
  const timers = new TimerWheel(clock, (error) => assert.fail(String(error)))
  let gone = 0
  const absence = new Absence(timers, usual, () => gone++)
  const pass = (seconds: number): number => {
    clock.advance(seconds)
    timers.advance()
    return gone
  }
  return { absence, pass }
}

it('XEP-0124 §10: a client is given up after the time that it may be away, counted from its last request', () => {
  const { absence, pass } = scene(30)
  absence.watch(false)
  assert.equal(pass(20), 0)
  absence.watch(true)
  absence.watch(false)
  absence.watch(false)
  assert.equal(pass(20), 0)
  assert.equal(pass(11), 1)
})

it('XEP-0124 §10: a pause lengthens one absence', () => {
  const { absence, pass } = scene(30)
  absence.allow(100)
  absence.watch(false)
  assert.equal(pass(90), 0)
  absence.watch(true)
  absence.allow()
  absence.watch(false)
  assert.equal(pass(31), 1)
})

it('waits for ever where there is no limit, and no more when the session has ended', () => {
  const { absence, pass } = scene(Infinity)
  absence.watch(false)
  assert.equal(pass(1000), 0)
  absence.allow(1)
  absence.watch(false)
  absence.end()
  assert.equal(pass(1000), 0)
})
