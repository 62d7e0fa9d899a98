import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Delay,
  DiscoInfo,
  DiscoItems,
  EventItem,
  EventItems,
  Iq,
  OwnerAffiliation,
  OwnerAffiliations,
  Presence,
  Pubsub,
  PubsubEvent,
  PubsubOwner,
  PubsubSubscription,
  PubsubSubscriptions,
  parseDiscoInfo,
  parseDiscoItems,
  parseJid,
} from '@meerkat/protocol'
import { accountRemoved, personalData } from '../../core/module.ts'
import { rostersOf } from '../roster/api.ts'
import { DOMAIN, type Device, type Story } from '../../testing/story.ts'
import {
  JULIET,
  ROMEO,
  TUNE,
  arrive,
  befriend,
  come,
  configure,
  errorOf,
  events,
  idsIn,
  payloadOf,
  publish,
  read,
  subscribe,
  succeeded,
  tune,
  verona,
} from './stage.fixture.ts'
import pubsub from './index.ts'

describe('personal eventing', () => {
  it('XEP-0163 §3: publishing makes the node, and contacts who want it are notified from the bare JID', async (t) => {
    const { juliet, romeo, nurse } = await verona(t)
    await arrive(nurse, `${TUNE}+notify`)
    succeeded(await publish(juliet, TUNE, tune('Introduction'), { id: '1' }))
    const [message] = romeo.received
    assert.equal(message?.attr('from'), JULIET)
    assert.equal(message.attr('to'), `${ROMEO}/orchard`)
    assert.equal(message.attr('type'), 'headline')
    assert.deepEqual(payloadOf(message), tune('Introduction'))
    assert.deepEqual(events(romeo), [`items ${TUNE}: item 1`])
    assert.deepEqual(events(juliet), [`items ${TUNE}: item 1`])
    assert.deepEqual(events(nurse), [])
  })

  it('XEP-0163 §4.3: only resources that want the node are notified', async (t) => {
    const { scene, juliet, romeo } = await verona(t)
    const phone = scene.connect('romeo/phone')
    await arrive(phone, 'http://jabber.org/protocol/mood+notify')
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    assert.deepEqual(events(phone), [])
    assert.deepEqual(events(romeo), [`items ${TUNE}: item 1`])
  })

  it('XEP-0163 §4.3.4: the last item comes with the first presence of a resource, with the time, once', async (t) => {
    const { scene, juliet, romeo } = await verona(t)
    await publish(juliet, TUNE, tune('one'), { id: '1' })
    await publish(juliet, TUNE, tune('two'), { id: '2' })
    romeo.take()
    const phone = scene.connect('romeo/phone')
    await come(phone, `${TUNE}+notify`)
    const message = phone.received.find((stanza) => PubsubEvent.in(stanza) !== undefined)!
    assert.equal(EventItem.in(EventItems.in(PubsubEvent.in(message)!)!)?.attr('id'), '2')
    assert.equal(Delay.in(message)?.attr('from'), JULIET)
    assert.deepEqual(events(phone), [`items ${TUNE}: item 2`])
    await come(phone, `${TUNE}+notify`)
    assert.deepEqual(events(phone), [])
    assert.deepEqual(events(romeo), [])
    await phone.send(Presence({ type: 'unavailable' }))
    await come(phone, `${TUNE}+notify`)
    assert.deepEqual(events(phone), [`items ${TUNE}: item 2`])
  })

  it('XEP-0163 §4.3.4: features that come later bring the last items of what is new', async (t) => {
    const { scene, juliet } = await verona(t)
    await publish(juliet, TUNE, tune('one'), { id: '1' })
    await publish(juliet, 'mood', tune('two'), { id: '2' })
    const phone = scene.connect('romeo/phone')
    await come(phone, `${TUNE}+notify`)
    assert.deepEqual(events(phone), [`items ${TUNE}: item 1`])
    await come(phone, `${TUNE}+notify`, 'mood+notify')
    assert.deepEqual(events(phone), ['items mood: item 2'])
  })

  it('XEP-0163 §4.3.4: a new contact gets the last item, and one who is none any more gets nothing', async (t) => {
    const { scene, juliet, nurse } = await verona(t)
    await arrive(nurse, `${TUNE}+notify`)
    await publish(juliet, TUNE, tune('one'), { id: '1' })
    assert.deepEqual(events(nurse), [])
    await befriend(scene, JULIET, 'nurse@example.com')
    assert.deepEqual(events(nurse), [`items ${TUNE}: item 1`])
    await rostersOf(scene.host)!.put(parseJid(JULIET), parseJid('nurse@example.com'), 'none')
    await publish(juliet, TUNE, tune('two'), { id: '2' })
    assert.deepEqual(events(nurse), [])
  })

  it('XEP-0163 §6.1: service discovery of an account tells of it, and of the nodes that may be read', async (t) => {
    const { juliet, romeo } = await verona(t)
    await publish(juliet, TUNE, tune('x'))
    await publish(juliet, 'secret', tune('x'), { with: { access_model: 'whitelist' } })
    const info = parseDiscoInfo(succeeded(await juliet.request(Iq({ type: 'get', to: JULIET }, DiscoInfo())))!)
    assert.ok(info.identities.some(({ category, type }) => category === 'pubsub' && type === 'pep'))
    for (const feature of [
      'publish-options',
      'auto-create',
      'filtered-notifications',
      'config-node-max',
      'multi-items',
    ])
      assert.ok(info.features.includes(`http://jabber.org/protocol/pubsub#${feature}`), feature)
    const server = parseDiscoInfo(succeeded(await juliet.request(Iq({ type: 'get', to: DOMAIN }, DiscoInfo())))!)
    assert.ok(server.identities.some(({ category, type }) => category === 'pubsub' && type === 'pep'))
    const nodes = async (device: Device) =>
      parseDiscoItems(succeeded(await device.request(Iq({ type: 'get', to: JULIET }, DiscoItems())))!).flatMap(
        ({ node }) => node ?? [],
      )
    assert.deepEqual(await nodes(juliet), [TUNE, 'secret'])
    assert.deepEqual(await nodes(romeo), [TUNE])
    const ask = Iq({ type: 'get', to: JULIET }, DiscoInfo({ node: 'secret' }))
    assert.equal(errorOf(await romeo.request(ask)), 'item-not-found')
    const meta = parseDiscoInfo(succeeded(await juliet.request(ask))!)
    assert.deepEqual(meta.identities[0]?.type, 'leaf')
    assert.equal(meta.forms.length, 1)
    const items = Iq({ type: 'get', to: JULIET }, DiscoItems({ node: TUNE }))
    assert.equal(parseDiscoItems(succeeded(await romeo.request(items))!).length, 1)
  })

  it('items survive a restart of the module', async (t) => {
    const { scene, juliet, romeo } = await verona(t)
    await publish(juliet, TUNE, tune('x'), { id: '1', with: { max_items: 'max' } })
    await subscribe(romeo, JULIET, TUNE)
    await scene.reconfigure(pubsub)
    assert.deepEqual(idsIn(await read(romeo, JULIET, TUNE)), ['1'])
    const own = await romeo.request(Iq({ type: 'get', to: JULIET }, Pubsub({}, PubsubSubscriptions())))
    assert.equal(PubsubSubscription.all(PubsubSubscriptions.in(succeeded(own)!)!).length, 1)
  })
})

