/** XEP-0198 §5: sessions that are resumed at another node. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Body,
  HandledCountTooHigh,
  Message,
  Presence,
  SmAck,
  SmResume,
  SmResumed,
  buildSmFailed,
} from '@meerkat/protocol'
import type { Packet } from '../../core/transport/index.ts'
import { memoryDatabase } from '../../storage/memory.ts'
import { MemoryNetwork } from '../../testing/memory-network.ts'
import { DOMAIN, type Story, settle, story } from '../../testing/story.ts'
import carbons from '../carboncopy.ts'
import messages from '../messages.ts'
import offline from '../offline/index.ts'
import presence from '../presence/index.ts'
import { DEAF, bodies, chat, enable, resume } from './balcony.fixture.ts'
import streamManagement from './index.ts'

/** Romeo at the west, Juliet at the east with stream management enabled; one store. */
async function verona(t: Parameters<typeof story>[0], section: Record<string, unknown> = DEAF, mailboxes = [offline]) {
  const network = new MemoryNetwork()
  const storage = memoryDatabase()
  const start = (name: string): Promise<Story> =>
    story(t, {
      modules: [
        [messages],
        [presence],
        [carbons],
        ...mailboxes.map((one) => [one] as const),
        [streamManagement, section],
      ],
      transport: network.join(name),
      access: { max_user_sessions: 'infinity', max_user_offline_messages: 'infinity' },
      storage,
    })
  const [west, east] = [await start('west'), await start('east')]
  for (const scene of [west, east]) for (const user of ['romeo', 'juliet']) scene.account(user)
  await settle()
  const [romeo, juliet] = [west.connect('romeo/1'), east.connect('juliet/1')]
  await settle()
  await juliet.send(Presence())
  await settle()
  juliet.take()
  const id = await enable(juliet)
  const wait = async (seconds: number): Promise<void> => {
    for (let passed = 0; passed < seconds; passed++) await Promise.all([west.wait(1), east.wait(1)])
  }
  return { network, west, east, romeo, juliet, id, wait }
}

