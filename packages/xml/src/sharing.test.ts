/** Streams share scanners between their stanzas: whatever one does, another must not notice. */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { STREAMS_NS, StreamParser, XmlError, serialize } from './index.ts'

const ROOTS = [
  `<stream:stream xmlns='jabber:client' xmlns:stream='${STREAMS_NS}'>`,
  `<stream:stream xmlns='jabber:client' xmlns:stream='${STREAMS_NS}' xmlns:p='urn:first'>`,
  `<stream:stream xmlns='jabber:client' xmlns:stream='${STREAMS_NS}' xmlns:p='urn:second'>`,
  `<s:stream xmlns='jabber:server' xmlns:s='${STREAMS_NS}' xmlns:stream='${STREAMS_NS}'>`,
  `<open xmlns='urn:third'>`,
]
const STANZAS = [
  `<message to='a'><body>one &amp; two</body></message>`,
  `<iq p:type='get' xmlns:p='urn:own'><p:query/></iq>`,
  `<p:unbound/>`,
  `<a xmlns='b'><c/>text<c xmlns=''/></a>`,
  `<iq a='1' a='2'/>`,
  ' \n',
  `</stream:stream>`,
  `<!-- -->`,
]

/** What a stream's parser tells, its end included. */
function listener() {
  const log: string[] = []
  const parser = new StreamParser({
    open: (header, defaultNs) => log.push(`open ${header.name} ${defaultNs}`),
    element: (element) => log.push(serialize(element, 'jabber:client')),
    close: () => log.push('close'),
  })
  const noting = (act: () => void): void => {
    try {
      act()
    } catch (error) {
      log.push(error instanceof XmlError ? error.condition : String(error))
    }
  }
  const write = (bytes: Buffer): void => noting(() => parser.write(bytes))
  /** By way of memory that others use as soon as this returns. */
  const writeLent = (bytes: Buffer): void => {
    bytes.copy(memory)
    noting(() => parser.write(memory, bytes.length))
    memory.fill('<')
  }
  const resume = (): void => noting(() => parser.resume())
  return { log, parser, write, writeLent, resume }
}

const memory = Buffer.alloc(4096, '<')

const stream = fc
  .tuple(fc.constantFrom(...ROOTS), fc.array(fc.constantFrom(...STANZAS), { maxLength: 6 }))
  .map(([root, stanzas]) => Buffer.from(root + stanzas.join('')))

test('streams in any mixture of pieces tell what each of them alone tells', () => {
  const scenes = fc.tuple(
    fc.array(stream, { minLength: 2, maxLength: 5 }),
    fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 60 })), { maxLength: 60 }),
  )
  fc.assert(
    fc.property(scenes, ([streams, turns]) => {
      const alone = streams.map((bytes) => {
        const { log, write } = listener()
        write(bytes)
        return log
      })
      const mixed = streams.map((bytes) => ({ ...listener(), rest: bytes }))
      const step = (at: number, length: number): void => {
        const one = mixed[at % mixed.length]!
        one.writeLent(one.rest.subarray(0, length))
        one.rest = one.rest.subarray(length)
      }
      for (const [at, length] of turns) step(at, length)
      for (let at = 0; at < mixed.length; at++) step(at, Infinity)
      // A parser that has failed says so at each write.
      assert.deepEqual(
        mixed.map(({ log }) => withoutRepeats(log)),
        alone.map(withoutRepeats),
      )
    }),
    { numRuns: 500 },
  )
})

const ENDS = new Set(['not-well-formed', 'restricted-xml', 'bad-namespace-prefix', 'invalid-xml', 'policy-violation'])

function withoutRepeats(log: readonly string[]): string[] {
  return log.filter((line, i) => !ENDS.has(line) || line !== log[i - 1])
}

test('lent memory is the caller’s again at once, also where the stream pauses and what follows has to wait', () => {
  const pieces = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 20 })
  fc.assert(
    fc.property(stream, pieces, fc.boolean(), (bytes, lengths, patient) => {
      const alone = listener()
      alone.write(bytes)
      const { log, parser, writeLent, resume } = listener()
      let rest = bytes
      for (const length of [...lengths, Infinity]) {
        parser.pause()
        writeLent(rest.subarray(0, length))
        rest = rest.subarray(length)
        // Each piece alone, or all at the end.
        if (!patient) resume()
      }
      resume()
      assert.deepEqual(withoutRepeats(log), withoutRepeats(alone.log))
    }),
    { numRuns: 300 },
  )
})

test('lent memory: a pause in the middle of what was lent keeps the rest', () => {
  const log: string[] = []
  const parser: StreamParser = new StreamParser({
    open: () => undefined,
    element: (element) => {
      log.push(serialize(element))
      parser.pause()
    },
    close: () => log.push('close'),
  })
  const text = '<a><b>one</b><c>two</c></a>'
  memory.write(text)
  parser.write(memory, text.length)
  memory.fill('<')
  assert.equal(parser.buffered, '<c>two</c></a>'.length)
  parser.resume()
  parser.resume()
  assert.deepEqual(log, ['<b>one</b>', '<c>two</c>', 'close'])
})

test('a stream that is read within the callback of another has a scanner of its own', () => {
  const inner = listener()
  inner.write(Buffer.from(ROOTS[1]!))
  const outer: string[] = []
  const parser = new StreamParser({
    open: () => undefined,
    element: (element) => {
      inner.write(Buffer.from(`<inner p:of='${element.name}'/>`))
      outer.push(element.name)
    },
    close: () => undefined,
  })
  parser.write(Buffer.from(`${ROOTS[2]}<first/><sec`))
  parser.write(Buffer.from(`ond/>`))
  assert.deepEqual(outer, ['first', 'second'])
  assert.equal(inner.log.length, 3)
  assert.match(inner.log[1]!, /urn:first/)
})

test('limits set while a stream rests hold for the next stanza', () => {
  const { log, parser, write } = listener()
  write(Buffer.from(`${ROOTS[0]}<a/>`))
  parser.limits = { elements: 1 }
  write(Buffer.from('<b/><c><d/></c>'))
  assert.deepEqual(log.slice(1), ['<a/>', '<b/>', 'policy-violation'])
  const other = listener()
  other.write(Buffer.from(`${ROOTS[0]}<c><d/></c>`))
  assert.deepEqual(other.log.slice(1), ['<c><d/></c>'])
})

test('the work of a stream is its own', () => {
  const quiet = listener()
  quiet.write(Buffer.from(ROOTS[0]!))
  const before = quiet.parser.work
  const busy = listener()
  busy.write(Buffer.from(`${ROOTS[0]}${'<a/>'.repeat(100)}`))
  quiet.write(Buffer.from('<a/>'))
  assert.equal(quiet.parser.work, before + 4)
})
