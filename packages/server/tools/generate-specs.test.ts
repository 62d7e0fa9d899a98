import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement } from '@meerkat/xml'
import { defineModule, rfc, xep } from '../src/core/module.ts'
import { doap, followed, merged, specsPage } from './generate-specs.ts'

const ping = defineModule({
  key: 'mod_ping',
  summary: '',
  specs: [xep(9999, '1.0', { note: 'a <b> & c' }), rfc(1, { status: 'partial' })],
  start: () => ({}),
})

test('what modules and listeners declare is found with its file, and listed', () => {
  const all = followed([ping])
  const mine = all.filter(({ part }) => part === 'mod_ping')
  assert.deepEqual(
    mine.map(({ name, file }) => [name, file]),
    [
      ['RFC 1', 'packages/server/src/modules/ping.ts'],
      ['XEP-9999', 'packages/server/src/modules/ping.ts'],
    ],
  )
  assert.equal(all.find(({ name }) => name === 'RFC 7395')?.part, 'WebSocket')
  const page = specsPage(mine)
  assert.match(page, /\[RFC 1\]\(https:\/\/www\.rfc-editor\.org\/rfc\/rfc1\) \| {2}\| partial \| mod_ping/)
  assert.match(page, /\[XEP-9999\]\(https:\/\/xmpp\.org\/extensions\/xep-9999\.html\) \| 1\.0 \| complete/)
})

test('a file that is not there is told', () => {
  const lost = { ...ping, specs: [xep(1, '1.0', { file: 'nowhere.ts' })] }
  assert.throws(
    () => followed([lost]),
    /mod_ping: XEP-0001 is said to be in .*modules\/nowhere\.ts, which is not there/,
  )
})

test('DOAP has each XEP once, with what all parts say of it', () => {
  const at = { part: 'p', file: 'f' }
  const all = [
    { ...xep(359, '0.7.0', { status: 'partial', note: 'a' }), ...at },
    { ...xep(359, '0.7.0', { note: 'b & `c`' }), ...at },
    { ...xep(359, '0.7.0', { status: 'partial' }), ...at },
    { ...rfc(6120), ...at },
  ]
  assert.deepEqual(merged(all), [{ name: 'XEP-0359', version: '0.7.0', status: 'complete', note: 'a; b & `c`' }])
  assert.throws(() => merged([...all, { ...xep(359, '0.6'), ...at }]), /XEP-0359 is declared with the versions/)
  const text = doap(all)
  const project = parseElement(text.slice(text.indexOf('<rdf:RDF'))).elements()[0]!
  const last = project.elements().at(-1)!
  assert.equal(last.name, 'implements')
  const told = last.elements()[0]!.elements()
  assert.deepEqual(
    told.map(({ ns, name }) => `${ns}${name}`),
    ['xep', 'version', 'status', 'since', 'note'].map((name) => `https://linkmauve.fr/ns/xmpp-doap#${name}`),
  )
  assert.deepEqual(told[4]!.children, ['a; b & c'])
})
