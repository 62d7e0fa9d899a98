import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bothRounds } from './rounds.ts'

test('the second round counts, the first stands beside it, and both must have been undisturbed', () => {
  const both = bothRounds({ cpu_ms: 3, other_cpu_pct: 40 }, { cpu_ms: 2, other_cpu_pct: 5 })
  assert.deepEqual(both, { cpu_ms: 2, first_cpu_ms: 3, first_other_cpu_pct: 40, other_cpu_pct: 40 })
})

test('what was not measured is not made up', () => {
  assert.deepEqual(bothRounds({ cpu_ms: 3 }, { cpu_ms: 2 }), { cpu_ms: 2, first_cpu_ms: 3 })
})
