import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Iq, OwnerDelete, PubsubOwner, buildBlocking, Block } from '@meerkat/protocol'
import { memoryDatabase } from '../../storage/memory.ts'
import { MemoryNetwork } from '../../testing/memory-network.ts'
import { type Story, settle } from '../../testing/story.ts'
import blocking from '../blocking.ts'
import privacy from '../privacy/index.ts'
import {
  JULIET,
  ROMEO,
  TUNE,
  arrive,
  befriend,
  capulets,
  come,
  errorOf,
  events,
  idsIn,
  publish,
  read,
  subscribe,
  succeeded,
  tune,
} from './stage.fixture.ts'

describe('personal eventing beside other modules', () => {
  it('S68: XEP-0163 §4.3.2: a blocked contact gets no event and no item', async (t) => {
    const scene = await capulets(t, { more: [[privacy], [blocking]] })
    const [juliet, romeo] = [scene.device('juliet/balcony'), scene.device('romeo/orchard')]
    await befriend(scene, JULIET, ROMEO)
    for (const device of [juliet, romeo]) await arrive(device, `${TUNE}+notify`)
    juliet.take()
    succeeded(await juliet.request(Iq({ type: 'set' }, buildBlocking(Block, [scene.device('romeo/orchard').jid.bare]))))
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    assert.deepEqual(events(romeo), [])
    assert.deepEqual(events(juliet), [`items ${TUNE}: item 1`])
    assert.equal(errorOf(await read(romeo, JULIET, TUNE)), 'service-unavailable')
    const phone = scene.connect('romeo/phone')
    await come(phone, `${TUNE}+notify`)
    assert.deepEqual(events(phone), [])
  })
})

describe('personal eventing on two nodes', () => {
  /** Juliet in the west, Romeo in the east, and one store. */
  async function verona(t: Parameters<typeof capulets>[0]) {
    const network = new MemoryNetwork()
    const storage = memoryDatabase()
    const start = (name: string): Promise<Story> =>
      capulets(t, { story: { transport: network.join(name), storage, users: [] } })
    const [west, east] = [await start('west'), await start('east')]
    for (const scene of [west, east]) for (const user of ['juliet', 'romeo']) scene.account(user)
    await settle()
    const [juliet, romeo] = [west.connect('juliet/balcony'), east.connect('romeo/orchard')]
    await settle()
    await befriend(west, JULIET, ROMEO)
    for (const device of [juliet, romeo]) await arrive(device, `${TUNE}+notify`)
    await settle()
    for (const device of [juliet, romeo]) device.take()
    return { west, east, juliet, romeo }
  }

  it('events reach clients of the other node, whose features are asked for there', async (t) => {
    const { juliet, romeo } = await verona(t)
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    await settle()
    assert.deepEqual(events(romeo), [`items ${TUNE}: item 1`])
  })

  it('what a node has in memory is taken back when another one changes it', async (t) => {
    const { east, juliet, romeo } = await verona(t)
    assert.equal(errorOf(await read(romeo, JULIET, TUNE)), 'item-not-found')
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    await settle()
    assert.deepEqual(idsIn(await read(romeo, JULIET, TUNE)), ['1'])
    const phone = east.connect('romeo/phone')
    await come(phone, `${TUNE}+notify`)
    await settle()
    assert.deepEqual(events(phone), [`items ${TUNE}: item 1`])
    await publish(juliet, TUNE, tune('y'), { id: '2' })
    await settle()
    const tablet = east.connect('romeo/tablet')
    await come(tablet, `${TUNE}+notify`)
    await settle()
    assert.deepEqual(events(tablet), [`items ${TUNE}: item 2`])
    succeeded(await subscribe(romeo, JULIET, TUNE))
    succeeded(await juliet.request(Iq({ type: 'set' }, PubsubOwner({}, OwnerDelete({ node: TUNE })))))
    await settle()
    assert.equal(errorOf(await read(romeo, JULIET, TUNE)), 'item-not-found')
  })
})
