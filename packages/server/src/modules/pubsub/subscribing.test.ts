import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Iq,
  Message,
  OwnerSubscription,
  OwnerSubscriptions,
  Presence,
  Pubsub,
  PubsubOwner,
  PubsubSubscription,
  PubsubUnsubscribe,
  buildForm,
} from '@meerkat/protocol'
import { type Device } from '../../testing/story.ts'
import {
  JULIET,
  ROMEO,
  arrive,
  create,
  errorOf,
  events,
  publish,
  read,
  subscribe,
  succeeded,
  tune,
  verona,
} from './stage.fixture.ts'

describe('subscriptions', () => {
  it('XEP-0060 §6.1: a stranger subscribes to an open node, is notified, and gives it up', async (t) => {
    const { juliet, benvolio } = await verona(t)
    await benvolio.send(Presence())
    await create(juliet, 'n', { access_model: 'open' })
    await publish(juliet, 'n', tune('x'), { id: '1' })
    benvolio.take()
    const subscription = PubsubSubscription.in(succeeded(await subscribe(benvolio, JULIET, 'n'))!)!
    assert.equal(subscription.attr('subscription'), 'subscribed')
    assert.deepEqual(events(benvolio), ['items n: item 1'])
    await publish(juliet, 'n', tune('y'), { id: '2' })
    assert.deepEqual(events(benvolio), ['items n: item 2'])
    const leave = (subid?: string) =>
      benvolio.request(
        Iq({ type: 'set', to: JULIET }, Pubsub({}, PubsubUnsubscribe({ node: 'n', jid: benvolio.jid.bare, subid }))),
      )
    assert.equal(errorOf(await leave('wrong')), 'not-acceptable invalid-subid')
    succeeded(await leave(subscription.attr('subid')))
    assert.equal(errorOf(await leave()), 'unexpected-request not-subscribed')
    await publish(juliet, 'n', tune('z'), { id: '3' })
    assert.deepEqual(events(benvolio), [])
  })

  it('XEP-0060 §6.1.3: errors', async (t) => {
    const { juliet, benvolio } = await verona(t)
    await create(juliet, 'n', { access_model: 'open' })
    await create(juliet, 'm', { access_model: 'presence' })
    await create(juliet, 'o', { access_model: 'open', subscribe: '0' })
    assert.equal(errorOf(await subscribe(benvolio, JULIET, 'n', ROMEO)), 'bad-request invalid-jid')
    assert.equal(errorOf(await subscribe(benvolio, JULIET, 'n', '@@')), 'bad-request invalid-jid')
    assert.equal(errorOf(await subscribe(benvolio, JULIET, 'nowhere')), 'item-not-found')
    assert.equal(errorOf(await subscribe(benvolio, JULIET, 'm')), 'not-authorized presence-subscription-required')
    assert.equal(errorOf(await subscribe(benvolio, JULIET, 'o')), 'feature-not-implemented unsupported')
  })

  it('S64: XEP-0060 §6.1.3.9: a node has so many subscribers', async (t) => {
    const { juliet, benvolio, nurse } = await verona(t, { max_subscriptions: 1 })
    await create(juliet, 'n', { access_model: 'open' })
    succeeded(await subscribe(benvolio, JULIET, 'n'))
    assert.equal(errorOf(await subscribe(nurse, JULIET, 'n')), 'policy-violation too-many-subscriptions')
    succeeded(await subscribe(benvolio, JULIET, 'n'))
  })

  it('S64: nobody takes the places of all subscribers', async (t) => {
    const { juliet, benvolio, nurse } = await verona(t)
    await create(juliet, 'n', { access_model: 'open' })
    const conditions = new Set<string | undefined>()
    for (let i = 0; i < 30; i++)
      conditions.add(errorOf(await subscribe(benvolio, JULIET, 'n', `${benvolio.jid.bare}/${i}`)))
    assert.deepEqual([...conditions], ['', 'policy-violation too-many-subscriptions'])
    succeeded(await subscribe(nurse, JULIET, 'n'))
  })

  it('XEP-0060 §8.6: an owner decides about a subscription', async (t) => {
    const { juliet, benvolio, nurse } = await verona(t)
    await create(juliet, 'n', { access_model: 'authorize' })
    juliet.take()
    for (const device of [benvolio, nurse]) {
      const state = PubsubSubscription.in(succeeded(await subscribe(device, JULIET, 'n'))!)
      assert.equal(state?.attr('subscription'), 'pending')
    }
    assert.equal(juliet.take().filter((stanza) => stanza.name === 'message').length, 2)
    const decide = (device: Device, jid: string, allow: boolean) =>
      device.send(
        Message(
          { to: JULIET },
          buildForm({ type: 'submit', formType: 'http://jabber.org/protocol/pubsub#subscribe_authorization' }, [
            { var: 'pubsub#node', value: 'n' },
            { var: 'pubsub#subscriber_jid', value: jid },
            { var: 'pubsub#allow', value: allow },
          ]),
        ),
      )
    await decide(benvolio, 'benvolio@example.com', true)
    assert.equal(errorOf(await read(benvolio, JULIET, 'n')), 'not-authorized not-subscribed')
    await arrive(benvolio)
    await arrive(nurse)
    await decide(juliet, 'benvolio@example.com', true)
    await decide(juliet, 'nurse@example.com', false)
    assert.deepEqual(events(benvolio), ['subscription n'])
    assert.deepEqual(events(nurse), ['subscription n'])
    assert.equal(errorOf(await read(benvolio, JULIET, 'n')), '')
    assert.equal(errorOf(await read(nurse, JULIET, 'n')), 'not-authorized not-subscribed')
    await publish(juliet, 'n', tune('x'), { id: '1' })
    assert.deepEqual(events(benvolio), ['items n: item 1'])
  })

  it('XEP-0060 §8.8: owners see and change subscriptions, and subscribers are told', async (t) => {
    const { juliet, benvolio } = await verona(t)
    await benvolio.send(Presence())
    benvolio.take()
    await create(juliet, 'n', { access_model: 'open' })
    const set = (state: string) =>
      juliet.request(
        Iq(
          { type: 'set' },
          PubsubOwner(
            {},
            OwnerSubscriptions({ node: 'n' }, OwnerSubscription({ jid: benvolio.jid.bare, subscription: state })),
          ),
        ),
      )
    succeeded(await set('subscribed'))
    assert.deepEqual(events(benvolio), ['subscription n'])
    await publish(juliet, 'n', tune('x'), { id: '1' })
    assert.deepEqual(events(benvolio), ['items n: item 1'])
    succeeded(await set('none'))
    assert.deepEqual(events(benvolio), ['subscription n'])
    assert.equal(errorOf(await set('sometimes')), 'bad-request')
  })

  it('the last item of an open node comes to a subscriber who has become available', async (t) => {
    const { scene, juliet, benvolio } = await verona(t)
    await create(juliet, 'n', { access_model: 'open' })
    await publish(juliet, 'n', tune('x'), { id: '1' })
    await subscribe(benvolio, JULIET, 'n')
    const phone = scene.connect('benvolio/phone')
    await phone.send(Presence())
    assert.deepEqual(events(phone), ['items n: item 1'])
  })
})
