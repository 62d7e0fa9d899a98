import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Iq, Pubsub, PubsubItem, PubsubItems, PubsubRetract, buildRsmRequest, parseRsmPage } from '@meerkat/protocol'
import { type Device } from '../../testing/story.ts'
import {
  JULIET,
  TUNE,
  configure,
  errorOf,
  events,
  idsIn,
  publish,
  read,
  succeeded,
  tune,
  verona,
} from './stage.fixture.ts'

type Test = { after(end: () => Promise<void>): void }

describe('items', () => {
  async function numbered(t: Test, count: number, section = {}) {
    const scene = await verona(t, section)
    for (let i = 1; i <= count; i++)
      await publish(scene.juliet, 'n', tune(String(i)), { id: String(i), with: { max_items: 'max' } })
    return scene
  }

  it('XEP-0060 §6.5: all, the newest, some by their ids, in the order of publication', async (t) => {
    const { juliet, romeo } = await numbered(t, 4)
    assert.deepEqual(idsIn(await read(romeo, JULIET, 'n')), ['1', '2', '3', '4'])
    assert.deepEqual(idsIn(await read(romeo, JULIET, 'n', { max_items: 2 })), ['3', '4'])
    await publish(juliet, 'n', tune('again'), { id: '2' })
    assert.deepEqual(idsIn(await read(romeo, JULIET, 'n')), ['1', '3', '4', '2'])
    const some = PubsubItems({ node: 'n' }, PubsubItem({ id: '4' }), PubsubItem({ id: 'x' }), PubsubItem({ id: '1' }))
    assert.deepEqual(idsIn(await romeo.request(Iq({ type: 'get', to: JULIET }, Pubsub({}, some)))), ['1', '4'])
    const unnamed = PubsubItems({ node: 'n' }, PubsubItem({ id: '4' }), PubsubItem())
    assert.equal(errorOf(await romeo.request(Iq({ type: 'get', to: JULIET }, Pubsub({}, unnamed)))), 'bad-request')
  })

  it('XEP-0059: pages forwards and backwards, with the count', async (t) => {
    const { romeo } = await numbered(t, 5)
    const page = async (request: Parameters<typeof buildRsmRequest>[0]) => {
      const answer = await read(romeo, JULIET, 'n', {}, buildRsmRequest(request))
      return [idsIn(answer).join(' '), parseRsmPage(Pubsub.in(answer)!)] as const
    }
    assert.deepEqual(await page({ max: 2 }), ['1 2', { count: 5, index: 0, first: '1', last: '2' }])
    assert.deepEqual(await page({ max: 2, after: '2' }), ['3 4', { count: 5, index: 2, first: '3', last: '4' }])
    assert.deepEqual(await page({ max: 2, before: '' }), ['4 5', { count: 5, index: 3, first: '4', last: '5' }])
    assert.deepEqual(await page({ max: 2, before: '4' }), ['2 3', { count: 5, index: 1, first: '2', last: '3' }])
    assert.deepEqual(await page({ max: 2, index: 3 }), ['4 5', { count: 5, index: 3, first: '4', last: '5' }])
    assert.equal((await page({ max: 0 }))[1]?.count, 5)
    assert.equal((await page({ max: 2, after: '5' }))[0], '')
  })

  it('S87: ids of pages, nodes and items with quotes are only ids', async (t) => {
    const { juliet, romeo } = await numbered(t, 2)
    for (const evil of [`' OR '1'='1`, `1'; DROP TABLE pubsub_item; --`, '\\', '%', '1" OR 1=1']) {
      for (const request of [{ after: evil }, { before: evil }])
        assert.equal(errorOf(await read(romeo, JULIET, 'n', {}, buildRsmRequest(request))), 'item-not-found')
      assert.equal(errorOf(await read(romeo, JULIET, evil)), 'item-not-found')
      succeeded(await publish(juliet, evil, tune('x'), { id: evil }))
      assert.deepEqual(idsIn(await read(juliet, undefined, evil)), [evil])
    }
    assert.deepEqual(idsIn(await read(romeo, JULIET, 'n')), ['1', '2'])
  })

  it('an answer holds no more than a client can take, and says that there is more', async (t) => {
    const { juliet } = await verona(t)
    const large = tune('x'.repeat(150_000))
    for (const id of ['1', '2', '3', '4']) succeeded(await publish(juliet, 'n', large, { id }))
    const answer = await read(juliet, undefined, 'n')
    assert.deepEqual(idsIn(answer), ['2', '3', '4'])
    assert.deepEqual(parseRsmPage(Pubsub.in(answer)!), { count: 4, index: 1, first: '2', last: '4' })
  })

  it('XEP-0060 §7.2: the publisher takes an item back, and subscribers are told', async (t) => {
    const { juliet, romeo } = await verona(t)
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    romeo.take()
    const retract = (device: Device, id: string | undefined, node: string | undefined = TUNE) =>
      device.request(Iq({ type: 'set', to: JULIET }, Pubsub({}, PubsubRetract({ node }, PubsubItem({ id })))))
    assert.equal(errorOf(await retract(romeo, '1')), 'forbidden')
    assert.equal(errorOf(await retract(juliet, undefined)), 'bad-request item-required')
    assert.equal(errorOf(await retract(juliet, '1', '')), 'bad-request nodeid-required')
    succeeded(await retract(juliet, '1'))
    assert.deepEqual(events(romeo), [`items ${TUNE}: retract 1`])
    assert.equal(errorOf(await retract(juliet, '1')), 'item-not-found')
  })

  it('S64: a node keeps so many items, and the oldest give way', async (t) => {
    const { juliet } = await numbered(t, 5, { max_items_per_node: 3 })
    assert.deepEqual(idsIn(await read(juliet, undefined, 'n')), ['3', '4', '5'])
    assert.equal(errorOf(await configure(juliet, 'n', { max_items: '4' })), 'not-acceptable')
    succeeded(await configure(juliet, 'n', { max_items: '1' }))
    assert.deepEqual(idsIn(await read(juliet, undefined, 'n')), ['5'])
  })
})
