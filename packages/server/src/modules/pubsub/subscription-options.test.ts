import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DataForm,
  Iq,
  Presence,
  Pubsub,
  PubsubDefault,
  PubsubOptions,
  PubsubSubscribe,
  PubsubSubscription,
  SUBSCRIBE_OPTIONS_FORM,
  Show,
  buildForm,
  parseForm,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Device } from '../../testing/story.ts'
import { JULIET, ROMEO, create, errorOf, events, publish, subscribe, succeeded, tune, verona } from './stage.fixture.ts'

type Values = Readonly<Record<string, string | readonly string[]>>

const submitted = (values: Values): Element =>
  buildForm(
    { type: 'submit', formType: SUBSCRIBE_OPTIONS_FORM },
    Object.entries(values).map(([name, value]) => ({ var: `pubsub#${name}`, value })),
  )

const ask = (device: Device, type: 'get' | 'set', attrs: Record<string, string>, form?: Element) =>
  device.request(Iq({ type, to: JULIET }, Pubsub({}, PubsubOptions({ node: 'n', ...attrs }, form))))

/** The options that an answer tells. */
function optionsIn(answer: Element, words = PubsubOptions): unknown {
  const { values } = parseForm(DataForm.in(words.in(succeeded(answer)!)!)!)
  return Object.fromEntries(values)
}

const ALL = ['online', 'chat', 'away', 'xa', 'dnd']
const told = (deliver: string, show: readonly string[]) => ({ 'pubsub#deliver': [deliver], 'pubsub#show-values': show })

describe('the options of a subscription', () => {
  it('XEP-0060 §6.3: whether anything is sent, and in which states of presence', async (t) => {
    const { juliet, benvolio } = await verona(t)
    const me = { jid: benvolio.jid.bare.toString() }
    await benvolio.send(Presence())
    await create(juliet, 'n', { access_model: 'open' })
    succeeded(await subscribe(benvolio, JULIET, 'n'))
    assert.deepEqual(optionsIn(await ask(benvolio, 'get', me)), told('1', ALL))
    let count = 0
    const arrives = async (): Promise<boolean> => {
      benvolio.take()
      await publish(juliet, 'n', tune('x'), { id: String(++count) })
      return events(benvolio).length > 0
    }
    assert.equal(await arrives(), true)

    succeeded(await ask(benvolio, 'set', me, submitted({ deliver: '0' })))
    assert.deepEqual(optionsIn(await ask(benvolio, 'get', me)), told('0', ALL))
    assert.equal(await arrives(), false)

    succeeded(await ask(benvolio, 'set', me, submitted({ deliver: '1', 'show-values': ['online', 'chat'] })))
    assert.equal(await arrives(), true)
    await benvolio.send(Presence({}, Show({}, 'dnd')))
    assert.equal(await arrives(), false)
    await benvolio.send(Presence({}, Show({}, 'chat')))
    assert.equal(await arrives(), true)
    assert.deepEqual(optionsIn(await ask(benvolio, 'get', me)), told('1', ['online', 'chat']))
    // All of them are no restriction.
    succeeded(await ask(benvolio, 'set', me, submitted({ 'show-values': ALL })))
    await benvolio.send(Presence({}, Show({}, 'xa')))
    assert.equal(await arrives(), true)
  })

  it('XEP-0060 §6.1.7: the last item is not sent to who wants nothing, either', async (t) => {
    const { juliet, benvolio } = await verona(t)
    await create(juliet, 'n', { access_model: 'open' })
    await publish(juliet, 'n', tune('x'), { id: '1' })
    const words = [
      PubsubSubscribe({ node: 'n', jid: benvolio.jid.bare }),
      PubsubOptions({}, submitted({ deliver: '0' })),
    ]
    succeeded(await benvolio.request(Iq({ type: 'set', to: JULIET }, Pubsub({}, ...words))))
    await benvolio.send(Presence())
    assert.deepEqual(events(benvolio), [])
  })

  it('XEP-0060 §6.3.7: are asked for at once, and stay when somebody subscribes again', async (t) => {
    const { juliet, benvolio } = await verona(t)
    await create(juliet, 'n', { access_model: 'open' })
    const jid = benvolio.jid.bare
    const both = (...words: Element[]) => benvolio.request(Iq({ type: 'set', to: JULIET }, Pubsub({}, ...words)))
    const wanted = PubsubOptions({}, submitted({ 'show-values': ['chat'] }))
    const words = PubsubSubscribe({ node: 'n', jid })
    assert.equal(errorOf(await both(wanted, words)), 'bad-request')
    assert.equal(errorOf(await both(words, PubsubOptions({ node: 'n' }, submitted({})))), 'bad-request')
    const answer = await both(words, wanted)
    assert.equal(PubsubSubscription.in(succeeded(answer)!)!.attr('subscription'), 'subscribed')
    assert.deepEqual(optionsIn(answer), told('1', ['chat']))
    succeeded(await subscribe(benvolio, JULIET, 'n'))
    assert.deepEqual(optionsIn(await ask(benvolio, 'get', { jid: jid.toString() })), told('1', ['chat']))
  })

  it('XEP-0060 §6.3.4, §6.3.6.2: errors', async (t) => {
    const { juliet, benvolio } = await verona(t)
    const me = { jid: benvolio.jid.bare.toString() }
    assert.equal(errorOf(await ask(benvolio, 'get', me)), 'item-not-found')
    await create(juliet, 'n', { access_model: 'open' })
    assert.equal(errorOf(await ask(benvolio, 'get', me)), 'unexpected-request not-subscribed')
    succeeded(await subscribe(benvolio, JULIET, 'n'))
    assert.equal(errorOf(await ask(benvolio, 'get', {})), 'bad-request jid-required')
    assert.equal(errorOf(await ask(benvolio, 'get', { jid: ROMEO })), 'forbidden')
    assert.equal(errorOf(await ask(benvolio, 'get', { ...me, subid: 'x' })), 'not-acceptable invalid-subid')
    for (const form of [undefined, submitted({ deliver: 'perhaps' }), submitted({ 'show-values': ['asleep'] })])
      assert.equal(errorOf(await ask(benvolio, 'set', me, form)), 'bad-request invalid-options')
    assert.deepEqual(optionsIn(await ask(benvolio, 'get', me)), told('1', ALL))
  })

  it('XEP-0060 §6.4: those of who says nothing', async (t) => {
    const { benvolio } = await verona(t)
    const defaults = (node?: string) =>
      benvolio.request(Iq({ type: 'get', to: JULIET }, Pubsub({}, PubsubDefault({ node }))))
    assert.deepEqual(optionsIn(await defaults(), PubsubDefault), told('1', ALL))
    assert.equal(errorOf(await defaults('nowhere')), 'item-not-found')
  })
})
