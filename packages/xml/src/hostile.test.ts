import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { type Limits, StreamParser, XmlError, type XmlCondition, parseElement } from './index.ts'

const HEADER = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`
const LIMITS: Partial<Limits> = { stanzaBytes: 400, headerBytes: 300, depth: 5, elements: 10, attributes: 6 }

type Input = string | readonly number[]
type Row = readonly [title: string, input: Input, condition: XmlCondition]

const bytesOf = (input: Input): Buffer => (typeof input === 'string' ? Buffer.from(input) : Buffer.from(input))
const around = (...bytes: number[]): number[] => [0x3c, 0x61, 0x3e, ...bytes, 0x3c, 0x2f, 0x61, 0x3e]

function verdict(bytes: Uint8Array, size: number): string {
  const parser = new StreamParser({ open() {}, element() {}, close() {} }, LIMITS)
  try {
    for (let at = 0; at < bytes.length; at += size) parser.write(bytes.subarray(at, at + size))
  } catch (error) {
    assert.ok(error instanceof XmlError, String(error))
    assert.throws(() => parser.write(Buffer.from(' ')), error)
    return error.condition
  }
  return 'accepted'
}

/** Every row, whole and byte by byte: the verdict must not depend on the network. */
function table(rows: readonly Row[], before: string): void {
  for (const [title, input, condition] of rows) {
    test(`${title}: ${condition}`, () => {
      const bytes = Buffer.concat([Buffer.from(before), bytesOf(input)])
      assert.equal(verdict(bytes, bytes.length), condition)
      assert.equal(verdict(bytes, 1), condition)
      assert.equal(verdict(bytes, 7), condition)
    })
  }
}

const WITHIN: Row[] = [
  ['S1: document type in the stream', '<!DOCTYPE a><a/>', 'restricted-xml'],
  ['S1: internal subset within a stanza', '<a><!DOCTYPE b [<!ENTITY c "d">]></a>', 'restricted-xml'],
  ['S1: entity declaration', '<a><!ENTITY b "c"></a>', 'restricted-xml'],
  ['S2: entity of one’s own', '<a>&lol9;</a>', 'restricted-xml'],
  ['S2: entity of one’s own in an attribute', "<a b='&lol9;'/>", 'restricted-xml'],
  ['S2: predefined entity in capitals', '<a>&AMP;</a>', 'restricted-xml'],
  ['S3: external entity', '<a>&xxe;</a>', 'restricted-xml'],
  ['S4: comment between stanzas', '<!-- a -->', 'restricted-xml'],
  ['S4: comment within text', '<a>b<!-- c -->d</a>', 'restricted-xml'],
  ['S4: processing instruction between stanzas', '<?a b?>', 'restricted-xml'],
  ['S4: processing instruction within text', '<a>b<?c d?>e</a>', 'restricted-xml'],
  ['S4: XML declaration within the stream', `<?xml version='1.0'?>`, 'restricted-xml'],
  ['S5, S6: unclosed text', `<a>${'b'.repeat(500)}`, 'policy-violation'],
  ['S5, S6: unclosed attribute', `<a b='${'c'.repeat(500)}`, 'policy-violation'],
  ['S5, S6: unclosed name', `<${'a'.repeat(500)}`, 'policy-violation'],
  ['S5, S6: unclosed attribute name', `<a ${'b'.repeat(500)}`, 'policy-violation'],
  ['S5, S6: unclosed CDATA section', `<a><![CDATA[${'b'.repeat(500)}`, 'policy-violation'],
  ['S5, S6: white space in a tag', `<a ${' '.repeat(500)}`, 'policy-violation'],
  ['S5, S6: white space in an end tag', `<a></a ${' '.repeat(500)}`, 'policy-violation'],
  ['S5, S6: one byte too many', `<a>${'b'.repeat(394)}</a>`, 'policy-violation'],
  ['S7: too many elements', `<a>${'<b/>'.repeat(10)}</a>`, 'policy-violation'],
  ['S7: too many attributes', `<a b='' c='' d='' e='' f='' g='' h=''/>`, 'policy-violation'],
  [
    'S7: too many declarations',
    `<a xmlns:b='b' xmlns:c='b' xmlns:d='b' xmlns:e='b' xmlns:f='b' xmlns='b' g=''/>`,
    'policy-violation',
  ],
  ['S8: too deep', '<a>'.repeat(6), 'policy-violation'],
  ['S11: overlong form', around(0xc0, 0xaf), 'not-well-formed'],
  ['S11: overlong form of three bytes', around(0xe0, 0x80, 0xaf), 'not-well-formed'],
  ['S11: surrogate', around(0xed, 0xa0, 0x80), 'not-well-formed'],
  ['S11: above U+10FFFF', around(0xf4, 0x90, 0x80, 0x80), 'not-well-formed'],
  ['S11: lone continuation', around(0x80), 'not-well-formed'],
  ['S11: sequence cut short', around(0xe2, 0x82), 'not-well-formed'],
  ['S11: byte that is never used', around(0xff), 'not-well-formed'],
  ['S11: U+0000', '<a>\0</a>', 'not-well-formed'],
  ['S11: control character in text', '<a>\u001B</a>', 'not-well-formed'],
  ['S11: control character in an attribute', "<a b='\u0008'/>", 'not-well-formed'],
  ['S11: control character in CDATA', '<a><![CDATA[\u0001]]></a>', 'not-well-formed'],
  ['S11: reference to U+0000', '<a>&#0;</a>', 'not-well-formed'],
  ['S11: reference to a control character', '<a>&#x1F;</a>', 'not-well-formed'],
  ['S11: reference to a surrogate', '<a>&#xD800;</a>', 'not-well-formed'],
  ['S11: reference to U+FFFE', '<a>&#xFFFE;</a>', 'not-well-formed'],
  ['S11: reference above U+10FFFF', '<a>&#x110000;</a>', 'not-well-formed'],
  ['S11: reference of a thousand digits', `<a>&#${'9'.repeat(300)};</a>`, 'not-well-formed'],
  ['S11: U+FFFE', '<a>\uFFFE</a>', 'not-well-formed'],
  ['S11: U+FFFF in an attribute', "<a b='\uFFFF'/>", 'not-well-formed'],
  ['S11: bad UTF-8 in a name', [0x3c, 0xc3, 0x3e], 'not-well-formed'],
  ['S11: bad UTF-8 in an attribute', [...Buffer.from("<a b='"), 0xc3, ...Buffer.from("'/>")], 'not-well-formed'],
  ['S12: prefix without declaration', '<b:a/>', 'bad-namespace-prefix'],
  ['S12: attribute prefix without declaration', "<a b:c='d'/>", 'bad-namespace-prefix'],
  ['S12: prefix of an element that has ended', "<a><b xmlns:c='d'/><c:e/></a>", 'bad-namespace-prefix'],
  ['S12: stream prefix declared anew', "<a xmlns:stream='evil'/>", 'bad-namespace-prefix'],
  ['S12: prefix declared twice', "<a xmlns:b='c' xmlns:b='d'/>", 'not-well-formed'],
  ['S12: default declared twice', "<a xmlns='c' xmlns='d'/>", 'not-well-formed'],
  ['S12: prefix undeclared', "<a xmlns:b=''/>", 'not-well-formed'],
  ['S12: prefix xmlns declared', "<a xmlns:xmlns='b'/>", 'not-well-formed'],
  ['S12: prefix xml bound to another namespace', "<a xmlns:xml='b'/>", 'not-well-formed'],
  [
    'S12: namespace of xml for another prefix',
    "<a xmlns:b='http://www.w3.org/XML/1998/namespace'/>",
    'not-well-formed',
  ],
  ['S12: namespace of xml as default', "<a xmlns='http://www.w3.org/XML/1998/namespace'/>", 'not-well-formed'],
  ['S12: namespace of xmlns as default', "<a xmlns='http://www.w3.org/2000/xmlns/'/>", 'not-well-formed'],
  ['S12: element with the prefix xmlns', '<xmlns:a/>', 'not-well-formed'],
  ['S12: two colons', '<a:b:c/>', 'not-well-formed'],
  ['S12: nothing before the colon', '<:a/>', 'not-well-formed'],
  ['S12: nothing behind the colon', "<a:  xmlns:a='b'/>", 'not-well-formed'],
  ['S12: the same attribute by two prefixes', "<a xmlns:b='x' xmlns:c='x' b:d='' c:d=''/>", 'not-well-formed'],
  ['S13: end tag of another element', '<a><b></a></b>', 'not-well-formed'],
  ['S13: end tag that is longer', '<a></ab>', 'not-well-formed'],
  ['S13: end tag that is shorter', '<ab></a>', 'not-well-formed'],
  ['S13: end tag with another prefix', "<b:a xmlns:b='c' xmlns:d='c'></d:a>", 'not-well-formed'],
  ['S13: end tag with attributes', "<a></a b='c'>", 'not-well-formed'],
  ['S13: space before the name', '< a/>', 'not-well-formed'],
  ['S13: space before the name of an end tag', '<a></ a>', 'not-well-formed'],
  ['S13: space within an empty tag', '<a/ >', 'not-well-formed'],
  ['S13: less-than in an attribute', "<a b='<'/>", 'not-well-formed'],
  ['S13: attribute twice', "<a b='c' b='d'/>", 'not-well-formed'],
  ['S13: attribute without quotes', '<a b=c/>', 'not-well-formed'],
  ['S13: attribute without value', '<a b/>', 'not-well-formed'],
  ['S13: attributes without space', "<a b='c'd='e'/>", 'not-well-formed'],
  ['S13: tag within a tag', '<a <b/>>', 'not-well-formed'],
  ['S13: ]]> in text', '<a>]]></a>', 'not-well-formed'],
  ['S13: bare ampersand', '<a>b & c</a>', 'not-well-formed'],
  ['S13: ampersand before the end', '<a>&</a>', 'not-well-formed'],
  ['S13: reference without name', '<a>&;</a>', 'not-well-formed'],
  ['S13: character reference without digits', '<a>&#;</a>', 'not-well-formed'],
  ['S13: hexadecimal reference without digits', '<a>&#x;</a>', 'not-well-formed'],
  ['S13: capital X in a reference', '<a>&#X41;</a>', 'not-well-formed'],
  ['S13: letter in a decimal reference', '<a>&#4A;</a>', 'not-well-formed'],
  ['S13: digit before a name', '<1a/>', 'not-well-formed'],
  ['S13: hyphen before a name', '<-a/>', 'not-well-formed'],
  ['S13: multiplication sign in a name', '<a×/>', 'not-well-formed'],
  ['S13: slash alone', '</>', 'not-well-formed'],
  ['S13: exclamation mark alone', '<a><!></a>', 'not-well-formed'],
  ['S13: CDATA in small letters', '<a><![cdata[]]></a>', 'not-well-formed'],
  ['S13: CDATA between stanzas', '<![CDATA[ ]]>', 'not-well-formed'],
  ['S13: text between stanzas', '<a/>b', 'invalid-xml'],
  ['S13: reference to a space between stanzas', '&#32;', 'invalid-xml'],
  ['S13: byte order mark within the stream', '\uFEFF', 'invalid-xml'],
  ['S13: something behind the root', '</stream:stream><a/>', 'not-well-formed'],
  ['S13: text behind the root', '</stream:stream>a', 'not-well-formed'],
  ['S14: __proto__ as a prefix', '<__proto__:a/>', 'bad-namespace-prefix'],
  ['S14: __proto__ as an entity', '<a>&__proto__;</a>', 'restricted-xml'],
  ['S14: constructor as an entity', '<a>&constructor;</a>', 'restricted-xml'],
]