describe('publish options', () => {
  it('XEP-0060 §7.1.5: configure a node that is made, and are preconditions for one that is there', async (t) => {
    const { juliet } = await verona(t)
    const options = {
      access_model: 'whitelist',
      max_items: 'max',
      send_last_published_item: 'never',
      persist_items: 'true',
    }
    succeeded(await publish(juliet, 'bookmarks', tune('x'), { with: options }))
    succeeded(await publish(juliet, 'bookmarks', tune('y'), { with: options }))
    const other = await publish(juliet, 'bookmarks', tune('z'), { with: { ...options, access_model: 'open' } })
    assert.equal(errorOf(other), 'conflict precondition-not-met')
    succeeded(await configure(juliet, 'bookmarks', { access_model: 'open' }))
    succeeded(await publish(juliet, 'bookmarks', tune('z'), { with: { access_model: 'open' } }))
  })

  it('XEP-0060 §7.1.5: unknown ones are refused, and no node is made', async (t) => {
    const { juliet } = await verona(t)
    const unknown = await publish(juliet, 'n', tune('x'), { with: { no_such_thing: '1' } })
    assert.equal(errorOf(unknown), 'conflict precondition-not-met')
    for (const impossible of [{ access_model: 'nobody' }, { max_items: 'many' }, { persist_items: 'perhaps' }])
      assert.equal(
        errorOf(await publish(juliet, 'n', tune('x'), { with: impossible })),
        'conflict precondition-not-met',
      )
    assert.equal(errorOf(await read(juliet, undefined, 'n')), 'item-not-found')
  })

  it('XEP-0060 §7.1.2: max_items of 0 notifies and keeps nothing', async (t) => {
    const { juliet, romeo } = await verona(t)
    succeeded(await publish(juliet, TUNE, tune('x'), { id: '1', with: { max_items: '0' } }))
    assert.deepEqual(events(romeo), [`items ${TUNE}: item 1`])
    assert.deepEqual(idsIn(await read(juliet, undefined, TUNE)), [])
  })
})

