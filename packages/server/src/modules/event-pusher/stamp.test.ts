import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stampOf } from './stamp.ts'

test('a stamp is the time in base 32, in the order of time', () => {
  const times = fc.maxSafeNat()
  fc.assert(
    fc.property(times, times, (one, other) => {
      equal(stampOf(one), one.toString(32).padStart(12, '0'))
      ok(one === other || one < other === stampOf(one) < stampOf(other))
    }),
  )
})
