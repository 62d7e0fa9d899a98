import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { Element, type Limits, STREAMS_NS, StreamParser, serialize } from './index.ts'

const HEADER = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='${STREAMS_NS}' to='a.example'>`

/** A parser and the list of what it handed out, as text. */
function listen(limits?: Partial<Limits>, act: (parser: StreamParser, text: string) => void = () => {}) {
  const log: string[] = []
  const parser: StreamParser = new StreamParser(
    {
      open(header, defaultNs) {
        log.push(`open ${header.ns} ${header.name} ${header.attrs.join('=')} ${defaultNs}`)
        act(parser, log.at(-1)!)
      },
      element(element) {
        log.push(serialize(element, 'jabber:client'))
        act(parser, log.at(-1)!)
      },
      close() {
        log.push('close')
        act(parser, 'close')
      },
    },
    limits,
  )
  const write = (text: string): void => parser.write(Buffer.from(text))
  return { log, parser, write }
}

const OPENED = `open ${STREAMS_NS} stream to=a.example jabber:client`

test('RFC 6120 §4: a stream is its header, its children and its end', () => {
  const { log, write } = listen()
  write(`${HEADER}<iq id='1'/>\n <message><body>ä&lt;</body></message>`)
  write('</stream:stream>\n')
  assert.deepEqual(log, [OPENED, `<iq id='1'/>`, '<message><body>ä&lt;</body></message>', 'close'])
})

test('an empty root opens and closes', () => {
  const { log, write } = listen()
  write(`<a xmlns='b'/>`)
  assert.deepEqual(log, ['open b a  b', 'close'])
})

test('children inherit the prefixes and the default of the root; their own end with them', () => {
  const { log, write } = listen()
  write(`${HEADER}<stream:features/><a xmlns='b'><c/></a><d/>`)
  assert.deepEqual(log.slice(1), [`<features xmlns='${STREAMS_NS}'/>`, `<a xmlns='b'><c/></a>`, '<d/>'])
})

test('elements before an error in the same chunk are handed out; the parser is dead afterwards', () => {
  const { log, parser, write } = listen()
  assert.throws(() => write(`${HEADER}<a/><b/></c>`), { condition: 'not-well-formed' })
  assert.deepEqual(log, [OPENED, '<a/>', '<b/>'])
  assert.throws(() => write('<d/>'), { condition: 'not-well-formed' })
  assert.throws(() => parser.resume(), { condition: 'not-well-formed' })
  assert.equal(log.length, 3)
})

test('pause stops behind the element and resume goes on', () => {
  const { log, parser, write } = listen({}, (parser, text) => text.startsWith('<a') && parser.pause())
  write(`${HEADER}<a/><b/><a/><c`)
  assert.deepEqual(log, [OPENED, '<a/>'])
  assert.equal(parser.buffered, '<b/><a/><c'.length)
  write('/>')
  parser.resume()
  assert.deepEqual(log, [OPENED, '<a/>', '<b/>', '<a/>'])
  assert.equal(parser.buffered, '<c/>'.length)
  parser.resume()
  assert.deepEqual(log.at(-1), '<c/>')
  assert.equal(parser.buffered, 0)
})

test('an error behind a pause comes with resume', () => {
  const { parser, write } = listen({}, (parser) => parser.pause())
  write('<a><!')
  assert.throws(
    () => {
      parser.resume()
      write('-- -->')
      parser.resume()
    },
    { condition: 'restricted-xml' },
  )
})

test('RFC 6120 §4.3.3: reset in a callback makes what follows a new document', () => {
  const { log, write } = listen({}, (parser, text) => text.startsWith('<auth') && parser.reset())
  write(`${HEADER}<auth/>${HEADER}<iq/></stream:stream>`)
  assert.deepEqual(log, [OPENED, '<auth/>', OPENED, '<iq/>', 'close'])
})

test('reset while paused, and in the middle of an element', () => {
  const { log, parser, write } = listen({}, (parser, text) => text === '<a/>' && parser.pause())
  write(`${HEADER}<a/>`)
  parser.reset()
  parser.resume()
  write(`${HEADER}<b><c>`)
  parser.reset()
  write(`${HEADER}<d/>`)
  assert.deepEqual(log, [OPENED, '<a/>', OPENED, OPENED, '<d/>'])
})

test('S20: what waits behind starttls can be seen and dropped', () => {
  const { log, parser, write } = listen({}, (parser, text) => text.startsWith('<starttls') && parser.pause())
  write(`${HEADER}<starttls/><auth/>`)
  assert.equal(parser.buffered, 7)
  parser.stop()
  assert.equal(parser.buffered, 0)
  parser.resume()
  write('<more/>')
  assert.deepEqual(log, [OPENED, '<starttls/>'])
})

test('stop in a callback, even for an empty root', () => {
  const { log, write } = listen({}, (parser) => parser.stop())
  write(`<a/>`)
  write('<b>')
  assert.deepEqual(log, ['open  a  '])
})

test('a callback may write, and may throw without harm to the parser', () => {
  const { log, parser, write } = listen({}, (parser, text) => {
    if (text === '<a/>') parser.write(Buffer.from('<written/>'))
    if (text === '<b/>') throw new Error('mine')
  })
  assert.throws(() => write(`${HEADER}<a/><b/><c/>`), { message: 'mine' })
  parser.resume()
  write('<d/>')
  assert.deepEqual(log.slice(1), ['<a/>', '<b/>', '<c/>', '<written/>', '<d/>'])
})

test('limits set between elements hold from the next one', () => {
  const { log, parser, write } = listen({ stanzaBytes: 20 })
  write(`${HEADER}<a>${'b'.repeat(13)}</a>`)
  parser.limits = { stanzaBytes: 40 }
  assert.equal(parser.limits.depth, 64)
  write(`<a>${'b'.repeat(33)}</a>`)
  assert.equal(log.length, 3)
  assert.throws(() => write(`<a>${'b'.repeat(34)}</a>`), { condition: 'policy-violation' })
})

test('white space between stanzas has no limit and costs no memory', () => {
  const { log, parser, write } = listen({ stanzaBytes: 16, headerBytes: 200 })
  write(HEADER)
  for (let i = 0; i < 1000; i++) write(' \r\n\t'.repeat(64))
  write('<a/>')
  assert.deepEqual(log, [OPENED, '<a/>'])
  assert.equal(parser.buffered, 0)
})

test('S5: an unclosed stanza of a gigabyte ends at the limit, whatever it is in', () => {
  for (const start of ['<a>', `<a b='`, '<a', '<a><![CDATA[', '<a ', '<a>&']) {
    const { parser, write } = listen({ stanzaBytes: 8192 })
    write(HEADER + start)
    const chunk = Buffer.alloc(1000, start === '<a ' ? ' ' : 'x')
    let written = 0
    assert.throws(
      () => {
        for (; written < 1e9; written += chunk.length) parser.write(chunk)
      },
      { condition: 'policy-violation' },
    )
    assert.ok(written <= 8192, `${start}: ${written}`)
    assert.equal(parser.buffered, 0)
  }
})

