import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { settle } from '../testing/story.ts'
import { HandledCount } from './handled-count.ts'

test('XEP-0198 §4: a stanza is handled when it and all before it have ended, in whatever order', () => {
  const order = fc.array(fc.nat(), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(order, (keys) => {
      const count = new HandledCount()
      const places = keys.map(() => count.received())
      const ends = places.toSorted((a, b) => keys[a]! - keys[b]!)
      const ended = new Set<number>()
      for (const place of ends) {
        count.ended(place)
        ended.add(place)
        const open = places.find((one) => !ended.has(one))
        assert.equal(count.handled, open ?? places.length)
      }
      assert.equal(count.settled, undefined)
    }),
  )
})

test('whoever waits is told when all is handled that was received before, whatever comes later', async () => {
  const count = new HandledCount()
  const told: string[] = []
  const wait = (name: string): void => void count.settled?.then(() => told.push(`${name} ${count.handled}`))
  wait('nothing')
  const [first, second] = [count.received(), count.received()]
  wait('two')
  wait('two as well')
  const third = count.received()
  wait('three')
  count.ended(second)
  await settle()
  assert.deepEqual(told, [])
  count.ended(first)
  await settle()
  assert.deepEqual(told, ['two 2', 'two as well 2'])
  count.received()
  count.ended(third)
  await settle()
  assert.deepEqual(told, ['two 2', 'two as well 2', 'three 3'])
})

test('XEP-0198 §4: the count begins anew behind 2^32 - 1; what leaves nothing behind counts', () => {
  const count = new HandledCount(2 ** 32 - 1)
  count.refused()
  assert.equal(count.handled, 0)
  count.refused()
  assert.equal(count.handled, 1)
})
