/** One service on two nodes: what clients must not notice of where they are connected. The nodes are joined by a network that loses and repeats. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, openSecureStream } from '@meerkat/client'
import { connectDevice, expect, freshUser, message, optionsFor, presence, story } from '@meerkat/client/testing'
import {
  Body,
  CARBONS_NS,
  CarbonsEnable,
  Delay,
  Forwarded,
  Iq,
  MamQuery,
  MamResult,
  Message,
  Ping,
  Presence,
  RosterItem,
  RosterQuery,
  SmEnable,
  SmEnabled,
  SmResume,
  SmResumed,
  StanzaId,
  Status,
  result,
} from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { startServer } from './harness.ts'

const server = await startServer({
  nodes: 2,
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_carboncopy]
[modules.mod_offline]
[modules.mod_mam.pm]
[modules.mod_stream_management]
ack = false`,
  access: 'max_user_sessions = [{ acl = "all", value = 3 }]',
})

const chat = (to: { toString(): string }, body: string): Element => Message({ to, type: 'chat' }, Body({}, body))
const bodyOf = (stanza: Element): string => text(Body.in(stanza))

/** The node of a session, as the API tells it. */
async function nodeOf(client: Client): Promise<string> {
  const data = await server.graphql('query ($user: JID!) { session { listUserSessions(user: $user) { user node } } }', {
    user: client.jid.bare.toString(),
  })
  const { listUserSessions: sessions } = data['session'] as { listUserSessions: { user: string; node: string }[] }
  return sessions.find(({ user }) => user === client.jid.toString())?.node ?? ''
}

test('clients come to both nodes, and the API of each knows all sessions', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    const nodes = [await nodeOf(alice), await nodeOf(bob)]
    assert.deepEqual(nodes.toSorted(), ['a@localhost', 'b@localhost'])
    assert.deepEqual([await nodeOf(bob), await nodeOf(alice)], nodes.toReversed())
  })
})

test('RFC 6121 §8.5.2.1.1: a message to the bare address comes once to each resource, on whatever node', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 3 }, nothingLeft: true }, async ({ alice, bob, bob2, bob3 }) => {
    for (let i = 0; i < 100; i++) alice.send(chat(bob.jid.bare, `${i}`))
    for (const device of [bob, bob2, bob3])
      for (let i = 0; i < 100; i++) assert.equal(bodyOf(await device.receive(message().matches)), `${i}`)
  })
})

test('RFC 6121 §3, §4: contacts on two nodes see each other come and go', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, friends: true, nothingLeft: true }, async ({ alice, bob }) => {
    alice.send(Presence({ type: 'unavailable' }))
    await expect(bob).presence({ from: alice, type: 'unavailable' })
    await expect(alice).presence({ from: alice, type: 'unavailable' })
    alice.send(Presence())
    await expect(bob).presence({ from: alice })
    await expect(alice).presence({ from: alice })
    await expect(alice).presence({ from: bob })
    alice.destroy()
    await expect(bob).presence({ from: alice, type: 'unavailable' })
  })
})

test('RFC 6121 §2.1.6: a change of the roster is pushed to the device on the other node, which reads it then', async (t) => {
  await story(t, { server, users: { alice: 2 }, nothingLeft: true }, async ({ alice, alice2 }) => {
    for (const device of [alice, alice2]) await device.request(Iq({ type: 'get' }, RosterQuery()))
    for (const [device, other] of [
      [alice, alice2],
      [alice2, alice],
    ] as const)
      for (const jid of ['romeo@localhost', 'nurse@localhost']) {
        const name = device === alice ? 'first' : 'second'
        await device.request(Iq({ type: 'set' }, RosterQuery({}, RosterItem({ jid, name }))))
        for (const each of [device, other]) {
          const pushed = await each.receive((stanza) => stanza.name === 'iq' && stanza.attr('type') === 'set')
          assert.equal(RosterItem.in(RosterQuery.in(pushed)!)?.attr('name'), name)
          each.send(result(pushed))
        }
      }
    const rosters = await Promise.all(
      [alice, alice2].map((device) => device.request(Iq({ type: 'get' }, RosterQuery()))),
    )
    for (const roster of rosters)
      assert.deepEqual(
        RosterQuery.in(roster)!
          .elements()
          .map((item) => item.attr('name')),
        ['second', 'second'],
      )
  })
})

