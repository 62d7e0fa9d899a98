import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomText } from './random.ts'

test('random texts have the length that is asked for, and none comes twice', () => {
  const texts = new Set<string>()
  for (let i = 0; i < 10_000; i++) {
    const bytes = 12 + (i % 9)
    const text = randomText(bytes, 'hex')
    assert.match(text, /^[0-9a-f]+$/)
    assert.equal(text.length, 2 * bytes)
    texts.add(text)
  }
  assert.equal(texts.size, 10_000)
})

test('all bytes are used: over many texts each value of a byte comes about as often as any other', () => {
  const counts = Array.from({ length: 256 }, () => 0)
  for (let i = 0; i < 4000; i++) for (const byte of Buffer.from(randomText(16, 'base64'), 'base64')) counts[byte]!++
  // 250 on average, 16 of standard deviation; nine of them is never.
  assert.ok(counts.every((count) => count > 110 && count < 390))
})
