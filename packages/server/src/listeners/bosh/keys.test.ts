import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { BoshBody } from '@meerkat/protocol'
import { KeySequence } from './keys.ts'

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')

test('XEP-0124 §15.5: a new sequence begins with the last key of the old one', () => {
  const [k1, k2, k3] = [sha1('a'), sha1(sha1('a')), sha1(sha1(sha1('a')))]
  const keys = new KeySequence()
  assert.ok(keys.accept(BoshBody({ newkey: k3 })))
  assert.ok(keys.accept(BoshBody({ key: k2.toUpperCase() })))
  assert.ok(keys.accept(BoshBody({ key: k1, newkey: sha1(sha1('b')) })))
  assert.ok(keys.accept(BoshBody({ key: sha1('b') })))
})

test('S24: a key that does not fit, or none, is refused', () => {
  const [k1, k2] = [sha1('a'), sha1(sha1('a'))]
  for (const request of [BoshBody(), BoshBody({ key: k2 }), BoshBody({ key: 'a' }), BoshBody({ newkey: k1 })]) {
    const keys = new KeySequence()
    keys.accept(BoshBody({ newkey: k2 }))
    assert.equal(keys.accept(request), false)
  }
})

test('without a key in the first request none is asked for', () => {
  const keys = new KeySequence()
  assert.ok(keys.accept(BoshBody()))
  assert.ok(keys.accept(BoshBody({ newkey: sha1('a') })))
  assert.ok(keys.accept(BoshBody()))
})