describe('an account that goes', () => {
  const rows = async (scene: Story): Promise<number[]> => {
    const counts = ['node', 'item', 'subscription', 'affiliation'].map((table) =>
      scene.host.storage.query<{ found: number }>(`SELECT count(*) AS found FROM pubsub_${table}`),
    )
    return (await Promise.all(counts)).map(([row]) => row!.found)
  }

  it('MongooseIM: tells its user what it keeps', async (t) => {
    const { scene, juliet, romeo } = await verona(t)
    for (let i = 0; i < 120; i++) await publish(juliet, 'n', tune(`t${i}`), { id: `${i}`, with: { max_items: '200' } })
    succeeded(await subscribe(romeo, JULIET, 'n'))
    const tables = async (user: string) => {
      const found = new Map<string, (readonly string[])[]>()
      for (const { group, rows: all } of await scene.host.hooks.fold(personalData, [], parseJid(user))) {
        found.set(group, [])
        for await (const row of all) found.get(group)!.push(row)
      }
      return found
    }
    const ofJuliet = await tables(JULIET)
    assert.deepEqual(
      ofJuliet.get('pubsub_items')!.map(([node, id]) => `${node} ${id}`),
      Array.from({ length: 120 }, (_, i) => `n ${i}`),
    )
    assert.match(ofJuliet.get('pubsub_items')![119]!.join(' '), /juliet@.*t119/)
    assert.deepEqual(ofJuliet.get('pubsub_nodes'), [['n', 'presence']])
    assert.deepEqual((await tables(ROMEO)).get('pubsub_subscriptions'), [[JULIET, 'n', ROMEO]])
  })

  it('S42: takes its nodes, items and subscriptions with it, and a successor has none of them', async (t) => {
    const { scene, juliet, romeo } = await verona(t)
    await publish(juliet, 'n', tune('x'), { id: '1', with: { access_model: 'whitelist' } })
    const member = OwnerAffiliations({ node: 'n' }, OwnerAffiliation({ jid: ROMEO, affiliation: 'member' }))
    succeeded(await juliet.request(Iq({ type: 'set' }, PubsubOwner({}, member))))
    succeeded(await subscribe(romeo, JULIET, 'n'))
    await publish(romeo, 'm', tune('y'))
    assert.deepEqual(await rows(scene), [2, 2, 1, 1])
    const remove = async (user: string): Promise<void> =>
      scene.host.commit(...(await scene.host.hooks.fold(accountRemoved, [], parseJid(user))))
    await remove(ROMEO)
    assert.deepEqual(await rows(scene), [1, 1, 0, 0])
    assert.equal(errorOf(await read(romeo, JULIET, 'n')), 'not-allowed closed-node')
    assert.equal(errorOf(await read(romeo, undefined, 'm')), 'item-not-found')
    await remove(JULIET)
    assert.deepEqual(await rows(scene), [0, 0, 0, 0])
  })
})