describe('XEP-0198 §5: resuming at another node', () => {
  it('S51: brings what was not acknowledged, and the counts', async (t) => {
    const { west, east, romeo, juliet, id } = await verona(t)
    await juliet.send(Message({ to: `romeo@${DOMAIN}/1`, type: 'chat' }, Body({}, 'counted')))
    for (const word of ['1', '2']) await romeo.send(chat(word))
    await settle()
    await juliet.lose()
    await romeo.send(chat('3'))
    await settle()
    const again = await resume(west, id, 1)
    await settle()
    await romeo.send(chat('4'))
    assert.deepEqual(again.received[0], SmResumed({ previd: id, h: 1 }))
    assert.deepEqual(bodies(again.received.slice(1)), ['2', '3', '4'])
    assert.equal(juliet.session.closed, true)
    for (const { kernel } of [west, east]) {
      const [entry, ...others] = kernel.directory.of(juliet.jid)
      assert.deepEqual([entry?.node, entry?.priority, others], ['west', 0, []])
    }
    await again.device!.say(SmAck({ h: 4 }))
    assert.equal(again.closedWith, undefined)
  })

  it('from a living connection: that one ends with conflict, and nobody sees the session go', async (t) => {
    const { west, romeo, juliet, id } = await verona(t)
    await romeo.send(Presence({ to: `juliet@${DOMAIN}/1` }))
    await juliet.send(Presence({ to: `romeo@${DOMAIN}/1` }))
    await settle()
    romeo.take()
    const again = await resume(west, id, 0)
    await settle()
    assert.equal(juliet.closedWith?.condition, 'conflict')
    assert.deepEqual(romeo.take(), [])
    // To whom the presence was directed has come along.
    west.kernel.endSession(again.device!.session, 'the end')
    await settle()
    assert.deepEqual(
      romeo.take().map((stanza) => stanza.attr('type')),
      ['unavailable'],
    )
  })

  for (const mailboxes of [[offline], []])
    it(`R1: what is on its way to the old node comes before what was sent later, ${mailboxes.length} mailboxes`, async (t) => {
      const { network, west, juliet, romeo, id, wait } = await verona(t, DEAF, mailboxes)
      await romeo.send(chat('0'))
      await settle()
      await juliet.lose()
      // Romeo speaks when the session has left the east and is not in the west yet; what the east sends back is late.
      const sent: Promise<void>[] = []
      network.lose = (packet: Packet, from: string) => {
        if (from !== 'east' || packet.kind !== 'data') return false
        const { envelope } = packet
        if (envelope.kind === 'answer' && envelope.data?.includes('moved') === true && sent.length === 0)
          for (const word of ['1', '2']) sent.push(romeo.send(chat(word)))
        return envelope.kind === 'stanza'
      }
      let resumed = false
      const trying = resume(west, id, 1).then((again) => {
        resumed = true
        return again
      })
      await settle()
      await Promise.all(sent)
      assert.equal(west.kernel.directory.find(juliet.jid)?.node, 'west')
      await romeo.send(chat('3'))
      await settle()
      assert.equal(resumed, false)
      network.lose = () => false
      await romeo.send(chat('4'))
      await wait(3)
      const again = await trying
      await romeo.send(chat('5'))
      await settle()
      assert.deepEqual(bodies(again.received), ['1', '2', '3', '4', '5'])
      await again.device!.say(SmAck({ h: 6 }))
      assert.equal(again.closedWith, undefined)
    })

  it('there and back', async (t) => {
    const { west, east, romeo, id } = await verona(t)
    for (let round = 0; round < 4; round++) {
      const again = await resume(round % 2 === 0 ? west : east, id, round)
      await settle()
      await romeo.send(chat(`${round}`))
      await settle()
      assert.deepEqual(bodies(again.received), [`${round}`])
      await again.device!.say(SmAck({ h: round + 1 }))
    }
  })

  it('S48, S49: of nobody else, of no other id, and with no count that is too high', async (t) => {
    const { west, juliet, romeo, id } = await verona(t)
    await romeo.send(chat('hey'))
    await settle()
    for (const [user, previd] of [
      ['romeo', id],
      ['juliet', `${id}x`],
      ['juliet', ''],
    ] as const) {
      const thief = await resume(west, previd, 0, user)
      await settle()
      assert.deepEqual(thief.received, [buildSmFailed('item-not-found')])
    }
    for (const h of ['2', '-1']) {
      const visitor = await resume(west, id, h)
      await settle()
      assert.ok(HandledCountTooHigh.is(visitor.closedWith?.application))
    }
    assert.deepEqual([juliet.closedWith, juliet.session.lost], [undefined, false])
  })

  it('S51: of two at once, at two nodes, one gets the session', async (t) => {
    const { west, east, romeo, id } = await verona(t)
    await romeo.send(chat('hey'))
    await settle()
    const [one, two] = await Promise.all([resume(west, id, 0), resume(east, id, 0)])
    await settle()
    const winners = [one, two].filter(({ received }) => received.some((element) => SmResumed.is(element)))
    assert.ok(winners.length >= 1)
    const held = [one, two].map(({ device }) => device).filter((device) => device?.session.lost === false)
    assert.equal(held.filter((device) => device?.session.closed === false).length, 1)
  })

  it('XEP-0198 §5: what was handled in a session that is over is known at all nodes', async (t) => {
    const stale_h = { enabled: true, repeat_after: 1800, geriatric: 3600 }
    const { west, juliet, id } = await verona(t, { ...DEAF, stale_h })
    await juliet.send(chat('to myself'))
    await juliet.disconnect()
    await settle()
    const again = await resume(west, id, 0)
    await settle()
    assert.deepEqual(again.received, [buildSmFailed('item-not-found', 1)])
  })

  it('R1: when the session does not arrive, what it holds goes into storage', async (t) => {
    const { network, west, east, romeo, juliet, id, wait } = await verona(t)
    await romeo.send(chat('kept'))
    await settle()
    await juliet.lose()
    network.lose = (packet: Packet, from: string) =>
      from === 'east' &&
      (packet.kind !== 'data' || packet.envelope.kind === 'answer' || packet.envelope.kind === 'gone')
    const trying = resume(west, id, 0)
    await settle()
    network.lose = () => true
    await wait(8)
    assert.equal((await trying).device, undefined)
    assert.equal(east.kernel.directory.size, 0)
    const later = east.connect('juliet/2')
    await later.send(Presence())
    await wait(62)
    assert.deepEqual(bodies(later.received), ['kept'])
  })

  it('R1: when its client has left meanwhile, it waits at its new node', async (t) => {
    const { west, romeo, juliet, id } = await verona(t)
    await juliet.lose()
    await romeo.send(chat('hey'))
    await settle()
    const visitor = west.newcomer('juliet')
    visitor.gone = true
    await visitor.say(SmResume({ previd: id, h: 0 }))
    await settle()
    assert.equal(west.kernel.directory.find(juliet.jid)?.local?.lost, true)
    const again = await resume(west, id, 0)
    assert.deepEqual(bodies(again.received), ['hey'])
  })
})
