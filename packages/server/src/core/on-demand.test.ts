import assert from 'node:assert/strict'
import { it } from 'node:test'
import { OnDemand } from './on-demand.ts'

it('a map on demand knows its keys, and makes a value once, when it is asked for', () => {
  const made: string[] = []
  const map = new OnDemand(['a', 'b', 'c'], (key) => {
    made.push(key)
    return key === 'b' ? undefined : key.toUpperCase()
  })
  assert.deepEqual([map.size, map.has('b'), map.has('x'), [...map.keys()]], [3, true, false, ['a', 'b', 'c']])
  assert.equal(map.get('x'), undefined)
  assert.deepEqual(made, [])
  assert.deepEqual([map.get('b'), map.get('b'), map.get('c')], [undefined, undefined, 'C'])
  assert.deepEqual(made, ['b', 'c'])
  assert.deepEqual(
    [...map],
    [
      ['a', 'A'],
      ['b', undefined],
      ['c', 'C'],
    ],
  )
  const visited = new Map<string, unknown>()
  map.forEach((value, key) => visited.set(key, value))
  assert.deepEqual(
    [[...visited.values()], [...map.values()]],
    [
      ['A', undefined, 'C'],
      ['A', undefined, 'C'],
    ],
  )
  assert.deepEqual(made, ['b', 'c', 'a'])
})