const BEFORE: Row[] = [
  ['S1: document type before the root', `<!DOCTYPE a SYSTEM 'b'>`, 'restricted-xml'],
  ['S1: document type behind the declaration', `<?xml version='1.0'?><!DOCTYPE a>`, 'restricted-xml'],
  ['S4: comment before the root', '<!--', 'restricted-xml'],
  ['S4: processing instruction before the root', '<?xml-stylesheet a?>', 'restricted-xml'],
  ['S4: unclosed processing instruction', '<?php ', 'restricted-xml'],
  ['S4: XML declaration behind white space', ` <?xml version='1.0'?>`, 'restricted-xml'],
  ['S5: unclosed header', `<stream:stream ${"a='b' ".repeat(60)}`, 'policy-violation'],
  ['S5: white space for a header', ' '.repeat(301), 'policy-violation'],
  ['S5: endless XML declaration', `<?xml version='${'1'.repeat(300)}`, 'policy-violation'],
  ['S11: UTF-16 with mark', [0xff, 0xfe, 0x3c, 0], 'unsupported-encoding'],
  ['S11: UTF-16 without mark', [0x3c, 0, 0x61, 0], 'not-well-formed'],
  ['S11: another encoding', `<?xml version='1.0' encoding='iso-8859-1'?>`, 'unsupported-encoding'],
  ['S11: UTF-8 with a wrong name', `<?xml version='1.0' encoding='utf8'?>`, 'unsupported-encoding'],
  ['S13: XML 2', `<?xml version='2.0'?>`, 'not-well-formed'],
  ['S13: declaration without version', `<?xml encoding='utf-8'?>`, 'not-well-formed'],
  ['S13: declaration with something else', `<?xml version='1.0' a='b'?>`, 'not-well-formed'],
  ['S13: declaration with standalone=maybe', `<?xml version='1.0' standalone='maybe'?>`, 'not-well-formed'],
  ['S13: declaration in the wrong order', `<?xml version='1.0' standalone='no' encoding='utf-8'?>`, 'not-well-formed'],
  ['S13: declaration without space', `<?xml version='1.0'encoding='utf-8'?>`, 'not-well-formed'],
  ['S13: declaration that ends early', `<?xml version='1.0'>`, 'not-well-formed'],
  ['S13: text before the root', 'GET / HTTP/1.1', 'not-well-formed'],
  ['S13: CDATA before the root', '<![CDATA[', 'not-well-formed'],
  ['S13: end tag first', '</stream:stream>', 'not-well-formed'],
  ['S13: half a byte order mark', [0xef, 0xbb, 0x3c], 'not-well-formed'],
  ['S12: root with a prefix without declaration', '<stream:stream>', 'bad-namespace-prefix'],
]

