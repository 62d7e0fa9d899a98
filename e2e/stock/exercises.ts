/** What shows of each module that it works, by its key: something that only this module does, with clients of ours. */
import assert from 'node:assert/strict'
import { type Client } from '@meerkat/client'
import {
  befriend,
  connectDevice,
  expect,
  freshUser,
  message,
  removeUser,
  story,
  type StoryTest,
  type TestServer,
} from '@meerkat/client/testing'
import {
  AMP_NS,
  Amp,
  Block,
  Blocklist,
  Body,
  CarbonsEnable,
  CommandTag,
  DiscoItems,
  Iq,
  LastQuery,
  Message,
  OriginId,
  Presence,
  PrivacyQuery,
  PrivateQuery,
  RosterQuery,
  SearchQuery,
  SicAddress,
  SmAck,
  SmEnable,
  SmEnabled,
  SmRequest,
  VCard,
  buildBlocking,
  buildPrivacyList,
  parseAmpTold,
  parseBlocking,
  parseCarbon,
  parseCommandAnswer,
  parseDelay,
  parseDiscoItems,
  parseLast,
  parseSearchItems,
  parseSicAddress,
  vcardTag,
  vcardText,
} from '@meerkat/protocol'
import { type Element, tag } from '@meerkat/xml'

/** Shows that a module works. */
type Exercise = (t: StoryTest, server: TestServer) => Promise<void>

const get = (content: Element, to?: string): Element => Iq({ type: 'get', to }, content)
const set = (content: Element, to?: string): Element => Iq({ type: 'set', to }, content)
const chat = (to: { toString(): string }, body: string, ...more: readonly Element[]): Element =>
  Message({ to: to.toString(), type: 'chat', id: body }, Body({}, body), ...more)
const next = (client: Client, matches: (stanza: Element) => boolean): Promise<Element> => client.receive(matches)

const alone =
  (tell: (alice: Client) => Promise<void>): Exercise =>
  (t, server) =>
    story(t, { server, users: { alice: 1 } }, ({ alice }) => tell(alice))

