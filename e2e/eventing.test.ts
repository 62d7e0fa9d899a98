/** Personal eventing (XEP-0163) over sockets: avatars (XEP-0084), bookmarks (XEP-0402), and what the server says of itself (XEP-0115). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DiscoInfo,
  EventItem,
  EventItems,
  Iq,
  Presence,
  Pubsub,
  PubsubEvent,
  PubsubItem,
  PubsubItems,
  PubsubPublish,
  PublishOptions,
  buildCaps,
  buildDiscoInfo,
  buildForm,
  capsHash,
  readCaps,
} from '@meerkat/protocol'
import type { Client } from '@meerkat/client'
import { befriend, connectDevice, freshUser, story } from '@meerkat/client/testing'
import { type Element, tag } from '@meerkat/xml'
import { federation } from './federation.fixture.ts'
import { startServer } from './harness.ts'

const server = await startServer({
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_disco]
[modules.mod_ping]
[modules.mod_pubsub]
[modules.mod_pubsub_old]
plugins = ["flat", "pep"]`,
})

const METADATA = 'urn:xmpp:avatar:metadata'
const BOOKMARKS = 'urn:xmpp:bookmarks:1'
const Metadata = tag(METADATA, 'metadata')
const Conference = tag(BOOKMARKS, 'conference')

const publish = (node: string, id: string, item: Element, ...more: readonly Element[]): Element =>
  Iq({ type: 'set' }, Pubsub({}, PubsubPublish({ node }, PubsubItem({ id }, item)), ...more))

/** What a client says of itself that wants events of a node. */
const clientOf = (node: string): Element =>
  buildDiscoInfo({ identities: [{ category: 'client', type: 'pc' }], features: [`${node}+notify`, 'urn:z'] })

/** Becomes available with a client that wants events of a node, and answers the server's question about that. */
async function come(device: Client, node: string): Promise<void> {
  const info = clientOf(node)
  device.send(Presence({}, buildCaps('sha-1', 'http://client.example', capsHash(info, 'v1', 'sha-1')!)))
  const asked = await device.receive((stanza) => stanza.attr('type') === 'get' && DiscoInfo.in(stanza) !== undefined)
  device.send(Iq({ type: 'result', id: asked.attr('id'), to: asked.attr('from') }, info))
}

const nextEvent = async (device: Client): Promise<Element> => {
  const message = await device.receive((stanza) => PubsubEvent.in(stanza) !== undefined, { what: 'an event' })
  return EventItems.in(PubsubEvent.in(message)!)!
}

test('a contact learns of an avatar, at once and later, and what is private survives a restart', async (t) => {
  const owner = await freshUser(server, 'owner')
  await story(t, { server, users: { romeo: 1 } }, async ({ romeo }) => {
    const device = await connectDevice(server, owner)
    device.send(Presence())
    await befriend(device, romeo)
    await come(romeo, METADATA)
    await device.request(publish(METADATA, 'a1', Metadata()))
    const items = await nextEvent(romeo)
    assert.equal(items.attr('node'), METADATA)
    assert.equal(EventItem.in(items)?.attr('id'), 'a1')
    romeo.send(Presence({ type: 'unavailable' }))
    romeo.send(Presence({}, buildCaps('sha-1', 'x', 'y')))
    await come(romeo, METADATA)
    assert.equal(EventItem.in(await nextEvent(romeo))?.attr('id'), 'a1')
    const options = { 'pubsub#access_model': 'whitelist', 'pubsub#max_items': 'max', 'pubsub#persist_items': '1' }
    const fields = Object.entries(options).map(([name, value]) => ({ var: name, value }))
    const formType = 'http://jabber.org/protocol/pubsub#publish-options'
    const form = PublishOptions({}, buildForm({ type: 'submit', formType }, fields))
    for (const room of ['a@rooms.example', 'b@rooms.example'])
      await device.request(publish(BOOKMARKS, room, Conference({ name: room }), form))
    const ask = Iq({ type: 'get', to: device.jid.bare }, Pubsub({}, PubsubItems({ node: BOOKMARKS })))
    await assert.rejects(romeo.request(ask), { condition: 'not-allowed' })
    await device.close()
  })
  await server.restart()
  const device = await connectDevice(server, owner)
  const answer = await device.request(Iq({ type: 'get' }, Pubsub({}, PubsubItems({ node: BOOKMARKS }))))
  const ids = PubsubItem.all(PubsubItems.in(Pubsub.in(answer)!)!).map((item) => item.attr('id'))
  assert.deepEqual(ids, ['a@rooms.example', 'b@rooms.example'])
  await device.close()
})

test('XEP-0115 §6.3: the hash in the stream features is that of what the server tells', async (t) => {
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    const caps = readCaps(alice.features!, ['v1'])!
    const answer = await alice.request(Iq({ type: 'get', to: 'localhost' }, DiscoInfo({ node: caps.node })))
    const query = DiscoInfo.in(answer)!.with({ node: undefined })
    assert.equal(capsHash(query, 'v1', caps.algo!), caps.value)
  })
})

test('the service on a domain of its own is among the items of the server, and answers', async (t) => {
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    const to = 'pubsub.localhost'
    await alice.request(publish('news', '1', Conference()).with({ to }))
    const answer = await alice.request(Iq({ type: 'get', to }, Pubsub({}, PubsubItems({ node: 'news' }))))
    assert.equal(PubsubItem.all(PubsubItems.in(Pubsub.in(answer)!)!).length, 1)
  })
})

test('XEP-0163 §4.3: a contact at another server is asked what it wants, and learns of it', async (t) => {
  const [one, other] = await federation(['one.test', 'other.test'], { modules: '[modules.mod_pubsub]' })
  await story(t, { server: one, users: { alice: 1 } }, ({ alice }) =>
    story(t, { server: other, users: { bob: 1 } }, async ({ bob }) => {
      await befriend(alice, bob)
      await alice.request(publish(METADATA, 'before', Metadata()))
      const info = clientOf(METADATA)
      bob.send(Presence({}, buildCaps('sha-1', 'http://client.example', capsHash(info, 'v1', 'sha-1')!)))
      for (let asked = 0; asked < 2; asked++) {
        // Both servers ask: his own, and hers.
        const iq = await bob.receive((stanza) => stanza.attr('type') === 'get' && DiscoInfo.in(stanza) !== undefined)
        bob.send(Iq({ type: 'result', id: iq.attr('id'), to: iq.attr('from') }, info))
      }
      assert.equal(EventItem.in(await nextEvent(bob))?.attr('id'), 'before')
      await alice.request(publish(METADATA, 'after', Metadata()))
      assert.equal(EventItem.in(await nextEvent(bob))?.attr('id'), 'after')
    }),
  )
})