table(WITHIN, HEADER)
table(BEFORE, '')

test('what is seldom but legal is accepted', () => {
  const legal = [
    '<a><![CDATA[<b>]]]]></a>',
    "<a b = 'c'\n\td\r=\"'\" />",
    '<a></a >',
    '<a>&#x10FFFF;&#65;&lt;&amp;&gt;&quot;&apos;</a>',
    '<a>]] ></a>',
    "<ü·́ xml:lang='de' xml:x=''/>",
    "<xml:a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
    "<a xmlns:stream='http://etherx.jabber.org/streams'/>",
    "<a xmlns:b='c' b:d='' d=''/>",
    "<a xmlns=''><b xmlns='c'/></a>",
    '\u{10000}\u{1FFFE}'.replace(/^/, '<a>').concat('</a>'),
    `<a>${'b'.repeat(393)}</a>`,
  ]
  for (const input of legal)
    for (const size of [1, 5, 1000]) assert.equal(verdict(Buffer.from(HEADER + input), size), 'accepted', input)
})

test('a document must be whole, alone and of sound text', () => {
  for (const input of ['', ' ', '<a>', '<a/><b/>', '<a/>b', '<a>\uD800</a>', '<a/', '</a>', '<a/><']) {
    assert.throws(() => parseElement(input), { condition: 'not-well-formed' }, input)
  }
  assert.equal(parseElement('\uFEFF<?xml version="1.0" encoding="Utf-8" standalone="yes" ?>\n<a/>\n').name, 'a')
  assert.throws(() => parseElement('<a/>', { stanzaBytes: 3 }), { condition: 'policy-violation' })
})