/** The exercises. */
export const exercises: Readonly<Record<string, Exercise>> = {
  mod_adhoc: alone(async (alice) => {
    const pong = await alice.request(set(CommandTag({ node: 'ping' }), 'localhost'))
    assert.equal(parseCommandAnswer(CommandTag.in(pong)!)?.notes?.[0]?.text, 'Pong')
  }),

  mod_amp: (t, server) =>
    story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
      const rule = tag(AMP_NS, 'rule')({ condition: 'deliver', value: 'direct', action: 'notify' })
      alice.send(chat(bob.jid, 'tell me', Amp({}, rule)))
      await bob.receive(message({ body: 'tell me' }).matches)
      const told = await next(alice, (stanza) => parseAmpTold(stanza) !== undefined)
      assert.equal(parseAmpTold(told)!.status, 'notify')
    }),

  mod_blocking: (t, server) =>
    story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
      await alice.request(set(buildBlocking(Block, [bob.jid.bare])))
      const list = Blocklist.in(await alice.request(get(Blocklist())))!
      assert.deepEqual(parseBlocking(list).map(String), [bob.jid.bare.toString()])
      bob.send(chat(alice.jid, 'hello?'))
      await expect(bob).error('service-unavailable')
    }),

  mod_cache_users: async (t, server) => {
    const later = await freshUser(server, 'later')
    await removeUser(server, later)
    await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
      for (let i = 0; i < 2; i++) {
        alice.send(chat(later.jid, 'nobody'))
        await expect(alice).error('service-unavailable')
      }
      const bob = await freshUser(server, 'bob')
      alice.send(chat(bob.jid, 'you are new'))
      const device = await connectDevice(server, bob)
      device.send(Presence())
      await device.receive(message({ body: 'you are new' }).matches)
      await device.close()
      await removeUser(server, bob)
    })
  },

  mod_carboncopy: (t, server) =>
    story(t, { server, users: { alice: 2, bob: 1 } }, async ({ alice, alice2, bob }) => {
      await alice2.request(set(CarbonsEnable()))
      bob.send(chat(alice.jid, 'to one'))
      const copy = await alice2.receive((stanza) => parseCarbon(stanza, alice.jid.bare.toString()) !== undefined)
      assert.equal(parseCarbon(copy, alice.jid.bare.toString())!.direction, 'received')
    }),

  mod_disco: alone(async (alice) => {
    const items = parseDiscoItems(DiscoItems.in(await alice.request(get(DiscoItems(), 'localhost')))!)
    assert.ok(items.some(({ jid }) => jid === 'vjud.localhost'))
  }),

  mod_last: alone(async (alice) => {
    const last = parseLast(LastQuery.in(await alice.request(get(LastQuery(), 'localhost')))!)
    assert.ok(last !== undefined && last.seconds < 3600)
  }),

  mod_messages: (t, server) =>
    story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
      alice.send(chat(bob.jid.bare, 'to whoever you are'))
      await expect(bob).message({ body: 'to whoever you are', from: alice })
    }),

  mod_offline: async (t, server) => {
    const bob = await freshUser(server, 'bob')
    await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
      alice.send(chat(bob.jid, 'for later'))
      await expect(alice).nothing()
    })
    const device = await connectDevice(server, bob)
    device.send(Presence())
    const came = await device.receive(message({ body: 'for later' }).matches)
    assert.ok(parseDelay(came) !== undefined)
    await device.close()
    await removeUser(server, bob)
  },

  mod_presence: (t, server) =>
    story(t, { server, users: { alice: 1, bob: 1 }, friends: true }, async ({ alice, bob }) => {
      alice.send(Presence({ type: 'unavailable' }))
      await expect(bob).presence({ type: 'unavailable', from: alice })
    }),

  mod_privacy: alone(async (alice) => {
    const list = buildPrivacyList('nobody', [
      { type: undefined, value: '', action: 'deny', order: 1, kinds: ['message'] },
    ])
    await alice.request(set(PrivacyQuery({}, list)))
    const names = PrivacyQuery.in(await alice.request(get(PrivacyQuery())))!
    assert.ok(names.elements().some((each) => each.attr('name') === 'nobody'))
  }),

  mod_private: alone(async (alice) => {
    const Notes = tag('urn:example:notes', 'notes')
    await alice.request(set(PrivateQuery({}, Notes({ text: 'mine' }))))
    const kept = PrivateQuery.in(await alice.request(get(PrivateQuery({}, Notes()))))!
    assert.equal(Notes.in(kept)?.attr('text'), 'mine')
  }),

  // A server of these tests has no other way to new accounts.
  mod_register: async (_t, server) => {
    const user = await freshUser(server, 'registered')
    await (await connectDevice(server, user)).close()
    await removeUser(server, user)
    await assert.rejects(connectDevice(server, user), /not-authorized/)
  },

  mod_resent: async (t, server) => {
    const bob = await freshUser(server, 'bob')
    await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
      for (let i = 0; i < 2; i++) alice.send(chat(bob.jid, 'once', OriginId({ id: 'the-same' })))
      await expect(alice).nothing()
    })
    const device = await connectDevice(server, bob)
    device.send(Presence())
    await device.receive(message({ body: 'once' }).matches)
    assert.ok(!(await device.barrier()).some(message({ body: 'once' }).matches))
    await device.close()
    await removeUser(server, bob)
  },

  mod_roster: (t, server) =>
    story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
      await befriend(alice, bob)
      const items = RosterQuery.in(await alice.request(get(RosterQuery())))!.elements()
      assert.deepEqual(
        items.map((item) => [item.attr('jid'), item.attr('subscription')]),
        [[bob.jid.bare.toString(), 'both']],
      )
    }),

  mod_sic: alone(async (alice) => {
    assert.equal(parseSicAddress(SicAddress.in(await alice.request(get(SicAddress())))!)?.ip, '127.0.0.1')
  }),

  mod_stream_management: alone(async (alice) => {
    alice.send(SmEnable({ resume: 'true' }))
    const enabled = await alice.receive((element) => SmEnabled.is(element))
    assert.equal(enabled.attr('resume'), 'true')
    alice.send(SmRequest())
    assert.equal((await alice.receive((element) => SmAck.is(element))).attr('h'), '0')
  }),

  mod_vcard: alone(async (alice) => {
    const name = vcardTag('N')({}, vcardTag('FAMILY')({}, 'Uniquely'), vcardTag('GIVEN')({}, 'Alice'))
    await alice.request(set(VCard({}, name)))
    const seen = VCard.in(await alice.request(get(VCard(), alice.jid.bare.toString())))!
    assert.equal(vcardText(seen, 'N', 'FAMILY'), 'Uniquely')
    const query = SearchQuery({}, tag('jabber:iq:search', 'last')({}, 'uniquely'))
    const found = SearchQuery.in(await alice.request(set(query, 'vjud.localhost')))!
    assert.deepEqual(
      parseSearchItems(found).map((item) => item.get('jid')),
      [alice.jid.bare.toString()],
    )
  }),
}
