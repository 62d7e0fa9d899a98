import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Element, tag } from '@meerkat/xml'
import fc from 'fast-check'
import {
  buildForm,
  buildFormTable,
  DataForm,
  findForm,
  parseForm,
  parseFormBoolean,
  parseFormRows,
} from './data-form.ts'
import { StanzaError } from './errors.ts'

const NS = 'jabber:x:data'
const value = (words: string): Element => new Element('value', NS, [], words === '' ? [] : [words])
const field = (attributes: Record<string, string>, ...values: string[]): Element =>
  tag(NS, 'field')(attributes, ...values.map(value))
const badRequest = (error: unknown): boolean => error instanceof StanzaError && error.condition === 'bad-request'

describe('XEP-0004: reading', () => {
  it('§3.2: a submission is names with their values, in order', () => {
    const form = parseForm(
      DataForm(
        { type: 'submit' },
        field({ var: 'FORM_TYPE', type: 'hidden' }, 'jabber:bot'),
        field({ var: 'botname' }, 'The Jabber Bot'),
        field({ var: 'features' }, 'news', 'search'),
        field({ var: 'description' }, ''),
        field({ var: 'empty' }),
      ),
    )

    assert.equal(form.type, 'submit')
    assert.equal(form.formType, 'jabber:bot')
    assert.deepEqual(
      [...form.values],
      [
        ['botname', ['The Jabber Bot']],
        ['features', ['news', 'search']],
        ['description', ['']],
        ['empty', []],
      ],
    )
  })

  it('§3.2: a field needs a name that no other has, unless it is fixed text', () => {
    const submit = (...fields: Element[]) => parseForm(DataForm({ type: 'submit' }, ...fields))

    assert.throws(() => submit(field({}, 'x')), badRequest)
    assert.throws(() => submit(field({ var: '' }, 'x')), badRequest)
    assert.throws(() => submit(field({ var: 'a' }, 'x'), field({ var: 'a' }, 'y')), badRequest)
    assert.equal(submit(field({ type: 'fixed' }, 'Section 1')).values.size, 0)
  })

  it('§3.1: a form has one of four types', () => {
    assert.throws(() => parseForm(DataForm({})), badRequest)
    assert.throws(() => parseForm(DataForm({ type: 'toString' })), badRequest)
    assert.equal(parseForm(DataForm({ type: 'cancel' })).type, 'cancel')
  })

  it('S14: names such as __proto__ are names like any other', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
    const { values } = parseForm(DataForm({ type: 'submit' }, ...names.map((name) => field({ var: name }, name))))

    assert.deepEqual([...values.keys()], names)
    assert.deepEqual(values.get('__proto__'), ['__proto__'])
    assert.equal(({} as Record<string, unknown>)['0'], undefined)
    assert.equal(values.get('valueOf'), undefined)
  })

  it('XEP-0068: finds the form of a type among others', () => {
    const [one, other] = ['urn:one', 'urn:other'].map((formType) => buildForm({ type: 'submit', formType }, []))
    const parent = tag('urn:example', 'query')({}, DataForm({ type: 'submit' }), one, other)

    assert.equal(findForm(parent, 'urn:other'), other)
    assert.equal(findForm(parent, 'urn:third'), undefined)
    assert.equal(findForm(parent)?.children.length, 0)
  })

  it('§3.3: booleans have two spellings each', () => {
    assert.deepEqual(['1', 'true', '0', 'false'].map(parseFormBoolean), [true, true, false, false])
    for (const words of [undefined, '', 'TRUE', 'yes', '2']) assert.equal(parseFormBoolean(words), undefined)
  })
})

describe('XEP-0004: building', () => {
  it('§3.2: a form says what its fields mean', () => {
    const form = buildForm({ type: 'form', formType: 'urn:f', title: 'Bot', instructions: 'Fill out!' }, [
      { var: 'public', type: 'boolean', label: 'Public?', value: true },
      {
        var: 'max',
        type: 'list-single',
        desc: 'How many',
        required: true,
        value: '20',
        options: [{ value: '20', label: 'twenty' }],
      },
    ])

    const words = (name: string, content: string): Element => new Element(name, NS, [], [content])
    const list = tag(NS, 'field')(
      { var: 'max', type: 'list-single' },
      words('desc', 'How many'),
      new Element('required', NS, [], []),
      words('value', '20'),
      tag(NS, 'option')({ label: 'twenty' }, words('value', '20')),
    )
    assert.deepEqual(
      form,
      DataForm(
        { type: 'form' },
        words('title', 'Bot'),
        words('instructions', 'Fill out!'),
        field({ var: 'FORM_TYPE', type: 'hidden' }, 'urn:f'),
        field({ var: 'public', type: 'boolean', label: 'Public?' }, '1'),
        list,
      ),
    )
  })

  it('§3.4: a table has columns and rows', () => {
    const rows = [
      new Map([['jid', ['a@b']]]),
      new Map([
        ['jid', ['c@d']],
        ['nick', ['c']],
      ]),
    ]
    const table = buildFormTable(
      'urn:search',
      [
        { var: 'jid', label: 'JID' },
        { var: 'nick', label: 'Nick' },
      ],
      rows,
    )

    assert.deepEqual(parseFormRows(table), rows)
    assert.equal(tag(NS, 'reported').in(table)?.children.length, 2)
  })

  it('what was built is read back, whatever names and values', () => {
    const fields = fc.uniqueArray(fc.record({ var: fc.string({ minLength: 1 }), value: fc.array(fc.string()) }), {
      selector: (one) => one.var,
    })
    fc.assert(
      fc.property(fields, (all) => {
        const plain = all.filter((one) => one.var !== 'FORM_TYPE')
        const { values } = parseForm(buildForm({ type: 'submit', formType: 'urn:f' }, plain))
        assert.deepEqual(
          [...values],
          plain.map((one) => [one.var, one.value]),
        )
      }),
    )
  })
})
