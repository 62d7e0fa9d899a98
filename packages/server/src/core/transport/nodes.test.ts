import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Iq, Message, Ping, Presence, errorCondition, result } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import messages from '../../modules/messages.ts'
import { memoryDatabase } from '../../storage/memory.ts'
import { MemoryNetwork } from '../../testing/memory-network.ts'
import { type Device, settle, story } from '../../testing/story.ts'

type Context = Parameters<typeof story>[0]

/** Two nodes over one store: romeo is connected to the first, juliet to the second. */
async function nodes(t: Context) {
  const network = new MemoryNetwork()
  const storage = memoryDatabase()
  const access = { max_user_sessions: 2 }
  const start = (name: string) => story(t, { modules: [[messages]], transport: network.join(name), storage, access })
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

const bodies = (device: Device): string[] => device.take().map((stanza) => text(Body.in(stanza)))

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

  it('send again what is lost, in its place', async (t) => {
    const { network, west, romeo, juliet } = await nodes(t)
    network.lose = ({ kind }) => kind === 'data'
    await romeo.send(chat(juliet.jid, 'lost'))
    network.lose = () => false
    await romeo.send(chat(juliet.jid, 'found'))
    await settle()
    assert.deepEqual(bodies(juliet), [])
    await west.wait(1)
    assert.deepEqual(bodies(juliet), ['lost', 'found'])
  })

  it('do not hand over twice what is acknowledged and the acknowledgement lost', async (t) => {
    const { network, west, romeo, juliet } = await nodes(t)
    network.lose = (_, from) => from === 'east'
    await romeo.send(chat(juliet.jid, 'once'))
    await west.wait(1)
    network.lose = () => false
    await west.wait(2)
    await romeo.send(chat(juliet.jid, 'then'))
    await settle()
    assert.deepEqual(bodies(juliet), ['once', 'then'])
  })

  it('have gone when nothing is heard of them: what was for them goes elsewhere, and they may come back', async (t) => {
    const { network, west, east, romeo, juliet } = await nodes(t)
    network.lose = () => true
    await romeo.send(chat(juliet.jid, 'into the dark'))
    await Promise.all([west.wait(7), east.wait(7)])
    assert.equal(west.kernel.directory.find(juliet.jid), undefined)
    assert.equal(errorCondition(romeo.take()[0]!), 'service-unavailable')
    network.lose = () => false
    await Promise.all([west.wait(3), east.wait(3)])
    assert.equal(west.kernel.directory.find(juliet.jid)?.node, 'east')
    await romeo.send(chat(juliet.jid, 'again'))
    await settle()
    assert.deepEqual(bodies(juliet), ['again'])
  })

  it('RFC 6120 §7.7.2.2: the same full JID on another node ends the session with conflict', async (t) => {
    const { west, east, juliet } = await nodes(t)
    const again = west.connect('juliet/1')
    await again.session.announced
    assert.equal(juliet.closedWith?.condition, 'conflict')
    for (const { kernel } of [west, east]) {
      assert.equal(kernel.directory.find(juliet.jid)?.node, 'west')
      assert.equal(kernel.directory.size, 2)
    }
    assert.equal(again.closedWith, undefined)
  })

  it('of two at once with the same full JID one stays, and all nodes agree on which', async (t) => {
    const { west, east } = await nodes(t)
    const [one, two] = [west.connect('juliet/new'), east.connect('juliet/new')]
    await Promise.all([one.session.announced, two.session.announced])
    await settle()
    assert.notEqual(one.session.closed, two.session.closed)
    const nodesOf = [west, east].map(({ kernel }) => kernel.directory.find(one.jid)?.node)
    assert.deepEqual(nodesOf, one.session.closed ? ['east', 'east'] : ['west', 'west'])
  })

  it('end the oldest session of a user with too many, wherever it is', async (t) => {
    const { west, east, juliet } = await nodes(t)
    assert.equal(juliet.session.closed, false)
    const devices = [west.connect('juliet/2'), west.connect('juliet/3')]
    for (const { session } of devices) await session.announced
    assert.equal(juliet.closedWith?.condition, 'conflict')
    await settle()
    assert.equal(east.kernel.directory.of(juliet.jid).length, 2)
  })

  it('have turns that no two take at once, also when the node that keeps them goes', async (t) => {
    const { network, west, east } = await nodes(t)
    const held = Promise.withResolvers<void>()
    const order: string[] = []
    const keys = ['a', 'b', 'c', 'd']
    const first = keys.map((key) =>
      west.host.nodes.exclusively(key, () => held.promise.then(() => void order.push('west'))),
    )
    await settle()
    const second = keys.map((key) => east.host.nodes.exclusively(key, async () => void order.push('east')))
    await settle()
    assert.deepEqual(order, [])
    held.resolve()
    await Promise.all([...first, ...second])
    for (const node of ['east', 'west']) assert.equal(order.filter((each) => each === node).length, keys.length)
    network.lose = () => true
    const alone = keys.map((key) => east.host.nodes.exclusively(key, async () => key))
    await east.wait(7)
    assert.deepEqual(await Promise.all(alone), keys)
  })

  it('R20: one that leaves does not wait for turns that others have', async (t) => {
    const { west, east } = await nodes(t)
    const held = Promise.withResolvers<void>()
    // So many that each node keeps the turns at some.
    const keys = Array.from('abcdefghijklmnop', (letter) => `${letter}@example.com`)
    const theirs = keys.map((key) => west.host.nodes.exclusively(key, () => held.promise))
    await settle()
    const ours = keys.map((key) => east.host.nodes.exclusively(key, async () => key))
    await settle()
    east.kernel.cluster!.close()
    assert.deepEqual(await Promise.all(ours), keys)
    held.resolve()
    await Promise.all(theirs)
  })
})
