import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Shaper } from './shaper.ts'

test('a second of traffic passes at once, and more is paused for', () => {
  const shaper = new Shaper(1000)
  assert.equal(shaper.take(1000, 0), 0)
  assert.equal(shaper.take(500, 0), 500)
  assert.equal(shaper.take(0, 400), 100)
  assert.equal(shaper.take(0, 500), 0)
})

test('a pause pays for an amount that is larger than the bucket', () => {
  const shaper = new Shaper(1000)
  assert.equal(shaper.take(4000, 7), 3000)
})

test('idle time saves up one second at most', () => {
  const shaper = new Shaper(1000)
  shaper.take(0, 0)
  assert.equal(shaper.take(1500, 1_000_000), 500)
})

test('a clock that is set back neither gives nor takes', () => {
  const shaper = new Shaper(1000)
  shaper.take(1000, 5000)
  assert.equal(shaper.take(0, 1000), 0)
  assert.equal(shaper.take(500, 1000), 500)
})

test('no limit never pauses', () => {
  const shaper = new Shaper(Infinity)
  assert.equal(shaper.take(1e12, 0), 0)
  assert.equal(shaper.take(1e12, 0), 0)
})

test('a client that keeps the pauses never gets more than the rate and one bucket', () => {
  const amounts = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 50 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), amounts, (rate, sizes) => {
      const shaper = new Shaper(rate)
      let now = 0
      let passed = 0
      for (const size of sizes) {
        now += shaper.take(size, now)
        passed += size
      }
      // Pauses are whole milliseconds, so the elapsed time is never too short.
      assert.ok(passed <= rate + (now * rate) / 1000 + 1e-6)
    }),
  )
})

test('what would have to wait for too long is refused, and leaves no debt', () => {
  const shaper = new Shaper(1)
  assert.deepEqual(
    Array.from({ length: 6 }, () => shaper.tryTake(1, 0, 3000)),
    [0, 1000, 2000, 3000, undefined, undefined],
  )
  assert.equal(shaper.tryTake(1, 1000, 3000), 3000)
})
