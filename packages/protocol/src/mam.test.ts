import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Element, tag } from '@meerkat/xml'
import { DataForm, type FormField, parseForm } from './data-form.ts'
import { StanzaError } from './errors.ts'
import { parseJid } from './jid.ts'
import {
  buildMamFields,
  buildMamFin,
  buildMamQuery,
  buildMamResult,
  MAM_NS,
  MAM_V1_NS,
  MamFin,
  MamQuery,
  parseMamFin,
  parseMamQuery,
  parseMamResult,
} from './mam.ts'
import { buildRsmPage, buildRsmRequest } from './rsm.ts'
import { Body, Message } from './stanza.ts'

const everything = {
  ns: MAM_NS,
  queryid: undefined,
  with: undefined,
  start: undefined,
  end: undefined,
  ids: undefined,
  beforeId: undefined,
  afterId: undefined,
  fromId: undefined,
  toId: undefined,
  includeGroupchat: undefined,
  fullText: undefined,
  simple: false,
  flipPage: false,
  rsm: undefined,
}
const badRequest = (error: unknown): boolean =>
  error instanceof StanzaError && error.type === 'modify' && error.condition === 'bad-request'

describe('XEP-0313 §4.1: a query', () => {
  it('without form asks for everything', () => {
    assert.deepEqual(parseMamQuery(MamQuery({})), everything)
    assert.deepEqual(parseMamQuery(buildMamQuery(undefined, [])), everything)
  })

  it('narrows by party, time, ids and page', () => {
    const fields: FormField[] = [
      { var: 'with', value: 'juliet@capulet.lit' },
      { var: 'start', value: '2010-06-07T00:00:00Z' },
      { var: 'end', value: '2010-07-07T13:23:54.000001Z' },
      { var: 'before-id', value: '09af3-cc343-b409f' },
      { var: 'after-id', value: '28482-98726-73623' },
      { var: 'from-id', value: 'first' },
      { var: 'to-id', value: 'last' },
      { var: 'ids', value: ['one', 'two'] },
      { var: 'include-groupchat', value: 'false' },
      { var: 'simple', value: true },
      { var: '{urn:xmpp:fulltext:0}fulltext', value: 'rose' },
    ]
    const query = buildMamQuery('f27', fields, { rsm: buildRsmRequest({ max: 10 }), flipPage: true })

    assert.deepEqual(parseMamQuery(query), {
      ns: MAM_NS,
      queryid: 'f27',
      with: parseJid('juliet@capulet.lit'),
      start: 1_275_868_800_000_000,
      end: 1_278_509_034_000_001,
      ids: ['one', 'two'],
      beforeId: '09af3-cc343-b409f',
      afterId: '28482-98726-73623',
      fromId: 'first',
      toId: 'last',
      includeGroupchat: false,
      fullText: 'rose',
      simple: true,
      flipPage: true,
      rsm: { max: 10, before: undefined, after: undefined, index: undefined },
    })
  })

  it('XEP-0431: the words to search for, under every name that the field has had; an empty field is none', () => {
    const names = [
      '{urn:xmpp:fulltext:0}fulltext',
      '{https://erlang-solutions.com/}full-text-search',
      'full-text-search',
    ]
    for (const name of names) {
      assert.equal(parseMamQuery(buildMamQuery('q', [{ var: name, value: 'rose' }])).fullText, 'rose', name)
      assert.equal(parseMamQuery(buildMamQuery('q', [{ var: name, value: '' }])).fullText, undefined, name)
    }
  })

  it('§4.1.5: a field that is not known is refused', () => {
    const query = buildMamQuery('q', [{ var: '{http://example.com/}stanza-content', value: 'x' }])
    const refused = (error: unknown) => error instanceof StanzaError && error.condition === 'feature-not-implemented'
    assert.throws(() => parseMamQuery(query), refused)
    assert.deepEqual(parseMamQuery(buildMamQuery(undefined, [{ var: 'opt_count', value: 'true' }])), everything)
  })

  it('of the older namespace is answered in it', () => {
    const query = buildMamQuery('f27', [{ var: 'with', value: 'juliet@capulet.lit' }], { ns: MAM_V1_NS })
    const parsed = parseMamQuery(query)
    assert.equal(parsed.ns, MAM_V1_NS)
    assert.equal(parsed.with?.toString(), 'juliet@capulet.lit')
  })

  it('§4.1: ignores a form that is not of its FORM_TYPE', () => {
    const form = DataForm({ type: 'submit' }, tag('jabber:x:data', 'field')({ var: 'with' }))
    assert.deepEqual(parseMamQuery(MamQuery({}, form)), everything)
  })

  it('S61: malformed addresses, times, flags and page sizes are refused', () => {
    const wrong: [string, string][] = [
      ['with', '@capulet.lit'],
      ['start', '2010-02-30T00:00:00Z'],
      ['end', "' OR 1=1 --"],
      ['include-groupchat', 'maybe'],
      ['simple', 'yes'],
    ]
    for (const [name, value] of wrong) {
      assert.throws(() => parseMamQuery(buildMamQuery('q', [{ var: name, value }])), badRequest, name)
    }
    const max = new Element('max', 'http://jabber.org/protocol/rsm', [], ['-1'])
    const rsm = new Element('set', 'http://jabber.org/protocol/rsm', [], [max])
    assert.throws(() => parseMamQuery(buildMamQuery('q', [], { rsm })), badRequest)
  })

  it('§4.1.5: the fields that may be asked depend on the namespace', () => {
    const names = (ns: string) => [...parseForm(buildMamFields(ns, [{ var: 'x' }]).elements()[0]!).values.keys()]
    assert.deepEqual(names(MAM_V1_NS), ['with', 'start', 'end', 'x'])
    assert.deepEqual(names(MAM_NS), ['with', 'start', 'end', 'before-id', 'after-id', 'include-groupchat', 'ids', 'x'])
  })
})

