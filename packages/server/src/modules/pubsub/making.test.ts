import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Iq,
  OwnerAffiliation,
  OwnerAffiliations,
  OwnerConfigure,
  OwnerDefault,
  OwnerDelete,
  OwnerPurge,
  OwnerSubscription,
  OwnerSubscriptions,
  Pubsub,
  PubsubCreate,
  PubsubItem,
  PubsubItems,
  PubsubOwner,
  PubsubPublish,
  PubsubRetract,
  PubsubSubscribe,
  PubsubSubscriptions,
  findForm,
  parseForm,
} from '@meerkat/protocol'
import {
  JULIET,
  ROMEO,
  TUNE,
  configure,
  create,
  errorOf,
  events,
  idsIn,
  payloadOf,
  publish,
  read,
  succeeded,
  tune,
  verona,
} from './stage.fixture.ts'

describe('what may not be', () => {
  it('S64: items that are too large are not taken', async (t) => {
    const { juliet } = await verona(t, { max_item_size: 1000 })
    assert.equal(errorOf(await publish(juliet, 'n', tune('ä'.repeat(500)))), 'not-acceptable payload-too-big')
    succeeded(await publish(juliet, 'n', tune('ä'.repeat(400))))
    succeeded(await configure(juliet, 'n', { max_payload_size: '100' }))
    assert.equal(errorOf(await publish(juliet, 'n', tune('ä'.repeat(400)))), 'not-acceptable payload-too-big')
  })

  it('S64: an account has so many nodes', async (t) => {
    const { juliet } = await verona(t, { max_nodes: 3 })
    for (let i = 0; i < 3; i++) succeeded(await publish(juliet, String(i), tune('x')))
    assert.equal(errorOf(await publish(juliet, '3', tune('x'))), 'resource-constraint')
    assert.equal(errorOf(await create(juliet, '3')), 'resource-constraint')
    succeeded(await publish(juliet, '1', tune('x')))
    const twenty = await Promise.all(Array.from({ length: 20 }, (_, i) => publish(juliet, `n${i}`, tune('x'))))
    assert.ok(twenty.every((answer) => errorOf(answer) === 'resource-constraint'))
  })

  it('S64: nobody publishes at, makes, configures, empties or deletes nodes of others', async (t) => {
    const { juliet, romeo } = await verona(t)
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    const owner = (words: ReturnType<typeof OwnerDelete>) =>
      romeo.request(Iq({ type: 'set', to: JULIET }, PubsubOwner({}, words)))
    assert.equal(errorOf(await publish(romeo, TUNE, tune('y'), { to: JULIET })), 'forbidden')
    assert.equal(errorOf(await publish(romeo, 'other', tune('y'), { to: JULIET })), 'forbidden')
    assert.equal(errorOf(await create(romeo, 'other', undefined, JULIET)), 'forbidden')
    assert.equal(errorOf(await configure(romeo, TUNE, { access_model: 'open' }, JULIET)), 'forbidden')
    for (const words of [
      OwnerDelete({ node: TUNE }),
      OwnerPurge({ node: TUNE }),
      OwnerAffiliations({ node: TUNE }, OwnerAffiliation({ jid: ROMEO, affiliation: 'owner' })),
      OwnerSubscriptions({ node: TUNE }, OwnerSubscription({ jid: ROMEO, subscription: 'subscribed' })),
    ])
      assert.equal(errorOf(await owner(words)), 'forbidden')
    assert.deepEqual(idsIn(await read(juliet, undefined, TUNE)), ['1'])
  })

  it('S64: requests without a node, without anything, with two items or two payloads', async (t) => {
    const { juliet } = await verona(t)
    const ask = (type: 'get' | 'set', query: ReturnType<typeof Pubsub>) => juliet.request(Iq({ type }, query))
    for (const words of [PubsubPublish(), PubsubSubscribe({ jid: JULIET }), PubsubRetract()])
      assert.equal(errorOf(await ask('set', Pubsub({}, words))), 'bad-request nodeid-required', words.name)
    assert.equal(errorOf(await ask('get', Pubsub({}, PubsubItems()))), 'bad-request nodeid-required')
    for (const words of [OwnerDelete(), OwnerPurge()])
      assert.equal(errorOf(await ask('set', PubsubOwner({}, words))), 'bad-request nodeid-required')
    assert.equal(errorOf(await ask('set', Pubsub())), 'bad-request')
    assert.equal(errorOf(await ask('get', PubsubOwner())), 'bad-request')
    const item = PubsubItem({}, tune('x'))
    assert.equal(errorOf(await ask('set', Pubsub({}, PubsubPublish({ node: 'n' })))), 'bad-request item-required')
    const two = Pubsub({}, PubsubPublish({ node: 'n' }, item, item))
    assert.equal(errorOf(await ask('set', two)), 'bad-request invalid-payload')
    const both = Pubsub({}, PubsubPublish({ node: 'n' }, PubsubItem({}, tune('x'), tune('y'))))
    assert.equal(errorOf(await ask('set', both)), 'bad-request invalid-payload')
    assert.equal(errorOf(await publish(juliet, 'n'.repeat(600), tune('x'))), 'not-acceptable')
    assert.equal(errorOf(await publish(juliet, 'n', tune('x'), { id: 'i'.repeat(600) })), 'not-acceptable')
  })

  it('S64: a user at another account learns nothing of nodes that are not there or not open', async (t) => {
    const { juliet, benvolio } = await verona(t)
    await publish(juliet, 'secret', tune('x'), { with: { access_model: 'whitelist' } })
    const own = await benvolio.request(Iq({ type: 'get', to: JULIET }, Pubsub({}, PubsubSubscriptions())))
    assert.deepEqual(succeeded(own), Pubsub({}, PubsubSubscriptions()))
  })
})

