import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Latencies } from './latency.ts'

test('quantiles are in milliseconds, of everything that was added', () => {
  const latencies = new Latencies()
  for (let time = 0; time < 300_000; time++) latencies.add(300_000 - time)
  assert.deepEqual(latencies.quantiles(), {
    p50_ms: 150.001,
    p90_ms: 270.001,
    p99_ms: 297.001,
    p999_ms: 299.701,
    max_ms: 300,
  })
})

test('there are no quantiles of nothing', () => {
  assert.equal(new Latencies().quantiles().p50_ms, null)
})
