import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { increasingMicros } from './clock.ts'
import { archiveId, decodeId, encodeId, greatestIdAt, leastIdAt, microsOf } from './message-ids.ts'

const MAX = 2n ** 63n - 1n
const micros = fc.integer({ min: 0, max: 9_000_000_000_000_000 })

describe('MongooseIM: ids of archived messages', () => {
  test('hold the microsecond and the node', () => {
    assert.equal(archiveId(1_767_225_600_000_001, 7), (1_767_225_600_000_001n << 8n) + 7n)
    assert.equal(encodeId(archiveId(1_767_225_600_000_001, 7)), 'CHQ88OG40087')
  })

  test('come back from base 32 as they were, beyond what a number holds', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: MAX }), (id) => {
        assert.equal(decodeId(encodeId(id)), id)
        assert.match(encodeId(id), /^[0-9A-V]+$/)
      }),
    )
    assert.equal(decodeId('chq88og40087'), decodeId('CHQ88OG40087'))
  })

  test('S61: a text that is no id, or none of an int64, is not one', () => {
    assert.equal(decodeId(encodeId(MAX)), MAX)
    for (const text of ['', 'W', '-1', '1.5', '+1', ' 1', '1A ', '@', '`', '０', encodeId(MAX + 1n), 'V'.repeat(14)])
      assert.equal(decodeId(text), undefined, text)
  })

  test('grow with the clock of a node, also when its time stands still or goes back', () => {
    let now = 1_767_225_600_000
    const clock = increasingMicros(() => now)
    const steps = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 2, maxLength: 50 })
    fc.assert(
      fc.property(steps, (moves) => {
        let last = archiveId(clock(), 255)
        for (const move of moves) {
          now += move
          const id = archiveId(clock(), 0)
          assert.ok(id > last)
          last = id
        }
      }),
    )
  })

  test('a time has the ids between its bounds, and no other time has any of them', () => {
    fc.assert(
      fc.property(micros, fc.integer({ min: 0, max: 255 }), (time, node) => {
        const id = archiveId(time, node)
        assert.equal(microsOf(id), time)
        assert.ok(leastIdAt(time) <= id && id <= greatestIdAt(time))
        assert.equal(leastIdAt(time + 1), greatestIdAt(time) + 1n)
      }),
    )
  })

  test('S61: times before 1970 and beyond an int64 bound nothing wrongly', () => {
    assert.equal(greatestIdAt(-62_135_596_800_000_000) < 0n, true)
    assert.equal(leastIdAt(253_402_300_799_000_000), MAX)
  })
})
