import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DiscoInfo,
  DiscoItems,
  EventItem,
  EventItems,
  Iq,
  Message,
  OwnerAffiliation,
  OwnerAffiliations,
  Presence,
  Pubsub,
  PubsubCreate,
  PubsubEvent,
  PubsubItem,
  PubsubPublish,
  PublishOptions,
  PubsubOwner,
  buildForm,
  parseDiscoInfo,
  parseDiscoItems,
} from '@meerkat/protocol'
import { accountRemoved, domainRemoved } from '../../core/module.ts'
import { DOMAIN } from '../../testing/story.ts'
import { pushNotification } from '../pubsub/hooks.ts'
import {
  JULIET,
  ROMEO,
  TUNE,
  arrive,
  befriend,
  capulets,
  come,
  configure,
  create,
  errorOf,
  events,
  idsIn,
  publish,
  read,
  subscribe,
  succeeded,
  tune,
} from '../pubsub/stage.fixture.ts'
import old from './index.ts'

const SERVICE = `pubsub.${DOMAIN}`
const NODE = 'princely_musings'

type Test = { after(end: () => Promise<void>): void }

/** Everybody is available and wants nothing in particular. */
async function denmark(t: Test, section: Record<string, unknown> = {}, access: Record<string, string> = {}) {
  const scene = await capulets(t, { more: [[old, section]], story: { access } })
  const [juliet, romeo, benvolio] = ['juliet/balcony', 'romeo/orchard', 'benvolio/street'].map((name) =>
    scene.device(name),
  )
  for (const device of [juliet!, romeo!, benvolio!]) {
    await device.send(Presence())
    device.take()
  }
  return { scene, juliet: juliet!, romeo: romeo!, benvolio: benvolio! }
}

