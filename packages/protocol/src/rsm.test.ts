import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Element, tag } from '@meerkat/xml'
import fc from 'fast-check'
import { StanzaError } from './errors.ts'
import { buildRsmPage, buildRsmRequest, parseRsmPage, parseRsmRequest, RsmSet } from './rsm.ts'

const Query = tag('urn:example', 'query')
const child = (name: string, words: string): Element => new Element(name, 'http://jabber.org/protocol/rsm', [], [words])
const none = { max: undefined, before: undefined, after: undefined, index: undefined }

describe('XEP-0059 §2: requests', () => {
  it('say how many items are wanted, and where', () => {
    const request = (...children: Element[]) => parseRsmRequest(Query({}, RsmSet({}, ...children)))

    assert.deepEqual(request(child('max', '10')), { ...none, max: 10 })
    assert.deepEqual(request(child('max', '10'), child('after', 'id1')), { ...none, max: 10, after: 'id1' })
    assert.deepEqual(request(child('max', '10'), child('index', '371')), { ...none, max: 10, index: 371 })
    assert.deepEqual(request(child('max', '0')), { ...none, max: 0 })
    assert.deepEqual(request(), none)
    assert.equal(parseRsmRequest(Query()), undefined)
  })

  it('§2.5: an empty <before/> is the last page, an empty <after/> is nothing', () => {
    const before = new Element('before', 'http://jabber.org/protocol/rsm', [], [])
    const after = new Element('after', 'http://jabber.org/protocol/rsm', [], [])
    assert.deepEqual(parseRsmRequest(Query({}, RsmSet({}, before))), { ...none, before: '' })
    assert.deepEqual(parseRsmRequest(Query({}, RsmSet({}, after))), none)
  })

  it('S61: numbers that are none, negative or too large are refused', () => {
    for (const words of ['', '-1', '1.5', '1e3', ' 1', '0x10', '01', 'many', '9007199254740992', '１']) {
      for (const name of ['max', 'index']) {
        assert.throws(
          () => parseRsmRequest(Query({}, RsmSet({}, child(name, words)))),
          (error) => error instanceof StanzaError && error.type === 'modify' && error.condition === 'bad-request',
          `${name} ${words}`,
        )
      }
    }
  })

  it('survive the way out and back', () => {
    const id = fc.option(fc.string({ minLength: 1 }), { nil: undefined })
    const size = fc.option(fc.nat(), { nil: undefined })
    fc.assert(
      fc.property(
        fc.record({ max: size, before: id, after: id, index: size }, { noNullPrototype: true }),
        (request) => {
          assert.deepEqual(parseRsmRequest(Query({}, buildRsmRequest(request))), request)
        },
      ),
    )
    assert.equal(parseRsmRequest(Query({}, buildRsmRequest({ before: '' })))?.before, '')
  })
})

describe('XEP-0059 §2: pages', () => {
  it('name their first and last item, its place, and the size of the whole', () => {
    const page = { first: 'stpeter@jabber.org', index: 0, last: 'peterpan@neverland.lit', count: 800 }
    const set = buildRsmPage(page)

    const first = child('first', 'stpeter@jabber.org').with({ index: '0' })
    assert.deepEqual(set, RsmSet({}, first, child('last', 'peterpan@neverland.lit'), child('count', '800')))
    assert.deepEqual(parseRsmPage(Query({}, set)), page)
  })

  it('§2.7: an empty page has a count only', () => {
    assert.deepEqual(buildRsmPage({ count: 0 }), RsmSet({}, child('count', '0')))
    assert.equal(parseRsmPage(Query()), undefined)
  })
})