test('XEP-0280: copies for devices on both nodes, of what is sent and of what is received', async (t) => {
  await story(t, { server, users: { alice: 2, bob: 2 }, nothingLeft: true }, async ({ alice, alice2, bob, bob2 }) => {
    for (const device of [alice, alice2, bob, bob2]) await device.request(Iq({ type: 'set' }, CarbonsEnable()))
    alice.send(chat(bob.jid, 'wherefore'))
    await expect(bob).message({ from: alice, body: 'wherefore' })
    for (const device of [alice2, bob2]) {
      const copy = await device.receive(message().matches)
      const wrapper = copy.elements().find(({ ns }) => ns === CARBONS_NS)
      assert.equal(wrapper?.name, device === alice2 ? 'sent' : 'received')
      assert.equal(bodyOf(Forwarded.in(wrapper)!.elements()[0]!), 'wherefore')
    }
  })
})

test('RFC 6121 §8.5.3.1: a request to a device on the other node, and its answer', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, nothingLeft: true }, async ({ alice, bob }) => {
    const answered = alice.request(Iq({ type: 'get', to: bob.jid }, Ping()))
    const asked = await bob.receive((stanza) => stanza.name === 'iq')
    bob.send(result(asked))
    assert.equal((await answered).attr('from'), bob.jid.toString())
  })
})

test('RFC 6120 §7.7.2.2: the same resource on the other node: the old session ends with conflict', async () => {
  const user = await freshUser(server, 'juliet')
  const connect = (): Promise<Client> => connectDevice(server, user, { resource: 'balcony' })
  let before = await connect()
  for (let i = 0; i < 5; i++) {
    const again = await connect()
    await expect(before).streamError('conflict')
    before = again
  }
  await before.barrier()
  await before.close()
})

test('`max_user_sessions` counts the sessions of all nodes, and the oldest goes', async () => {
  const user = await freshUser(server, 'juliet')
  const devices: Client[] = []
  for (let i = 0; i < 5; i++) devices.push(await connectDevice(server, user))
  for (const device of devices.splice(0, 2)) await expect(device).streamError('conflict')
  for (const device of devices) await device.barrier()
  for (const device of devices) await device.close()
})

test('the API of one node ends sessions of the other', async (t) => {
  await story(t, { server, users: { alice: 2 } }, async ({ alice, alice2 }) => {
    const { session } = await server.graphql(
      'mutation ($user: BareJID!) { session { kickUser(user: $user) { jid kicked } } }',
      { user: alice.jid.bare.toString() },
    )
    const { kickUser: kicked } = session as { kickUser: { kicked: boolean }[] }
    assert.deepEqual(
      kicked.map((each) => each.kicked),
      [true, true],
    )
    for (const device of [alice, alice2]) await expect(device).streamError('conflict')
  })
})

test('the API of each node sees from where sessions come, and lets them say presences', async (t) => {
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    const user = alice.jid.toString()
    for (const status of ['one', 'another']) {
      await server.graphql(
        'mutation ($user: JID!, $status: String!) { session { setPresence(user: $user, type: AVAILABLE, status: $status) { jid } } }',
        { user, status },
      )
      assert.equal(text(Status.in(await alice.receive(presence({ from: alice }).matches))), status)
      const { session } = await server.graphql(
        'query ($user: JID!) { session { listUserSessions(user: $user) { connection ip } } }',
        { user: alice.jid.bare.toString() },
      )
      assert.deepEqual(session, { listUserSessions: [{ connection: 'c2s', ip: '127.0.0.1' }] })
    }
  })
})

test('accounts that come, change and go at one node are known at the other', async () => {
  const user = await freshUser(server, 'juliet')
  const change =
    'mutation ($user: JID!, $newPassword: String!) { account { changeUserPassword(user: $user, newPassword: $newPassword) { jid } } }'
  for (let i = 0; i < 4; i++) {
    for (let each = 0; each < 2; each++)
      await (await connectDevice(server, { ...user, password: lastOf(i, user) })).close()
    await server.graphql(change, { user: user.jid.toString(), newPassword: `password ${i + 1}` })
    for (let each = 0; each < 2; each++)
      await assert.rejects(connectDevice(server, { ...user, password: lastOf(i, user) }), /not-authorized/)
  }
})

const lastOf = (change: number, { password }: { password: string }): string =>
  change === 0 ? password : `password ${change}`