describe('a service on a domain of its own', () => {
  it('XEP-0060 §7.1: subscribers are notified of what the owner publishes', async (t) => {
    const { juliet, romeo, benvolio } = await denmark(t)
    succeeded(await create(juliet, NODE, undefined, SERVICE))
    succeeded(await subscribe(romeo, SERVICE, NODE))
    succeeded(await subscribe(benvolio, SERVICE, NODE, benvolio.jid))
    succeeded(await publish(juliet, NODE, tune('x'), { to: SERVICE, id: '1' }))
    for (const device of [romeo, benvolio]) {
      const message = device.received[0]!
      assert.equal(message.attr('from'), SERVICE)
      assert.equal(EventItem.in(EventItems.in(PubsubEvent.in(message)!)!)?.attr('publisher'), undefined)
      assert.deepEqual(events(device), [`items ${NODE}: item 1`])
    }
    assert.deepEqual(events(juliet), [])
    assert.deepEqual(idsIn(await read(benvolio, SERVICE, NODE)), ['1'])
  })

  it('S64: whoever does not own a node may not publish there, unless the node lets them', async (t) => {
    const { juliet, romeo, benvolio } = await denmark(t)
    await create(juliet, NODE, undefined, SERVICE)
    const to = SERVICE
    assert.equal(errorOf(await publish(romeo, NODE, tune('x'), { to })), 'forbidden')
    assert.equal(errorOf(await configure(romeo, NODE, { publish_model: 'open' }, to)), 'forbidden')
    succeeded(await configure(juliet, NODE, { publish_model: 'subscribers' }, to))
    assert.equal(errorOf(await publish(romeo, NODE, tune('x'), { to })), 'forbidden')
    succeeded(await subscribe(romeo, SERVICE, NODE))
    succeeded(await publish(romeo, NODE, tune('x'), { to }))
    const publisher = OwnerAffiliation({ jid: benvolio.jid.bare, affiliation: 'publisher' })
    succeeded(
      await juliet.request(Iq({ type: 'set', to }, PubsubOwner({}, OwnerAffiliations({ node: NODE }, publisher)))),
    )
    succeeded(await publish(benvolio, NODE, tune('x'), { to }))
    const nobody = OwnerAffiliation({ jid: JULIET, affiliation: 'none' })
    const last = await juliet.request(
      Iq({ type: 'set', to }, PubsubOwner({}, OwnerAffiliations({ node: NODE }, nobody))),
    )
    assert.equal(errorOf(last), 'not-acceptable')
  })

  it('S64: who may make nodes is an access rule, and there are so many', async (t) => {
    const { juliet } = await denmark(t, { access_createnode: 'poets', max_nodes: 2 }, { poets: 'deny' })
    assert.equal(errorOf(await create(juliet, NODE, undefined, SERVICE)), 'forbidden')
    assert.equal(errorOf(await publish(juliet, NODE, tune('x'), { to: SERVICE })), 'forbidden')
    const { juliet: poet } = await denmark(t, { max_nodes: 2 })
    for (const node of ['a', 'b']) succeeded(await create(poet, node, undefined, SERVICE))
    assert.equal(errorOf(await create(poet, 'c', undefined, SERVICE)), 'resource-constraint')
  })

  it('XEP-0060 §5: service discovery of the service and its nodes', async (t) => {
    const { juliet, romeo } = await denmark(t)
    await create(juliet, NODE, undefined, SERVICE)
    await create(juliet, 'closed', { access_model: 'whitelist' }, SERVICE)
    const info = parseDiscoInfo(succeeded(await romeo.request(Iq({ type: 'get', to: SERVICE }, DiscoInfo())))!)
    assert.deepEqual(info.identities[0]?.category, 'pubsub')
    assert.ok(info.features.includes('http://jabber.org/protocol/pubsub'))
    const items = parseDiscoItems(succeeded(await romeo.request(Iq({ type: 'get', to: SERVICE }, DiscoItems())))!)
    assert.deepEqual(
      items.map(({ node }) => node),
      [NODE],
    )
    const services = parseDiscoItems(succeeded(await romeo.request(Iq({ type: 'get', to: DOMAIN }, DiscoItems())))!)
    assert.ok(services.some(({ jid }) => jid === SERVICE))
    const ask = Iq({ type: 'get', to: SERVICE }, DiscoInfo({ node: NODE }))
    assert.equal(parseDiscoInfo(succeeded(await romeo.request(ask))!).identities[0]?.type, 'leaf')
    const closed = Iq({ type: 'get', to: SERVICE }, DiscoItems({ node: 'closed' }))
    assert.equal(errorOf(await romeo.request(closed)), 'item-not-found')
  })

  it('the settings are those of nodes of which nothing is said', async (t) => {
    const section = {
      max_items_node: 2,
      item_publisher: true,
      default_node_config: { access_model: 'open', notification_type: 'normal', send_last_published_item: 'never' },
    }
    const { juliet, romeo } = await denmark(t, section)
    await create(juliet, NODE, undefined, SERVICE)
    for (const id of ['1', '2', '3']) await publish(juliet, NODE, tune('x'), { to: SERVICE, id })
    assert.deepEqual(idsIn(await read(romeo, SERVICE, NODE)), ['2', '3'])
    succeeded(await subscribe(romeo, SERVICE, NODE))
    assert.deepEqual(events(romeo), [])
    await publish(juliet, NODE, tune('x'), { to: SERVICE, id: '4' })
    const [message] = romeo.take()
    assert.equal(message?.attr('type'), 'normal')
    assert.equal(EventItem.in(EventItems.in(PubsubEvent.in(message)!)!)?.attr('publisher'), juliet.jid.toString())
  })

  it('XEP-0060 §8.6: owners decide by a message to the service; other messages are refused', async (t) => {
    const { juliet, romeo } = await denmark(t)
    await create(juliet, NODE, { access_model: 'authorize' }, SERVICE)
    await subscribe(romeo, SERVICE, NODE)
    assert.equal(juliet.take().length, 1)
    const fields = { node: NODE, subscriber_jid: ROMEO, allow: '1' }
    const form = buildForm(
      { type: 'submit', formType: 'http://jabber.org/protocol/pubsub#subscribe_authorization' },
      Object.entries(fields).map(([name, value]) => ({ var: `pubsub#${name}`, value })),
    )
    await romeo.send(Message({ to: SERVICE }, form))
    assert.equal(errorOf(romeo.take()[0]!), 'forbidden')
    await juliet.send(Message({ to: SERVICE }, form))
    assert.deepEqual(events(romeo), [`subscription ${NODE}`])
    await juliet.send(Message({ to: SERVICE }))
    assert.equal(errorOf(juliet.take()[0]!), 'service-unavailable')
  })

  it('S42: a node goes with the account that alone owns it', async (t) => {
    const { scene, juliet, romeo } = await denmark(t)
    await create(juliet, NODE, undefined, SERVICE)
    await create(juliet, 'shared', undefined, SERVICE)
    const other = OwnerAffiliation({ jid: ROMEO, affiliation: 'owner' })
    await juliet.request(
      Iq({ type: 'set', to: SERVICE }, PubsubOwner({}, OwnerAffiliations({ node: 'shared' }, other))),
    )
    await scene.host.commit(...(await scene.host.hooks.fold(accountRemoved, [], juliet.jid.bare)))
    assert.equal(errorOf(await read(romeo, SERVICE, NODE)), 'item-not-found')
    assert.equal(errorOf(await read(romeo, SERVICE, 'shared')), '')
    assert.equal(errorOf(await publish(juliet, 'shared', tune('x'), { to: SERVICE })), 'forbidden')
  })
})

