import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Iq, Message, Ping, Presence, errorCondition, result } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import messages from '../modules/messages.ts'
import { memoryDatabase } from '../storage/memory.ts'
import { MemoryNetwork } from '../testing/memory-network.ts'
import { settle, story } from '../testing/story.ts'

type Context = Parameters<typeof story>[0]

/** Two nodes over one store: romeo is connected to the first, juliet to the second. */
async function nodes(t: Context) {
  const network = new MemoryNetwork()
  const storage = memoryDatabase()
  const start = (name: string) => story(t, { modules: [[messages]], transport: network.join(name), storage })
  const west = await start('west')
  const romeo = west.connect('romeo')
  west.account('juliet')
  const east = await start('east')
  await settle()
  east.account('romeo')
  const juliet = east.connect('juliet')
  await settle()
  return { network, west, east, romeo, juliet }
}

const chat = (to: unknown, body: string) => Message({ to: String(to), type: 'chat' }, Body({}, body))

describe('two nodes', () => {
  it('learn of sessions that were there before, and of new ones', async (t) => {
    const { west, east, romeo, juliet } = await nodes(t)
    assert.equal(east.kernel.directory.find(romeo.jid)?.node, 'west')
    assert.equal(west.kernel.directory.find(juliet.jid)?.node, 'east')
    assert.equal(west.kernel.directory.find(juliet.jid)?.local, undefined)
  })

  it('carry messages to full and bare JIDs, as the presence on the other node says', async (t) => {
    const { east, romeo, juliet } = await nodes(t)
    await romeo.send(chat(juliet.jid, 'to your full JID'))
    await settle()
    assert.deepEqual(
      juliet.take().map((stanza) => text(Body.in(stanza))),
      ['to your full JID'],
    )

    await romeo.send(chat(juliet.jid.bare, 'too early'))
    assert.equal(errorCondition(romeo.take()[0]!), 'service-unavailable')
    east.kernel.directory.setPresence(juliet.session, Presence(), 0)
    await settle()
    await romeo.send(chat(juliet.jid.bare, 'now'))
    await settle()
    assert.deepEqual(
      juliet.take().map((stanza) => text(Body.in(stanza))),
      ['now'],
    )
  })

  it('carry requests and their answers', async (t) => {
    const { romeo, juliet } = await nodes(t)
    await romeo.send(Iq({ type: 'get', id: 'p1', to: juliet.jid }, Ping()))
    await settle()
    const [asked] = juliet.take()
    await juliet.send(result(asked!))
    await settle()
    assert.deepEqual(
      romeo.take().map((stanza) => stanza.attr('type')),
      ['result'],
    )
  })

  it('forget a session that ended, and then say that nobody is there', async (t) => {
    const { west, romeo, juliet } = await nodes(t)
    await juliet.disconnect()
    await settle()
    assert.equal(west.kernel.directory.find(juliet.jid), undefined)
    await romeo.send(Iq({ type: 'get', id: 'p1', to: juliet.jid }, Ping()))
    assert.equal(errorCondition(romeo.take()[0]!), 'service-unavailable')
  })

  it('go on when an envelope is lost', async (t) => {
    const { network, romeo, juliet } = await nodes(t)
    network.lose = (envelope) => envelope.kind === 'stanza'
    await romeo.send(chat(juliet.jid, 'lost'))
    network.lose = () => false
    await romeo.send(chat(juliet.jid, 'found'))
    await settle()
    assert.deepEqual(
      juliet.take().map((stanza) => text(Body.in(stanza))),
      ['found'],
    )
  })
})
