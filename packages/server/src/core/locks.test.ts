import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Locks } from './locks.ts'

async function scene() {
  const locks = new Locks()
  const order: string[] = []
  for (const owner of ['west 1', 'east 1', 'west 2']) void locks.acquire('key', owner).then(() => order.push(owner))
  await Promise.resolve()
  return { locks, order }
}

describe('turns', () => {
  it('come first, come first', async () => {
    const { locks, order } = await scene()
    assert.deepEqual(order, ['west 1'])
    locks.release('key', 'west 1')
    await Promise.resolve()
    assert.deepEqual(order, ['west 1', 'east 1'])
    locks.release('key', 'east 1')
    locks.release('key', 'west 2')
    assert.equal(locks.size, 0)
  })

  it('do not wait for those who have gone, nor for those who have given up', async () => {
    const { locks, order } = await scene()
    locks.release('key', 'east 1')
    locks.releaseAll('west 1')
    await Promise.resolve()
    assert.deepEqual(order, ['west 1', 'west 2'])
    locks.releaseAll('west ')
    assert.equal(locks.size, 0)
  })

  it('at one thing do not hold up those at another; a stranger releases nothing', async () => {
    const { locks } = await scene()
    await locks.acquire('other', 'west 3')
    locks.release('other', 'east 1')
    locks.release('none', 'east 1')
    assert.equal(locks.size, 2)
  })
})
