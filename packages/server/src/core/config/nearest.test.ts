import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { edits, nearest } from './nearest.ts'

test('edits are insertions, deletions, replacements and swaps', () => {
  const distances = [
    ['', 'abc', 3],
    ['ping', 'ping', 0],
    ['pign', 'ping', 1],
    ['pin', 'ping', 1],
    ['pang', 'ping', 1],
    ['kitten', 'sitting', 3],
  ] as const
  for (const [from, to, distance] of distances) assert.equal(edits(from, to), distance, `${from} ${to}`)
})

test('edits do not depend on the direction', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (one, other) => edits(one, other) === edits(other, one)))
})

test('only what is near enough is suggested', () => {
  assert.equal(nearest('ping_intervall', ['timeout_action', 'ping_interval']), 'ping_interval')
  assert.equal(nearest('colour', ['ping_interval', 'send_pings']), undefined)
})
