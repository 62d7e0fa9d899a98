import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Element, parseElement } from '@meerkat/xml'
import { buildRegister, parseRegister, RegisterQuery } from './register.ts'

const child = (name: string, ...words: string[]): Element => new Element(name, 'jabber:iq:register', [], words)

test('XEP-0077 §3.1: a server names the fields that it wants', () => {
  const query = buildRegister({
    instructions: 'Choose!',
    fields: new Map([
      ['username', ''],
      ['password', ''],
    ]),
  })

  assert.deepEqual(query, RegisterQuery({}, child('instructions', 'Choose!'), child('username'), child('password')))
  assert.deepEqual([...parseRegister(query).fields.keys()], ['username', 'password'])
  assert.equal(parseRegister(query).instructions, 'Choose!')
})

test('XEP-0077 §3.1: a client fills them in', () => {
  const fields = new Map([
    ['username', 'bill'],
    ['password', 'Calliope'],
  ])
  assert.deepEqual(parseRegister(buildRegister({ fields })), {
    fields,
    instructions: undefined,
    registered: false,
    remove: false,
  })
})

test('XEP-0077 §3.2: <remove/> and <registered/> are no fields', () => {
  const query = buildRegister({ remove: true, registered: true })
  assert.deepEqual(query, RegisterQuery({}, child('registered'), child('remove')))
  assert.deepEqual(parseRegister(query), { fields: new Map(), instructions: undefined, registered: true, remove: true })
})

test('S14: a field called __proto__ is a field', () => {
  const { fields } = parseRegister(
    RegisterQuery({}, child('__proto__', 'x'), new Element('username', 'urn:other', [], ['y'])),
  )
  assert.deepEqual([...fields], [['__proto__', 'x']])
})

test('XEP-0077 §4: a form goes before the fields, and only one that was filled in', () => {
  const form = (type: string) =>
    parseElement(`<query xmlns='jabber:iq:register'><username>bob</username><x xmlns='jabber:x:data' type='${type}'>
      <field type='hidden' var='FORM_TYPE'><value>jabber:iq:register</value></field>
      <field type='text-single' var='username'><value>bill</value></field>
      <field type='text-private' var='password'><value>Calliope</value></field></x></query>`)
  assert.deepEqual(Object.fromEntries(parseRegister(form('submit')).fields), { username: 'bill', password: 'Calliope' })
  assert.deepEqual(Object.fromEntries(parseRegister(form('form')).fields), { username: 'bob' })
})
