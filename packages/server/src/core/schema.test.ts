import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { array, custom, optional, record, table, union } from './schema.ts'

const number = custom<number>((value) => typeof value === 'number', { error: 'wants a number' })
const positive = number.refine((value) => value > 0, { error: 'wants more' })
const keys = new Map([
  ['a', positive],
  ['b', optional(positive, 7)],
  ['c', optional(positive, undefined)],
])
const both = table(keys, { error: 'wants a table' })
const issuesOf = (value: unknown) => both.safeParse(value).error?.issues

describe('a check', () => {
  it('gives every key, with its fallback read like a value', () => {
    assert.deepEqual(both.parse({ a: 1 }), { a: 1, b: 7, c: undefined })
    assert.equal(optional(number.transform(String), 7).parse(undefined), '7')
  })

  it('finds everything that is wrong at once, each value once', () => {
    assert.deepEqual(issuesOf({ a: 'x', b: 0, d: 1, e: 2 }), [
      { path: ['a'], message: 'wants a number' },
      { path: ['b'], message: 'wants more' },
      { path: [], message: 'has unknown keys', unknownKeys: ['d', 'e'] },
    ])
    assert.deepEqual(issuesOf({}), [{ path: ['a'], message: 'wants a number' }])
  })

  it('takes neither a list nor a date for a table', () => {
    for (const value of [[], new Date(), null, 'a', undefined]) {
      assert.deepEqual(issuesOf(value), [{ path: [], message: 'wants a table' }])
    }
  })

  it('names the place in lists and in tables with any keys', () => {
    const inside = array(record(positive, { error: 'wants a table' }), { error: 'wants a list' })
    assert.deepEqual(inside.parse([{ x: 1 }]), [new Map([['x', 1]])])
    assert.deepEqual(inside.safeParse([{}, { x: 0 }]).error?.issues, [{ path: [1, 'x'], message: 'wants more' }])
    assert.deepEqual(inside.safeParse(1).error?.issues, [{ path: [], message: 'wants a list' }])
  })

  it('reads what one of two accepts, the first before the second', () => {
    const text = custom<string>((value) => typeof value === 'string', { error: 'wants a text' })
    const length = union(
      text.transform((value) => value.length),
      number,
      { error: 'wants either' },
    )
    assert.deepEqual([length.parse('abc'), length.parse(5)], [3, 5])
    assert.deepEqual(length.safeParse(true).error?.issues, [{ path: [], message: 'wants either' }])
  })

  it('has no keys but those that were written: not what every object inherits', () => {
    const any = custom((value) => value === undefined, { error: 'is inherited' })
    const inherited = table(new Map([['constructor', any]]), { error: 'wants a table' })
    assert.deepEqual(inherited.parse({}), { constructor: undefined })
    const polluting = JSON.parse('{"a": 1, "__proto__": {"b": 2}}') as unknown
    assert.deepEqual(issuesOf(polluting), [{ path: [], message: 'has unknown keys', unknownKeys: ['__proto__'] }])
  })

  it('throws with the places when it is asked for the value', () => {
    assert.throws(() => both.parse({ a: 0, b: 'x' }), /^TypeError: a: wants more\nb: wants a number$/)
  })
})
