import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Expire, expiresAfter } from './expire.ts'
import { Body, Message } from './stanza.ts'

test('XEP-0023 §3: a message may say for how many seconds it is to be kept', () => {
  assert.equal(expiresAfter(Message({}, Body({}, 'soup'), Expire({ seconds: 1800 }))), 1800)
  assert.equal(expiresAfter(Message({}, Body({}, 'soup'))), undefined)
})

test('XEP-0023 §3: what is no whole number of seconds sets no limit', () => {
  for (const seconds of ['', 'soon', '-1', '1.5', '1e400'])
    assert.equal(expiresAfter(Message({}, Expire({ seconds }))), undefined, seconds)
  assert.equal(expiresAfter(Message({}, Expire())), undefined)
})
