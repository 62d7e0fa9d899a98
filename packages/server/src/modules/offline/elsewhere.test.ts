/** What is sent to a session that has no connection, at another node, is stored there before its sender is told that it was handled. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Message, Presence, SmRequest, errorCondition } from '@meerkat/protocol'
import { MemoryNetwork } from '../../testing/memory-network.ts'
import { DOMAIN, type Device, type Story, settle, story } from '../../testing/story.ts'
import messages from '../messages.ts'
import presence from '../presence/index.ts'
import {
  DEAF,
  JULIET,
  bodies,
  chat,
  counts,
  enable,
  heldDatabase,
  resume,
} from '../stream-management/balcony.fixture.ts'
import streamManagement from '../stream-management/index.ts'
import offline from './index.ts'

/** Romeo at the west, Juliet at the east; both have stream management, and one store without archive. */
async function verona(t: Parameters<typeof story>[0]) {
  const network = new MemoryNetwork()
  const storage = heldDatabase()
  const start = (name: string): Promise<Story> =>
    story(t, {
      modules: [[messages], [presence], [offline], [streamManagement, DEAF]],
      transport: network.join(name),
      access: { max_user_offline_messages: 'infinity' },
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
  const [, id] = [await enable(romeo), await enable(juliet)]
  return { network, storage, west, east, romeo, juliet, id }
}

/** How much of what a client has sent is handled, as it is told; undefined while something of it waits. */
async function handled(device: Device): Promise<string | undefined> {
  await device.say(SmRequest())
  await settle()
  return counts(device.take()).at(-1)
}

const kept = (scene: Story) => scene.host.stores.log('offline').count(JULIET)

describe('R1: a message for a session without connection at another node', () => {
  it('is acknowledged when it is stored there, and comes once', async (t) => {
    const { storage, west, east, romeo, juliet, id } = await verona(t)
    await juliet.lose()
    const release = storage.hold()
    await romeo.send(chat('1'))
    await settle()
    assert.equal(await handled(romeo), undefined)
    release()
    await settle()
    assert.deepEqual([await handled(romeo), await kept(east)], ['1', 1])
    const again = await resume(west, id, 0)
    await settle()
    assert.deepEqual(bodies(again.received), ['1'])
  })

  it('is refused when it cannot be stored there', async (t) => {
    const { storage, romeo, juliet } = await verona(t)
    await juliet.lose()
    const mend = storage.fail()
    await romeo.send(chat('1'))
    await settle()
    mend()
    assert.equal(errorCondition(romeo.take()[0]!), 'internal-server-error')
  })

  it('stays in order with those behind it when the session has a connection again', async (t) => {
    const { storage, east, romeo, juliet, id } = await verona(t)
    await juliet.lose()
    const release = storage.hold()
    await romeo.send(chat('1'))
    await settle()
    const resuming = resume(east, id, 0)
    await settle()
    await romeo.send(chat('2'))
    await settle()
    release()
    const again = await resuming
    await settle()
    assert.deepEqual(bodies(again.received), ['1', '2'])
  })

  it('is stored at the node of its sender when the other one goes', async (t) => {
    const { network, west, east, romeo, juliet } = await verona(t)
    await juliet.lose()
    network.lose = () => true
    await romeo.send(chat('1'))
    assert.equal(await handled(romeo), undefined)
    for (let seconds = 0; seconds < 8; seconds++) await Promise.all([west.wait(1), east.wait(1)])
    assert.deepEqual([await handled(romeo), await kept(west)], ['1', 1])
  })
})

it('R1: what waits behind a mailbox that is handed over is stored when the connection is lost', async (t) => {
  const { network, west, east, juliet } = await verona(t)
  const nurse = east.connect('romeo/2')
  await juliet.send(Presence({ type: 'unavailable' }))
  await settle()
  // The other node is asked what it holds of the mailbox, and its answer does not come.
  network.lose = (packet, from) => packet.kind === 'data' && from === 'west'
  const available = juliet.send(Presence())
  await Promise.all([west.wait(1), east.wait(1)])
  await available
  juliet.take()
  await nurse.send(chat('1'))
  await settle()
  assert.deepEqual(bodies(juliet.take()), [])
  await juliet.lose()
  await settle()
  const stored = await kept(east)
  network.lose = () => false
  await Promise.all([west.wait(2), east.wait(2)])
  assert.equal(stored, 1)
})

it('what the API sends is there when it is answered, also at another node', async (t) => {
  const { network, west, juliet, romeo } = await verona(t)
  network.lose = () => true
  const typing = Message({ type: 'chat' }, Body({}, 'hey'))
  let answered = false
  const sent = west.kernel.router.submit(typing, romeo.jid, juliet.jid, 'api').then(() => (answered = true))
  await settle()
  assert.equal(answered, false)
  network.lose = () => false
  await west.wait(1)
  await sent
  assert.deepEqual(bodies(juliet.take()), ['hey'])
})

it('the API of one node tells from where a session of the other one is connected', async (t) => {
  const { west, juliet } = await verona(t)
  const { kind, ip, port } = juliet.session.connection
  assert.deepEqual(west.kernel.directory.find(juliet.jid)?.origin, { kind, ip, port })
  assert.equal(juliet.jid.domain, DOMAIN)
})
