import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildForm } from './data-form.ts'
import {
  buildDiscoInfo,
  buildDiscoItems,
  DiscoFeature,
  DiscoIdentity,
  DiscoInfo,
  DiscoItem,
  DiscoItems,
  parseDiscoInfo,
  parseDiscoItems,
} from './disco.ts'
import { buildRsmPage } from './rsm.ts'

describe('XEP-0030 §3: information', () => {
  const form = buildForm({ type: 'result', formType: 'http://jabber.org/network/serverinfo' }, [])

  it('is identities, features and forms', () => {
    const info = buildDiscoInfo({
      node: 'n',
      identities: [
        { category: 'conference', type: 'text', name: 'Play-Specific Chatrooms' },
        { category: 'directory', type: 'chatroom', name: 'Räume', lang: 'de' },
      ],
      features: ['vcard-temp', 'jabber:iq:version'],
      forms: [form],
    })

    assert.deepEqual(
      info,
      DiscoInfo(
        { node: 'n' },
        DiscoIdentity({ category: 'conference', type: 'text', name: 'Play-Specific Chatrooms' }),
        DiscoIdentity({ category: 'directory', type: 'chatroom', name: 'Räume', 'xml:lang': 'de' }),
        DiscoFeature({ var: 'vcard-temp' }),
        DiscoFeature({ var: 'jabber:iq:version' }),
        form,
      ),
    )
    assert.deepEqual(buildDiscoInfo(parseDiscoInfo(info)), info)
  })

  it('§3.1: names a feature once', () => {
    const info = buildDiscoInfo({ identities: [], features: ['a', 'b', 'a'] })
    assert.deepEqual(parseDiscoInfo(info).features, ['a', 'b'])
  })

  it('is read without what lacks its required attributes', () => {
    const info = DiscoInfo({}, DiscoIdentity({ category: 'client' }), DiscoFeature(), DiscoFeature({ var: 'a' }))
    assert.deepEqual(parseDiscoInfo(info), { node: undefined, identities: [], features: ['a'], forms: [] })
  })
})

describe('XEP-0030 §4: items', () => {
  it('are addresses with nodes and names', () => {
    const items = [
      { jid: 'people.shakespeare.lit', node: undefined, name: 'Directory of Characters' },
      { jid: 'catalog.shakespeare.lit', node: 'books', name: undefined },
    ]
    const query = buildDiscoItems(items)

    assert.deepEqual(
      query,
      DiscoItems(
        {},
        DiscoItem({ jid: 'people.shakespeare.lit', name: 'Directory of Characters' }),
        DiscoItem({ jid: 'catalog.shakespeare.lit', node: 'books' }),
      ),
    )
    assert.deepEqual(parseDiscoItems(query.append(DiscoItem({ name: 'nowhere' }))), items)
  })

  it('§4.7: come in pages', () => {
    const page = buildRsmPage({ count: 7 })
    assert.deepEqual(buildDiscoItems([], 'node', page), DiscoItems({ node: 'node' }, page))
  })
})
