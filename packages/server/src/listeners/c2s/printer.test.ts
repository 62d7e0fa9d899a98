import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, CLIENT_NS, Message, Presence, Status, StreamFeatures } from '@meerkat/protocol'
import { type Element, serialize, serializeInStream, tag } from '@meerkat/xml'
import fc from 'fast-check'
import { printer } from './printer.ts'
import { standaloneText } from './stanza-text.ts'

/** A printer, and the elements that it had to print, by their number of children. */
function counting() {
  const printed: number[] = []
  const print = printer((element) => {
    printed.push(element.children.length)
    return serialize(element, CLIENT_NS)
  })
  return { print, printed }
}

describe('fan-out', () => {
  it('prints an element once, however many it goes to', () => {
    const { print, printed } = counting()
    const message = Message({ to: 'juliet@example.com' }, Body({}, 'hey'))
    assert.deepEqual([...new Set(Array.from({ length: 5 }, () => print(message)))], [serialize(message, CLIENT_NS)])
    assert.deepEqual(printed, [1])
  })

  it('prints what is in an element once, however many addresses it goes to', () => {
    const { print, printed } = counting()
    const presence = Presence({ from: 'juliet@example.com/1' }, Status({}, 'here & there'))
    for (let i = 0; i < 5; i++) {
      const copy = presence.with({ to: `user${i}@example.com` })
      assert.equal(print(copy), serialize(copy, CLIENT_NS))
    }
    // The second copy shows where they differ, which takes a start tag; the others take nothing.
    assert.deepEqual(printed, [1, 0])
  })

  it('finds the address wherever it stands, and in what holds nothing', () => {
    const { print, printed } = counting()
    const presence = Presence({ from: 'juliet@example.com/1', to: 'nobody', id: "'1'" })
    for (const to of ['romeo@example.com', "o'neill@example.com", 'nurse@example.com', 'nurse@example.com']) {
      const copy = presence.set('to', to)
      assert.equal(print(copy), serialize(copy, CLIENT_NS))
    }
    assert.equal(printed.length, 3, 'the first, where they differ, and one that is no copy of another address')
  })

  it('prints a failing element anew', () => {
    const { print } = counting()
    const bad = Message({}, Body({}, '\u0000'))
    for (let i = 0; i < 2; i++) assert.throws(() => print(bad))
    assert.equal(print(Message({ id: '1' })), "<message id='1'/>")
  })
})

const kinds: Readonly<Record<string, (element: Element) => string>> = {
  'in a stream': serializeInStream,
  'of a client': (element) => serialize(element, CLIENT_NS),
  'on its own': standaloneText,
}

for (const [name, print] of Object.entries(kinds))
  it(`prints like others ${name}, whatever came before`, () => {
    const text = Body({}, '<&>')
    const roots = [
      Message({ type: 'chat' }, text, tag('urn:a', 'x')({}, tag('urn:b', 'y')())),
      Message({ type: 'chat' }, text),
      Message(),
      tag('urn:a', 'x')({}, text),
      StreamFeatures({}, tag('urn:a', 'x')()),
    ]
    const change = fc.record({ root: fc.nat(roots.length - 1), to: fc.option(fc.constantFrom('a', "b'c", '<d>')) })
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const remembering = printer(print)
        for (const { root, to } of changes) {
          const element = to === null ? roots[root]! : roots[root]!.with({ to })
          assert.equal(remembering(element), print(element))
        }
      }),
    )
  })
