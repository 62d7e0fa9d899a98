import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Recent } from './recent.ts'

describe('a cache of two generations', () => {
  test('gives back what was kept', () => {
    const recent = new Recent<{ n: number }>(4)
    const one = { n: 1 }
    recent.set('one', one)
    assert.equal(recent.get('one'), one)
    assert.equal(recent.get('two'), undefined)
  })

  test('stays finite', () => {
    const recent = new Recent<object>(4)
    for (let n = 0; n < 1000; n++) {
      recent.set(`key ${n}`, {})
      assert.ok(recent.size <= 8)
    }
    assert.notEqual(recent.get('key 999'), undefined)
    assert.equal(recent.get('key 1'), undefined)
  })

  test('keeps what is asked for, while others come and go', () => {
    const recent = new Recent<object>(4)
    recent.set('asked', {})
    recent.set('forgotten', {})
    for (let n = 0; n < 100; n++) {
      recent.set(`key ${n}`, {})
      assert.notEqual(recent.get('asked'), undefined)
    }
    assert.equal(recent.get('forgotten'), undefined)
  })
})