describe('XEP-0313 §4.2: results', () => {
  const message = Message({ from: 'witch@shakespeare.lit', to: 'macbeth@shakespeare.lit' }, Body({}, 'Hail to thee'))
  const archived = { id: '28482-98726-73623', queryid: 'f27', message, stamp: 1_278_750_525_000_000 }

  it('carry the message, its id and when it was sent', () => {
    for (const ns of [MAM_NS, MAM_V1_NS]) {
      const outer = Message({ to: 'macbeth@shakespeare.lit' }, buildMamResult(archived, ns))
      assert.deepEqual(parseMamResult(outer, ns), archived)
      assert.equal(outer.elements()[0]?.ns, ns)
    }
  })

  it('are only read when whole', () => {
    assert.equal(parseMamResult(Message({})), undefined)
    assert.equal(parseMamResult(Message({}, buildMamResult(archived).with({ id: undefined }))), undefined)
    assert.equal(parseMamResult(Message({}, buildMamResult(archived).withChildren([]))), undefined)
  })
})

describe('XEP-0313 §4.4: the end of a page', () => {
  it('says whether it was the last one', () => {
    const page = { first: '28482', index: 0, last: '09af3', count: 20 }
    const fin = buildMamFin({ complete: true, stable: false }, buildRsmPage(page))
    assert.deepEqual(fin, MamFin({ complete: 'true', stable: 'false' }, buildRsmPage(page)))
    assert.deepEqual(parseMamFin(fin), { complete: true, stable: false, queryid: undefined, page })
  })

  it('leaves out what is so by default', () => {
    const fin = buildMamFin({ complete: false }, buildRsmPage({ count: 0 }))
    assert.deepEqual(fin.attrs, [])
    assert.equal(parseMamFin(fin).complete, false)
    assert.equal(parseMamFin(fin).stable, true)
  })
})
