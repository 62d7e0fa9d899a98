import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tag } from '@meerkat/xml'
import { StanzaError } from './errors.ts'
import { parsePrivate, PrivateQuery } from './private.ts'

const badRequest = (error: unknown): boolean => error instanceof StanzaError && error.condition === 'bad-request'

test('XEP-0049 §2: a query holds elements of namespaces of their own', () => {
  const prefs = tag('exodus:prefs', 'exodus')({}, tag('exodus:prefs', 'defaultnick')({}, 'Hamlet'))
  assert.deepEqual(parsePrivate(PrivateQuery({}, prefs)), [prefs])
})

test('XEP-0049 §2: a query without such an element is refused', () => {
  assert.throws(() => parsePrivate(PrivateQuery()), badRequest)
  assert.throws(() => parsePrivate(PrivateQuery({}, tag('jabber:iq:private', 'exodus')())), badRequest)
  assert.throws(() => parsePrivate(PrivateQuery({}, tag('', 'exodus')())), badRequest)
})
