import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Iq,
  OwnerAffiliation,
  OwnerAffiliations,
  OwnerSubscription,
  OwnerSubscriptions,
  Pubsub,
  PubsubAffiliation,
  PubsubAffiliations,
  PubsubOwner,
  parseJid,
} from '@meerkat/protocol'
import { rostersOf } from '../roster/api.ts'
import { settle } from '../../testing/story.ts'
import {
  JULIET,
  ROMEO,
  TUNE,
  arrive,
  befriend,
  configure,
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

type Test = { after(end: () => Promise<void>): void }

describe('access models', () => {
  async function outcomes(t: Test, values: Readonly<Record<string, string | readonly string[]>>) {
    const { scene, juliet, romeo, benvolio, nurse } = await verona(t)
    await befriend(scene, JULIET, 'nurse@example.com', ['Servants'])
    for (const device of [benvolio, nurse]) await arrive(device, `${TUNE}+notify`)
    succeeded(await create(juliet, TUNE, values))
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    const notified = [romeo, nurse, benvolio].map((device) => events(device).length > 0)
    const readers = []
    for (const device of [romeo, nurse, benvolio]) readers.push(errorOf(await read(device, JULIET, TUNE)))
    return { notified, readers }
  }

  it('S64: XEP-0060 §4.5: open lets everybody read', async (t) => {
    const { notified, readers } = await outcomes(t, { access_model: 'open' })
    assert.deepEqual(readers, ['', '', ''])
    assert.deepEqual(notified, [true, true, false])
  })

  it('S64: XEP-0060 §4.5: presence lets contacts read', async (t) => {
    const { notified, readers } = await outcomes(t, { access_model: 'presence' })
    assert.deepEqual(readers, ['', '', 'not-authorized presence-subscription-required'])
    assert.deepEqual(notified, [true, true, false])
  })

  it('S64: XEP-0060 §4.5: roster lets contacts of some groups read', async (t) => {
    const { notified, readers } = await outcomes(t, { access_model: 'roster', roster_groups_allowed: ['Friends'] })
    assert.deepEqual(readers, ['', 'not-authorized not-in-roster-group', 'not-authorized not-in-roster-group'])
    assert.deepEqual(notified, [true, false, false])
  })

  it('S64: XEP-0060 §4.5: whitelist lets nobody read who is not on it', async (t) => {
    const { notified, readers } = await outcomes(t, { access_model: 'whitelist' })
    assert.deepEqual(readers, Array(3).fill('not-allowed closed-node'))
    assert.deepEqual(notified, [false, false, false])
  })

  it('S64: XEP-0060 §4.5: authorize lets nobody read who is not subscribed', async (t) => {
    const { notified, readers } = await outcomes(t, { access_model: 'authorize' })
    assert.deepEqual(readers, Array(3).fill('not-authorized not-subscribed'))
    assert.deepEqual(notified, [false, false, false])
  })

  it('S64: XEP-0060 §8.9: members may read a closed node, outcasts no open one', async (t) => {
    const { juliet, romeo, benvolio } = await verona(t)
    await create(juliet, 'closed', { access_model: 'whitelist' })
    await create(juliet, 'open', { access_model: 'open' })
    const affiliate = (node: string, jid: string, affiliation: string) =>
      juliet.request(
        Iq({ type: 'set' }, PubsubOwner({}, OwnerAffiliations({ node }, OwnerAffiliation({ jid, affiliation })))),
      )
    succeeded(await affiliate('closed', benvolio.jid.bare.toString(), 'member'))
    succeeded(await affiliate('open', ROMEO, 'outcast'))
    assert.equal(errorOf(await read(benvolio, JULIET, 'closed')), '')
    assert.equal(errorOf(await read(romeo, JULIET, 'closed')), 'not-allowed closed-node')
    assert.equal(errorOf(await read(romeo, JULIET, 'open')), 'forbidden')
    assert.equal(errorOf(await subscribe(romeo, JULIET, 'open')), 'forbidden')
    assert.equal(errorOf(await affiliate('open', JULIET, 'outcast')), 'not-acceptable')
    assert.equal(errorOf(await affiliate('open', ROMEO, 'emperor')), 'bad-request')
    const list = await juliet.request(Iq({ type: 'get' }, PubsubOwner({}, OwnerAffiliations({ node: 'closed' }))))
    assert.deepEqual(
      OwnerAffiliation.all(OwnerAffiliations.in(succeeded(list)!)!).map((each) => each.attr('affiliation')),
      ['owner', 'member'],
    )
    const own = await benvolio.request(Iq({ type: 'get', to: JULIET }, Pubsub({}, PubsubAffiliations())))
    const [mine, ...rest] = PubsubAffiliation.all(PubsubAffiliations.in(succeeded(own)!)!)
    assert.deepEqual([mine?.attr('node'), mine?.attr('affiliation'), rest], ['closed', 'member', []])
  })

  it('S64: who may not see the node any more is neither notified nor subscribed (XEP-0163 §8)', async (t) => {
    const { scene, juliet, romeo } = await verona(t)
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    succeeded(await subscribe(romeo, JULIET, TUNE))
    romeo.take()
    await rostersOf(scene.host)!.put(parseJid(JULIET), parseJid(ROMEO), 'none')
    await settle()
    await publish(juliet, TUNE, tune('y'), { id: '2' })
    assert.deepEqual(events(romeo), [])
    const list = await juliet.request(Iq({ type: 'get' }, PubsubOwner({}, OwnerSubscriptions({ node: TUNE }))))
    assert.deepEqual(OwnerSubscription.all(OwnerSubscriptions.in(succeeded(list)!)!), [])
  })

  it('S64: a node that is closed ends the subscriptions of those who may not read it', async (t) => {
    const { juliet, benvolio } = await verona(t)
    await create(juliet, 'n', { access_model: 'open' })
    succeeded(await subscribe(benvolio, JULIET, 'n'))
    succeeded(await configure(juliet, 'n', { access_model: 'whitelist' }))
    succeeded(await configure(juliet, 'n', { access_model: 'open' }))
    await publish(juliet, 'n', tune('x'))
    assert.deepEqual(events(benvolio), [])
  })
})
