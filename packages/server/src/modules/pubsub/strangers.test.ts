import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DiscoInfo,
  EventItem,
  EventItems,
  Iq,
  Message,
  Presence,
  PubsubEvent,
  buildCaps,
  buildDiscoInfo,
  capsHash,
  parseJid,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { rostersOf } from '../roster/api.ts'
import { DOMAIN, type Story, settle } from '../../testing/story.ts'
import { JULIET, TUNE, arrive, capulets, configure, publish, succeeded, tune } from './stage.fixture.ts'

const ROMEO = 'romeo@montague.lit'
const CLIENT = buildDiscoInfo({ identities: [{ category: 'client', type: 'pc' }], features: ['a', `${TUNE}+notify`] })
const C = buildCaps('sha-1', 'http://client.example', capsHash(CLIENT, 'v1', 'sha-1')!)

/** Juliet, whom Romeo at another server may see, and what that server is sent. */
async function verona(t: { after(end: () => Promise<void>): void }) {
  const scene = await capulets(t)
  const sent: Element[] = []
  scene.kernel.hosts.addService('montague.lit', ({ stanza }) => void sent.push(stanza))
  await rostersOf(scene.host)!.put(parseJid(JULIET), parseJid(ROMEO), 'both')
  const juliet = scene.device('juliet/balcony')
  await arrive(juliet, `${TUNE}+notify`)
  sent.length = 0
  return { scene, juliet, sent }
}

/** Sends something from the other server. */
async function send(scene: Story, stanza: Element, from: string, to: string): Promise<void> {
  await scene.kernel.router.send(stanza, parseJid(from), parseJid(to))
  await settle()
}

/** Romeo becomes available, and his client answers what it is asked. */
async function come(scene: Story, sent: Element[], resource: string): Promise<void> {
  const from = `${ROMEO}/${resource}`
  await send(scene, Presence({}, C), from, JULIET)
  const asked = sent.findIndex((stanza) => DiscoInfo.in(stanza) !== undefined)
  if (asked < 0) return
  const [iq] = sent.splice(asked, 1)
  assert.equal(iq!.attr('to'), from)
  await send(scene, Iq({ type: 'result', id: iq!.attr('id') }, CLIENT), from, DOMAIN)
}

/** The events that were sent, as address and item; all is taken out. */
const events = (sent: Element[]): string[] =>
  sent.splice(0).flatMap((stanza) => {
    const items = PubsubEvent.in(stanza) && EventItems.in(PubsubEvent.in(stanza)!)
    return items === undefined ? [] : [`${stanza.attr('to')} ${EventItem.in(items)?.attr('id')}`]
  })

describe('contacts at other servers', () => {
  it('XEP-0163 §4.3: are asked what they want once, and get the last item and what comes', async (t) => {
    const { scene, juliet, sent } = await verona(t)
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    assert.deepEqual(events(sent), [])
    await come(scene, sent, 'orchard')
    assert.deepEqual(events(sent), [`${ROMEO}/orchard 1`])
    await come(scene, sent, 'orchard')
    assert.deepEqual(events(sent), [])
    await come(scene, sent, 'phone')
    assert.deepEqual(events(sent), [`${ROMEO}/phone 1`])
    await publish(juliet, TUNE, tune('y'), { id: '2' })
    assert.deepEqual(events(sent), [`${ROMEO}/orchard 2`, `${ROMEO}/phone 2`])
    await send(scene, Presence({ type: 'unavailable' }), `${ROMEO}/phone`, JULIET)
    await publish(juliet, TUNE, tune('z'), { id: '3' })
    assert.deepEqual(events(sent), [`${ROMEO}/orchard 3`])
  })

  it('S64: get nothing of nodes that they may not read, nor when they are contacts no more', async (t) => {
    const { scene, juliet, sent } = await verona(t)
    await come(scene, sent, 'orchard')
    await publish(juliet, TUNE, tune('x'), { id: '1', with: { access_model: 'whitelist' } })
    assert.deepEqual(events(sent), [])
    succeeded(await configure(juliet, TUNE, { access_model: 'open' }))
    await publish(juliet, TUNE, tune('y'), { id: '2' })
    assert.deepEqual(events(sent), [`${ROMEO}/orchard 2`])
    await rostersOf(scene.host)!.put(parseJid(JULIET), parseJid(ROMEO), 'to')
    await publish(juliet, TUNE, tune('z'), { id: '3' })
    assert.deepEqual(events(sent), [])
  })

  it('S63: strangers who are no contacts are asked nothing, and answers in the name of others are nothing', async (t) => {
    const { scene, juliet, sent } = await verona(t)
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    await send(scene, Presence({}, C), 'mallory@montague.lit/x', JULIET)
    assert.deepEqual(sent.splice(0), [])
    await send(scene, Presence({}, C), `${ROMEO}/orchard`, JULIET)
    const id = sent.find((stanza) => DiscoInfo.in(stanza) !== undefined)!.attr('id')
    await send(scene, Iq({ type: 'result', id }, CLIENT), `${ROMEO}/other`, DOMAIN)
    assert.deepEqual(events(sent), [])
  })

  it('S63: so many resources of a contact are remembered, and no more', async (t) => {
    const { scene, juliet, sent } = await verona(t)
    for (let i = 0; i < 30; i++) await come(scene, sent, `r${i}`)
    sent.length = 0
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    assert.equal(events(sent).length, 20)
  })

  it('an event that comes back as an error goes no further', async (t) => {
    const { scene, juliet, sent } = await verona(t)
    await come(scene, sent, 'orchard')
    await publish(juliet, TUNE, tune('x'), { id: '1' })
    juliet.take()
    await send(scene, Message({ type: 'error', id: 'e' }), `${ROMEO}/orchard`, JULIET)
    assert.deepEqual(juliet.take(), [])
  })
})
