import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseElement } from '@meerkat/xml'
import { StanzaError } from './errors.ts'
import { PrivacyQuery, buildPrivacyList, parsePrivacyGet, parsePrivacyItems, parsePrivacySet } from './privacy.ts'

const query = (inner: string) => parseElement(`<query xmlns='jabber:iq:privacy'>${inner}</query>`)
const badRequest = (error: unknown) => error instanceof StanzaError && error.condition === 'bad-request'

describe('XEP-0016 §2.3: asking', () => {
  it('for the names, and for one list', () => {
    assert.equal(parsePrivacyGet(query('')), undefined)
    assert.equal(parsePrivacyGet(query(`<list name='public'/>`)), 'public')
  })

  it('refuses more than one list, none by name, and anything else', () => {
    const three = `<list name='public'/><list name='private'/><list name='special'/>`
    for (const inner of [three, '<list/>', `<list name=''/>`, '<active/>'])
      assert.throws(() => parsePrivacyGet(query(inner)), badRequest, inner)
  })
})

describe('XEP-0016 §2.4 to §2.8: setting', () => {
  it('reads the active and the default list, and that there shall be none', () => {
    assert.deepEqual(parsePrivacySet(query(`<active name='special'/>`)), { what: 'active', name: 'special' })
    assert.deepEqual(parsePrivacySet(query('<active/>')), { what: 'active', name: undefined })
    assert.deepEqual(parsePrivacySet(query(`<default name='special'/>`)), { what: 'default', name: 'special' })
    assert.deepEqual(parsePrivacySet(query('<default/>')), { what: 'default', name: undefined })
  })

  it('§2.6: reads the items by their order, and writes them as they were', () => {
    const list = `<list name='public'>
      <item action='allow' order='68'/>
      <item type='jid' value='Tybalt@EXAMPLE.com' action='deny' order='3'><message/><presence-in/></item>
      <item type='group' value='Enemies' action='deny' order='4'/>
      <item type='subscription' value='none' action='deny' order='5'><iq/><presence-out/></item>
    </list>`
    const change = parsePrivacySet(query(list))
    assert.equal(change.what, 'list')
    const items = change.what === 'list' ? change.items : []
    assert.deepEqual(
      items.map(({ type, value, action, order, kinds }) => [type, value, action, order, kinds.join()]),
      [
        ['jid', 'tybalt@example.com', 'deny', 3, 'message,presence-in'],
        ['group', 'Enemies', 'deny', 4, ''],
        ['subscription', 'none', 'deny', 5, 'iq,presence-out'],
        [undefined, '', 'allow', 68, ''],
      ],
    )
    assert.deepEqual(parsePrivacyItems(buildPrivacyList('public', items)), items)
  })

  it('§2.7: a list without items is to be removed', () => {
    assert.deepEqual(parsePrivacySet(query(`<list name='private'/>`)), { what: 'list', name: 'private', items: [] })
  })

  it('§2.1: refuses two changes at once, and none', () => {
    for (const inner of ['', `<active/><default/>`, `<list name='a'/><list name='b'/>`, '<other/>'])
      assert.throws(() => parsePrivacySet(query(inner)), badRequest, inner)
  })

  it('§2.1: refuses items that mean nothing', () => {
    const items = [
      `<item order='1'/>`,
      `<item action='block' order='1'/>`,
      `<item action='deny'/>`,
      `<item action='deny' order='-1'/>`,
      `<item action='deny' order='1.5'/>`,
      `<item action='deny' order='4294967296'/>`,
      `<item action='deny' order='1'/><item action='allow' order='1'/>`,
      `<item type='jid' action='deny' order='1'/>`,
      `<item type='jid' value='@' action='deny' order='1'/>`,
      `<item type='group' value='' action='deny' order='1'/>`,
      `<item type='subscription' value='remove' action='deny' order='1'/>`,
      `<item type='__proto__' value='x' action='deny' order='1'/>`,
      `<item action='deny' order='1'><presence/></item>`,
      `<item action='deny' order='1'><message xmlns='urn:other'/></item>`,
      `<other action='deny' order='1'/>`,
    ]
    for (const item of items)
      assert.throws(() => parsePrivacySet(query(`<list name='a'>${item}</list>`)), badRequest, item)
  })

  it('refuses names that nobody needs', () => {
    assert.throws(() => parsePrivacySet(query(`<list name='${'a'.repeat(256)}'/>`)), badRequest)
  })
})

it('builds what a push says of a list', () => {
  assert.deepEqual(PrivacyQuery({}, buildPrivacyList('public')), query(`<list name='public'/>`))
})
