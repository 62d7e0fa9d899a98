import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Element, parseElement, tag, text } from './index.ts'

const Query = tag('jabber:iq:roster', 'query')
const Item = tag('jabber:iq:roster', 'item')

test('a tag builds, matches and finds', () => {
  const query = Query({ ver: 1, none: undefined }, Item({ jid: 'a' }), undefined, 'text', Item({ jid: 'b' }))
  assert.deepEqual(query.attrs, ['ver', '1'])
  assert.ok(Query.is(query))
  assert.ok(!Item.is(query) && !Query.is('query') && !Query.is(undefined))
  assert.equal(Item.in(query)?.attr('jid'), 'a')
  assert.deepEqual(
    Item.all(query).map((item) => item.attr('jid')),
    ['a', 'b'],
  )
  assert.equal(Query.in(query), undefined)
})

test('a parsed element is what a tag builds', () => {
  const text = `<query xmlns='jabber:iq:roster' ver='1'><item jid='a'/>b</query>`
  assert.deepEqual(parseElement(text), Query({ ver: 1 }, Item({ jid: 'a' }), 'b'))
})

test('S14: changes are copies, and __proto__ is a name like any other', () => {
  const before = new Element('a', '', ['b', '1', '__proto__', '2'], [])
  const after = before.with({ b: undefined, c: 3, ['__proto__']: '4' })
  assert.deepEqual(before.attrs, ['b', '1', '__proto__', '2'])
  assert.equal(after.attr('b'), undefined)
  assert.equal(after.attr('c'), '3')
  assert.equal(after.attr('__proto__'), '4')
  assert.deepEqual(before.append('x').children, ['x'])
})

test('text is what stands directly inside', () => {
  assert.equal(text(parseElement('<a>b<c>d</c>e</a>')), 'be')
  assert.equal(text(undefined), '')
})

test('one attribute set: the others stay, in their places', () => {
  const before = new Element('a', 'urn:x', ['b', '1', 'c', '2'], ['text'])
  assert.deepEqual(before.set('b', '3').attrs, ['b', '3', 'c', '2'])
  assert.deepEqual(before.set('c', '3').attrs, ['b', '1', 'c', '3'])
  assert.deepEqual(before.set('d', '3').attrs, ['b', '1', 'c', '2', 'd', '3'])
  assert.deepEqual(new Element('a', '', [], []).set('__proto__', '1').attrs, ['__proto__', '1'])
  assert.deepEqual(before.attrs, ['b', '1', 'c', '2'])
  assert.equal(before.set('b', '3').children, before.children)
})