describe('nodes', () => {
  it('XEP-0060 §8.1: are made, with a name or without, once', async (t) => {
    const { juliet } = await verona(t)
    assert.equal(succeeded(await create(juliet, 'n')), undefined)
    assert.equal(errorOf(await create(juliet, 'n')), 'conflict')
    const instant = PubsubCreate.in(succeeded(await create(juliet, undefined))!)?.attr('node')
    assert.ok(instant)
    assert.deepEqual(idsIn(await read(juliet, undefined, instant)), [])
  })

  it('XEP-0060 §8.2: are configured by a form, and subscribers learn of it when that is wanted', async (t) => {
    const { juliet, romeo } = await verona(t)
    await publish(juliet, TUNE, tune('x'))
    romeo.take()
    succeeded(await configure(juliet, TUNE, { title: 'Tunes', notify_config: '1' }))
    assert.deepEqual(events(romeo), [`configuration ${TUNE}: x`])
    const form = await juliet.request(Iq({ type: 'get' }, PubsubOwner({}, OwnerConfigure({ node: TUNE }))))
    const values = parseForm(findForm(OwnerConfigure.in(succeeded(form)!)!)!).values
    assert.deepEqual(values.get('pubsub#title'), ['Tunes'])
    assert.deepEqual(values.get('pubsub#access_model'), ['presence'])
    const plain = await juliet.request(Iq({ type: 'get' }, PubsubOwner({}, OwnerDefault())))
    assert.ok(OwnerDefault.in(succeeded(plain)!))
    assert.equal(errorOf(await configure(juliet, TUNE, { access_model: 'sesame' })), 'not-acceptable')
    assert.equal(errorOf(await configure(juliet, TUNE, { persist_items: 'perhaps' })), 'not-acceptable')
    assert.equal(errorOf(await configure(juliet, 'nowhere', { title: 'x' })), 'item-not-found')
  })

  it('XEP-0060 §8.4, §8.5: are emptied and deleted, and subscribers learn of it', async (t) => {
    const { juliet, romeo } = await verona(t)
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    romeo.take()
    succeeded(await juliet.request(Iq({ type: 'set' }, PubsubOwner({}, OwnerPurge({ node: TUNE })))))
    assert.deepEqual(events(romeo), [`purge ${TUNE}`])
    assert.deepEqual(idsIn(await read(juliet, undefined, TUNE)), [])
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    romeo.take()
    succeeded(await juliet.request(Iq({ type: 'set' }, PubsubOwner({}, OwnerDelete({ node: TUNE })))))
    assert.deepEqual(events(romeo), [`delete ${TUNE}`])
    assert.equal(errorOf(await read(juliet, undefined, TUNE)), 'item-not-found')
    succeeded(await publish(juliet, TUNE, tune('y'), { id: '2' }))
    assert.deepEqual(idsIn(await read(juliet, undefined, TUNE)), ['2'])
  })

  it('XEP-0060 §8.2.5: the type and the payloads of notifications follow the configuration', async (t) => {
    const { juliet, romeo } = await verona(t)
    await create(juliet, TUNE, { notification_type: 'normal', deliver_payloads: '0' })
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    const [message] = romeo.take()
    assert.equal(message?.attr('type'), 'normal')
    assert.equal(payloadOf(message), undefined)
    succeeded(await configure(juliet, TUNE, { deliver_notifications: 'false' }))
    await publish(juliet, TUNE, tune('y'), { id: '2' })
    assert.deepEqual(events(romeo), [])
  })
})