test('XEP-0160: what one node keeps the other one delivers, once', async () => {
  const [alice, bob] = [await freshUser(server, 'alice'), await freshUser(server, 'bob')]
  for (let round = 0; round < 4; round++) {
    const sender = await connectDevice(server, alice)
    for (let i = 0; i < 20; i++) sender.send(chat(bob.jid, `${i}`))
    await sender.barrier()
    const devices = [await connectDevice(server, bob), await connectDevice(server, bob)]
    for (const device of devices) device.send(Presence())
    for (const device of devices) await device.receive(presence({ from: device }).matches)
    const came: Element[] = []
    for (let i = 0; i < 20; i++)
      came.push(await Promise.any(devices.map((device) => device.receive(message().matches, { timeoutMs: 5000 }))))
    assert.deepEqual(
      came.map(bodyOf),
      Array.from({ length: 20 }, (_, i) => `${i}`),
    )
    assert.ok(came.every((each) => Delay.in(each) !== undefined))
    for (const device of devices) {
      const left = await device.barrier()
      assert.deepEqual(
        left.filter(({ name }) => name === 'message'),
        [],
      )
    }
    for (const device of [sender, ...devices]) await device.close()
  }
})

test('XEP-0313: the archive is one, and its ids are those of the messages, wherever they came', async (t) => {
  await story(t, { server, users: { alice: 2, bob: 2 } }, async ({ alice, alice2, bob, bob2 }) => {
    const ids: (string | undefined)[] = []
    for (const [i, sender] of [alice, alice2, alice, alice2].entries()) {
      sender.send(chat(bob.jid, `${i}`))
      ids.push(StanzaId.in(await bob.receive(message().matches))?.attr('id'))
    }
    for (const device of [bob, bob2]) {
      await device.request(Iq({ type: 'set' }, MamQuery()))
      const found = device
        .drop()
        .flatMap(({ children }) => children)
        .filter((child) => MamResult.is(child))
      assert.deepEqual(
        found.map((each) => each.attr('id')),
        ids,
      )
    }
  })
})

test('XEP-0198 §5: a session goes on at the other node, with what it holds, and all see it there', async (t) => {
  const user = await freshUser(server, 'juliet')
  await story(t, { server, users: { romeo: 1 } }, async ({ romeo }) => {
    let juliet = await connectDevice(server, user)
    const { jid } = juliet
    juliet.send(Presence())
    await expect(juliet).presence({ from: juliet })
    await juliet.request(Iq({ type: 'set' }, CarbonsEnable()))
    juliet.send(SmEnable({ resume: 'true' }))
    const previd = (await juliet.receive((element) => SmEnabled.is(element))).attr('id')
    const nodes = new Set<string>()
    let handled = 0
    for (let round = 0; round < 6; round++) {
      romeo.send(chat(jid, `${round} before`))
      assert.equal(bodyOf(await juliet.receive(message().matches)), `${round} before`)
      if (round % 2 === 0) juliet.destroy()
      romeo.send(chat(jid, `${round} meanwhile`))
      await romeo.barrier()
      const next = await openSecureStream(optionsFor(server, user))
      await next.authenticate()
      await next.openStream()
      next.send(SmResume({ previd, h: handled }))
      const resumed = await next.receive((element) => SmResumed.is(element))
      assert.equal(resumed.attr('h'), '0')
      for (const word of ['before', 'meanwhile'])
        assert.equal(bodyOf(await next.receive(message().matches)), `${round} ${word}`)
      handled += 2
      juliet = next
      const { session } = await server.graphql(
        'query ($user: JID!) { session { listUserSessions(user: $user) { user node priority } } }',
        { user: user.jid.toString() },
      )
      const [only, ...others] = (session as { listUserSessions: { user: string; node: string; priority: number }[] })
        .listUserSessions
      assert.deepEqual([only?.user, only?.priority, others], [jid.toString(), 0, []])
      nodes.add(only!.node)
    }
    assert.equal(nodes.size, 2)
    // Carbons are still on.
    const other = await connectDevice(server, user)
    other.send(chat(romeo.jid, 'from the other device'))
    const copy = await juliet.receive((stanza) => stanza.elements().some(({ ns }) => ns === CARBONS_NS))
    assert.equal(copy.elements().find(({ ns }) => ns === CARBONS_NS)?.name, 'sent')
    await other.close()
    juliet.destroy()
  })
})