describe('a domain that is removed', () => {
  it('takes its service along, and nobody finds its nodes any more', async (t) => {
    const { scene, juliet } = await denmark(t)
    await create(juliet, NODE, { access_model: 'open' }, SERVICE)
    await publish(juliet, NODE, tune('x'), { to: SERVICE })
    await scene.kernel.eraser.removeDomain(DOMAIN)
    for (const table of ['node', 'item', 'affiliation', 'subscription'])
      assert.deepEqual(await scene.host.storage.query(`SELECT * FROM pubsub_${table}`), [], table)
    const successor = scene.connect('juliet/new')
    assert.equal(errorOf(await read(successor, SERVICE, NODE)), 'item-not-found')
  })

  it('leaves a service that others share', async (t) => {
    const { scene, juliet } = await denmark(t, { host: 'pubsub.shared.example' })
    await create(juliet, NODE, { access_model: 'open' }, 'pubsub.shared.example')
    await scene.host.hooks.notify(domainRemoved, DOMAIN)
    assert.equal((await scene.host.storage.query('SELECT * FROM pubsub_node')).length, 1)
  })
})

describe('the plugins of mod_pubsub_old', () => {
  it('pep: the settings are for accounts, too', async (t) => {
    const { scene, juliet, romeo } = await denmark(t, { plugins: ['pep'], item_publisher: true })
    assert.equal(scene.kernel.hosts.service(SERVICE), undefined)
    await befriend(scene, JULIET, ROMEO)
    await arrive(romeo, `${TUNE}+notify`)
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    const item = EventItem.in(EventItems.in(PubsubEvent.in(romeo.take()[0]!)!)!)
    assert.equal(item?.attr('publisher'), juliet.jid.toString())
    await juliet.disconnect()
    romeo.take()
    const phone = scene.connect('romeo/phone')
    await come(phone, `${TUNE}+notify`)
    assert.deepEqual(events(phone), [], 'users who are away are silent')
  })

  it('S64: pep: the usual configuration is that of nodes of accounts, too', async (t) => {
    const config = { access_model: 'whitelist', max_items: 1 }
    const { scene, juliet, romeo } = await denmark(t, { plugins: ['flat', 'pep'], default_node_config: config })
    await befriend(scene, JULIET, ROMEO)
    for (const id of ['1', '2']) succeeded(await publish(juliet, TUNE, tune('x'), { id }))
    assert.equal(errorOf(await read(romeo, JULIET, TUNE)), 'not-allowed closed-node')
    assert.deepEqual(idsIn(await read(juliet, undefined, TUNE)), ['2'])
  })

  it('S64: hometree: nobody makes nodes in the part of others', async (t) => {
    const { juliet } = await denmark(t, { plugins: ['hometree'] })
    const home = `/home/${DOMAIN}/juliet`
    for (const node of [home, `${home}/blog`]) succeeded(await create(juliet, node, undefined, SERVICE))
    for (const node of [NODE, `/home/${DOMAIN}/romeo`, `${home}tte`, `/home/${DOMAIN}`])
      assert.equal(errorOf(await create(juliet, node, undefined, SERVICE)), 'forbidden', node)
    for (const type of ['leaf', 'flat', 'pep']) {
      const words = Pubsub({}, PubsubCreate({ node: NODE, type }))
      assert.match(errorOf(await juliet.request(Iq({ type: 'set', to: SERVICE }, words)))!, /forbidden|unsupported/u)
    }
    assert.equal(errorOf(await publish(juliet, `/home/${DOMAIN}/romeo/blog`, tune('x'), { to: SERVICE })), 'forbidden')
    succeeded(await publish(juliet, `${home}/new`, tune('x'), { to: SERVICE }))
  })

  it('dag: a configuration that wants collections is told that there are none', async (t) => {
    await assert.rejects(denmark(t, { plugins: ['dag'] }), /collections of nodes \(XEP-0248\) are not built/u)
  })

  it('push: notifications for devices are passed on, and kept nowhere', async (t) => {
    const { scene, juliet, romeo } = await denmark(t, { plugins: ['flat', 'push'] })
    const make = Pubsub({}, PubsubCreate({ node: 'device', type: 'push' }))
    succeeded(await juliet.request(Iq({ type: 'set', to: SERVICE }, make)))
    const form = buildForm({ type: 'submit', formType: 'http://jabber.org/protocol/pubsub#publish-options' }, [
      { var: 'device_id', value: 'token' },
    ])
    const words = Pubsub({}, PubsubPublish({ node: 'device' }, PubsubItem({}, tune('note'))), PublishOptions({}, form))
    const send = () => juliet.request(Iq({ type: 'set', to: SERVICE }, words))
    assert.equal(errorOf(await send()), 'service-unavailable')
    const passed: string[] = []
    scene.host.hooks.add(
      'test',
      pushNotification.on(({ node, payload, options }) => {
        passed.push(`${node} ${payload.name} ${options.get('device_id')?.[0]}`)
        return true
      }),
    )
    succeeded(await send())
    assert.deepEqual(passed, ['device tune token'])
    assert.equal(errorOf(await publish(romeo, 'device', tune('x'), { to: SERVICE })), 'forbidden')
    assert.equal(errorOf(await subscribe(romeo, SERVICE, 'device')), 'feature-not-implemented unsupported')
    assert.equal(errorOf(await read(juliet, SERVICE, 'device')), 'feature-not-implemented unsupported')
  })
})
