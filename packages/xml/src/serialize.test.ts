import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Element,
  STREAMS_NS,
  escapeAttribute,
  escapeText,
  isXmlText,
  parseElement,
  serialize,
  serializeHeader,
  serializeInStream,
  tag,
} from './index.ts'

const Message = tag('jabber:client', 'message')
const Body = tag('jabber:client', 'body')
const Ping = tag('urn:xmpp:ping', 'ping')

test('the default namespace is declared where it changes', () => {
  const message = Message({ to: 'a@b' }, Body({}, 'hi'), Ping({}, Body()))
  const inner = `<body>hi</body><ping xmlns='urn:xmpp:ping'><body xmlns='jabber:client'/></ping></message>`
  assert.equal(serialize(message), `<message xmlns='jabber:client' to='a@b'>${inner}`)
  assert.equal(serialize(message, 'jabber:client'), `<message to='a@b'>${inner}`)
  assert.equal(serialize(tag('', 'a')(), 'b'), `<a xmlns=''/>`)
})

test('RFC 6120 §4.8.5: features and errors get the prefix in a stream, and leave the default as it is', () => {
  const features = tag(STREAMS_NS, 'features')({}, tag('urn:b', 'bind')(), Body())
  assert.equal(serializeInStream(features), `<stream:features><bind xmlns='urn:b'/><body/></stream:features>`)
  assert.equal(
    serialize(features),
    `<features xmlns='${STREAMS_NS}'><bind xmlns='urn:b'/><body xmlns='jabber:client'/></features>`,
  )
  assert.equal(serializeInStream(Message(), 'jabber:server'), `<message xmlns='jabber:client'/>`)
})

test('RFC 6120 §4.7: the header', () => {
  const header = new Element('stream', STREAMS_NS, ['id', `a'b`, 'xml:lang', 'de'], [])
  const text = `<stream:stream xmlns='jabber:client' xmlns:stream='${STREAMS_NS}' id='a&apos;b' xml:lang='de'>`
  assert.equal(serializeHeader(header, 'jabber:client'), text)
})

test('attributes in a namespace get a prefix of their own', () => {
  const element = new Element('a', 'n', ['b', '1', '{urn:x}b', '2', '{urn:y}c', '3', 'xml:lang', 'en'], [])
  const text = `<a xmlns='n' b='1' xmlns:a1='urn:x' a1:b='2' xmlns:a2='urn:y' a2:c='3' xml:lang='en'/>`
  assert.equal(serialize(element), text)
  assert.deepEqual(parseElement(text), element)
})

test('S13: what a reader could take for markup, or change, is escaped', () => {
  assert.equal(escapeText(`<&>"'\r\n\t]]>`), `&lt;&amp;&gt;"'&#13;\n\t]]&gt;`)
  assert.equal(escapeAttribute(`<&>"'\r\n\t`), '&lt;&amp;&gt;&quot;&apos;&#13;&#10;&#9;')
  assert.equal(escapeText('plain \u{1F339} text'), 'plain \u{1F339} text')
})

test('S13: long values are escaped and checked all through', () => {
  for (const length of [0, 12, 13, 1023, 1024, 1025, 5000]) {
    const plain = 'x'.repeat(length)
    assert.equal(escapeText(plain), plain)
    assert.equal(escapeText(`${plain}<${plain}`), `${plain}&lt;${plain}`)
    assert.equal(escapeAttribute(`${plain}'${plain}`), `${plain}&apos;${plain}`)
    assert.equal(escapeText(`${plain}'\n${plain}`), `${plain}'\n${plain}`)
    assert.equal(escapeText(`${plain}\u{1F339}&`), `${plain}\u{1F339}&amp;`)
    assert.throws(() => escapeText(`${plain}\u0007${plain}`), { condition: 'not-well-formed' })
    assert.throws(() => escapeText(`${plain}\uD83C`), { condition: 'not-well-formed' })
  }
})

test('S11: what XML cannot carry is refused, in text, attributes and namespaces', () => {
  for (const bad of ['\0', '\u000B', '\uD800', 'a\uDC00b', '\uFFFE', '\uFFFF', '\uDC00\uD800']) {
    assert.equal(isXmlText(bad), false)
    assert.throws(() => serialize(Body({}, bad)), { condition: 'not-well-formed' })
    assert.throws(() => serialize(Body({ a: bad })), { condition: 'not-well-formed' })
    assert.throws(() => serialize(tag(bad, 'a')()), { condition: 'not-well-formed' })
  }
  assert.equal(isXmlText('a\t\r\n\u{10FFFF}\u0085\uFFFD'), true)
})

test('S12, S13: names that our own parser refuses are never printed', () => {
  for (const name of ['', 'a b', 'a:b', '1a', 'a>', 'a/', '<', "a='b'", '\uD800']) {
    assert.throws(() => serialize(new Element(name, '', [], [])), { condition: 'not-well-formed' }, name)
  }
  for (const name of ['', 'a b', 'a:b', '1a', 'xmlns', 'xmlns:a', 'xml:', 'xml:a:b', '{}a', '{a}', '{a}b:c', '{a']) {
    assert.throws(() => serialize(new Element('a', '', [name, ''], [])), { condition: 'not-well-formed' }, name)
  }
  const many = Array.from({ length: 100 }, (_, i) => [`b${i}`, '']).flat()
  assert.equal(parseElement(serialize(new Element('a', '', many, []))).attrs.length, 200)
  for (const attrs of [
    ['b', '1', 'b', '2'],
    [...many, 'b7', ''],
  ]) {
    assert.throws(() => serialize(new Element('a', '', attrs, [])), { condition: 'not-well-formed' })
  }
  assert.throws(() => serialize(new Element('a', 'http://www.w3.org/2000/xmlns/', [], [])), {
    condition: 'not-well-formed',
  })
})

test('S12: what was parsed as plain text is escaped where it is an attribute', () => {
  const text = `it's "fine", they say`
  const parsed = parseElement(`<a>${text}</a>`)
  const other = new Element('a', '', ['b', text], [])
  const escaped = `<a b='it&apos;s &quot;fine&quot;, they say'/>`
  assert.deepEqual([serialize(parsed), serialize(other)], [`<a>${text}</a>`, escaped])
  // Nor is an attribute's value taken for plain text.
  const value = 'longer than a few & more'
  parseElement(`<a b='longer than a few &amp; more' c='another of that kind'>${text}</a>`)
  assert.equal(serialize(new Element('a', '', [], [value])), '<a>longer than a few &amp; more</a>')
})

test('S7: a flood of names does not stay in memory, and names stay valid', () => {
  for (let i = 0; i < 10_000; i++) assert.equal(serialize(new Element(`n${i}`, '', [], [])), `<n${i}/>`)
  assert.throws(() => serialize(new Element('n 1', '', [], [])), { condition: 'not-well-formed' })
})