test('S5, S15: work is linear in the bytes, whatever the size of the chunks', () => {
  const inputs = [
    `<a>${'b'.repeat(50_000)}</a>`,
    `<a>${'>'.repeat(50_000)}</a>`,
    `<a>${']'.repeat(50_000)}</a>`,
    `<a>${'&amp;'.repeat(10_000)}</a>`,
    `<a b='${'ü'.repeat(25_000)}'/>`,
    `<a><![CDATA[${']]'.repeat(25_000)}]]></a>`,
    `<${'a'.repeat(50_000)}/>`,
    `<a>${'<b c="d"/>'.repeat(5000)}</a>`,
  ]
  for (const input of inputs) {
    for (const size of [1, 3, 1400]) {
      const { log, parser, write } = listen({ elements: 10_000 })
      write(HEADER)
      const bytes = Buffer.from(input)
      for (let at = 0; at < bytes.length; at += size) parser.write(bytes.subarray(at, at + size))
      assert.equal(log.length, 2)
      assert.ok(parser.work < 20 * bytes.length + 10_000, `${input.slice(0, 20)} by ${size}: ${parser.work}`)
    }
  }
})

test('S8: deep trees are built and printed without recursion', () => {
  const depth = 100_000
  const { log, write } = listen({ depth: Infinity, elements: Infinity, stanzaBytes: Infinity })
  write(HEADER)
  write('<a>'.repeat(depth) + '</a>'.repeat(depth))
  assert.equal(log[1]!.length, depth * 7 - 3)
})

test('S14: names such as __proto__ are plain data', () => {
  let found: Element | undefined
  const parser = new StreamParser({ open() {}, element: (element) => void (found = element), close() {} })
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
  const attrs = names.map((name) => `${name}='${name}' xmlns:${name}='${name}' ${name}:${name}=''`).join(' ')
  parser.write(
    Buffer.from(
      `<r>${names
        .map((name) => `<${name} ${attrs}/>`)
        .join('')
        .replace(/^/, '<s>')}</s>`,
    ),
  )
  assert.deepEqual(
    found?.elements().map((child) => child.name),
    names,
  )
  const first = found.elements()[0]!
  for (const name of names) assert.equal(first.attr(name), name)
  for (const name of names) assert.equal(first.attr(`{${name}}${name}`), '')
  assert.equal(first.attr('valueOf'), undefined)
  assert.equal(({} as Record<string, unknown>)['constructor'], Object)
})

test('bytes may come as any Uint8Array and are not changed', () => {
  const { log, parser } = listen()
  const bytes = new TextEncoder().encode(`..${HEADER}<a b='ü'/>..`)
  const before = bytes.slice()
  parser.write(bytes.subarray(2, bytes.length - 2))
  assert.deepEqual(log, [OPENED, `<a b='ü'/>`])
  assert.deepEqual(bytes, before)
})

test('XML 1.0 §2.11, §3.3.3: line breaks are normalised, references to them are not', () => {
  let found: Element | undefined
  const parser = new StreamParser({ open() {}, element: (element) => void (found = element), close() {} })
  for (const byte of Buffer.from(`<r><a b='1\r\n2\t3\r4&#13;&#9;'>1\r\n2\r3&#xD;<![CDATA[\r]]></a>`)) {
    parser.write(Buffer.of(byte))
  }
  assert.equal(found?.attr('b'), '1 2 3 4\r\t')
  assert.deepEqual(found.children, ['1\n2\n3\r\n'])
})

test('text around CDATA sections is one node, an empty section none', () => {
  let found: Element | undefined
  const parser = new StreamParser({ open() {}, element: (element) => void (found = element), close() {} })
  parser.write(Buffer.from('<r><a>b<![CDATA[<c>&amp;]]>d<e/><![CDATA[]]></a>'))
  assert.deepEqual(found?.children, ['b<c>&amp;d', new Element('e', '', [], [])])
})

test('S7: elements are counted for each stanza, against the limits of that stanza', () => {
  const { log, parser, write } = listen({ elements: 3 })
  write(HEADER)
  for (let i = 0; i < 5; i++) write('<a><b/><c/></a>')
  assert.equal(log.length, 6)
  parser.limits = { elements: 4 }
  write('<a><b/><c/><d/></a>')
  assert.equal(log.length, 7)
  assert.throws(() => write('<a><b/><c/><d/><e/></a>'), { condition: 'policy-violation' })
})
