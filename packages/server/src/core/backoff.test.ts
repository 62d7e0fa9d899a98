import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { backoff } from './backoff.ts'

test('a pause doubles with each failure, up to the most', () => {
  const pauses = [1, 2, 3, 4, 5, 100, 1_000_000].map((failures) => backoff(failures, 2, 30, () => 0))
  deepEqual(pauses, [2, 4, 8, 16, 30, 30, 30])
})

test('at most a half of a pause is cut off', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), random, (failures, chance) => {
      const whole = backoff(failures, 1, 60, () => 0)
      const pause = backoff(failures, 1, 60, () => chance)
      ok(pause > whole / 2 - 1e-9 && pause <= whole)
    }),
  )
})
