import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseElement, serialize } from '@meerkat/xml'
import { buildForm } from './data-form.ts'
import { buildSearchFields, buildSearchItems, parseSearch, parseSearchItems } from './search.ts'

const read = (inside: string) => parseSearch(parseElement(`<query xmlns='jabber:iq:search'>${inside}</query>`))
const form = (type: string, inside = '') => `<x xmlns='jabber:x:data' type='${type}'>${inside}</x>`

describe('XEP-0055 §2: searching', () => {
  it('without a form: only the fields of the schema, only those with a value', () => {
    const { values, asForm } = read('<last>Capulet</last><first/><pet>dog</pet>')
    assert.deepEqual([[...values], asForm], [[['last', 'Capulet']], false])
  })

  it('§3: with a form: any field, the form type is none', () => {
    const gender = "<field var='x-gender'><value>male</value></field><field var='last'><value/></field>"
    const type = "<field type='hidden' var='FORM_TYPE'><value>jabber:iq:search</value></field>"
    const { values, asForm } = read(form('submit', type + gender))
    assert.deepEqual([[...values], asForm], [[['x-gender', 'male']], true])
    assert.throws(() => read(form('form')), { condition: 'bad-request' })
    assert.throws(() => read(form('submit', gender + gender)), { condition: 'bad-request' })
  })

  it('MongooseIM: a nameless field asks for nothing, no form and no field is no search', () => {
    assert.deepEqual([...read(form('submit', '<field/>')).values], [])
    for (const query of ['', '<pet>dog</pet>', "<x type='submit'/>"])
      assert.throws(() => read(query), { type: 'modify', condition: 'bad-request' })
  })

  it('the fields are told with and without a form', () => {
    const fields = buildSearchFields('Fill in.', buildForm({ type: 'form' }, []))
    const expected = `<query xmlns='jabber:iq:search'><instructions>Fill in.</instructions>
      <first/><last/><nick/><email/>${form('form')}</query>`.replaceAll(/\n\s*/g, '')
    assert.equal(serialize(fields), serialize(parseElement(expected)))
  })

  it('what was found, and what was not', () => {
    const juliet = new Map([
      ['jid', 'juliet@capulet.com'],
      ['first', 'Juliet'],
      ['last', 'Capulet'],
      ['nick', 'JuliC'],
      ['email', ''],
    ])
    const answer = buildSearchItems([juliet])
    const expected = `<query xmlns='jabber:iq:search'><item jid='juliet@capulet.com'>
      <first>Juliet</first><last>Capulet</last><nick>JuliC</nick><email/></item></query>`.replaceAll(/\n\s*/g, '')
    assert.equal(serialize(answer), serialize(parseElement(expected)))
    assert.deepEqual(parseSearchItems(answer), [juliet])
    assert.deepEqual(buildSearchItems([]).children, [])
  })
})
