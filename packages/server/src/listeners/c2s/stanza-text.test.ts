import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Body, Message, STREAMS_NS, StreamError, StreamFeatures } from '@meerkat/protocol'
import { parseElement, tag } from '@meerkat/xml'
import { standaloneText } from './stanza-text.ts'

test('RFC 7395 §3.3.3: every namespace is declared', () => {
  assert.equal(standaloneText(Message({}, Body({}, 'hi'))), `<message xmlns='jabber:client'><body>hi</body></message>`)
  const within = tag('urn:example', 'x')({}, Body())
  assert.equal(standaloneText(within), `<x xmlns='urn:example'><body xmlns='jabber:client'/></x>`)
})

test('features and errors of a stream have their prefix and are what they were', () => {
  for (const element of [StreamFeatures(), StreamFeatures({}, Body()), new StreamError('reset', 'why').toElement()]) {
    const text = standaloneText(element)
    assert.ok(text.startsWith(`<stream:${element.name} xmlns:stream='${STREAMS_NS}'`), text)
    assert.deepEqual(parseElement(text), element)
  }
})
