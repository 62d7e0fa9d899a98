import assert, { AssertionError } from 'node:assert/strict'
import { test } from 'node:test'
import { Body, Message, Ping, Presence } from '@meerkat/protocol'
import { type Element } from '@meerkat/xml'
import { type Client } from '../index.ts'
import { fakeServer } from './fake-server.ts'
import { expect, presence, story } from './index.ts'

const chat = (to: Client, body: string) => Message({ to: to.jid, type: 'chat' }, Body({}, body))

test('two users talk', async (t) => {
  const server = await fakeServer(t)
  await story(t, { server, users: { alice: 2, bob: 1 }, nothingLeft: true }, async ({ alice, alice2, bob }) => {
    assert.ok(alice.jid.bare.equals(alice2.jid.bare))
    assert.notEqual(alice.jid.resource, alice2.jid.resource)
    assert.match(bob.jid.local, /^bob_/)

    bob.send(Message({ to: alice.jid.bare, type: 'chat' }, Body({}, 'hi')))
    await expect(alice).message({ from: bob, body: 'hi' })
    await expect(alice2).message({ from: bob, body: 'hi' })
    await expect(bob).nothing()
  })
  assert.deepEqual([...server.accounts.keys()], ['juliet'], 'the users are gone')
  await server.idle()
})

test('a user who was not cast is not there', async (t) => {
  const server = await fakeServer(t)
  await story(t, { server, users: { alice: 1 } }, (devices) => {
    assert.deepEqual(Object.keys(devices), ['alice'])
    // @ts-expect-error: the names follow from the cast
    assert.equal(devices.alice2, undefined)
  })
})

test('RFC 6121 §4.2: each story begins in silence, and strangers see no presence', async (t) => {
  const server = await fakeServer(t)
  await story(t, { server, users: { alice: 2, bob: 1 }, nothingLeft: true }, async ({ alice, alice2, bob }) => {
    for (const device of [alice, alice2, bob]) await expect(device).nothing()
    alice.send(Presence({ type: 'unavailable' }))
    await expect(alice).presence({ type: 'unavailable', from: alice })
    await expect(alice2).presence({ type: 'unavailable', from: alice })
    await expect(bob).nothing()
  })
})

test('RFC 6121 §3.1: friends see each other, on all devices', async (t) => {
  const server = await fakeServer(t)
  await story(
    t,
    { server, users: { alice: 2, bob: 2, carol: 1 }, friends: true, nothingLeft: true },
    async ({ alice, alice2, bob, bob2, carol }) => {
      carol.send(Presence({ id: 'news' }))
      for (const device of [alice, alice2, bob, bob2, carol]) await expect(device).presence({ from: carol, id: 'news' })
      bob2.send(Presence({ type: 'unavailable' }))
      for (const device of [alice, alice2, bob, bob2, carol]) {
        await expect(device).next(presence({ from: bob2, type: 'unavailable' }))
      }
    },
  )
})

test('without presence nobody is available', async (t) => {
  const server = await fakeServer(t)
  await story(t, { server, users: { alice: 1, bob: 1 }, presence: false }, async ({ alice, bob }) => {
    alice.send(Message({ to: bob.jid.bare }, Body({}, 'hi')))
    await expect(alice).error('service-unavailable')
  })
  await assert.rejects(
    story(t, { server, users: { alice: 1 }, presence: false, friends: true }, () => {}),
    TypeError,
  )
})

test('a stanza that nobody expected fails the story when so asked', async (t) => {
  const server = await fakeServer(t)
  const quiet = { diagnostic: () => {} }
  const leave = async ({ alice, bob }: { alice: Client; bob: Client }) => {
    alice.send(chat(bob, 'unexpected'))
    await Promise.resolve()
  }
  await assert.rejects(story(quiet, { server, users: { alice: 1, bob: 1 }, nothingLeft: true }, leave), (error) => {
    assert.ok(error instanceof AssertionError)
    assert.match(error.message, /^bob expected nothing more; came instead:\n {2}<message .*<body>unexpected<\/body>/)
    return true
  })
  await story(quiet, { server, users: { alice: 1, bob: 1 } }, leave)
})

test('a stanza that the server is slow to take counts as left over, too', async (t) => {
  const held: Element[] = []
  const server = await fakeServer(t, {
    // Messages wait until their sender's next ping, as in a server that lags behind.
    intercept: (element, session) => {
      if (Message.is(element)) return held.push(element) > 0
      const isPing = Ping.in(element) !== undefined && session.jid!.local.startsWith('alice')
      if (isPing) for (const message of held.splice(0)) server.router.route(session, session.jid!, message)
      return false
    },
  })
  const cast = { server, users: { bob: 1, alice: 1 }, nothingLeft: true } as const
  const slow = story({ diagnostic: () => {} }, cast, ({ alice, bob }) => alice.send(chat(bob, 'late')))
  await assert.rejects(slow, /bob expected nothing more; .*<body>late/s)
})

test('a story that fails reports what was said, rejects with the failure and leaves nobody behind', async (t) => {
  const server = await fakeServer(t)
  const lines: string[] = []
  const failing = story(
    { diagnostic: (line) => lines.push(line) },
    { server, users: { alice: 1, bob: 1 } },
    ({ alice, bob }) => {
      alice.send(chat(bob, 'famous last words'))
      throw new Error('the plot thickens')
    },
  )
  await assert.rejects(failing, /the plot thickens/)

  assert.equal(lines.length, 2)
  assert.match(lines[0]!, /^alice is alice_\w+@fake\.example\/device1:\n/)
  assert.ok(lines[0]!.includes('> <message'), 'what alice sent')
  assert.deepEqual([...server.accounts.keys()], ['juliet'])
})

test('accounts are made and deleted as the description of the server says', async (t) => {
  const fake = await fakeServer(t)
  const deleted: string[] = []
  const { host, port, domain, ca } = fake
  const server = {
    host,
    port,
    domain,
    ca,
    createUser: async (username: string, password: string) => void fake.accounts.set(username, password),
    deleteUser: async (username: string) => void deleted.push(username),
  }
  await story(t, { server, users: { alice: 1 } }, ({ alice }) => {
    assert.ok(fake.accounts.has(alice.jid.local))
  })
  assert.equal(deleted.length, 1)
  assert.match(deleted[0]!, /^alice_/)
})

test('devices connect as the story says', async (t) => {
  const server = await fakeServer(t)
  await story(t, { server, users: { alice: 1 }, client: { tls: 'direct', mechanism: 'PLAIN' } }, ({ alice }) => {
    assert.equal(alice.settings.port, server.tlsPort)
    assert.equal([...server.sessions][0]!.mechanism, 'PLAIN')
  })
})

test('a device that the test has closed is no obstacle', async (t) => {
  const server = await fakeServer(t)
  await story(t, { server, users: { alice: 2 }, nothingLeft: true }, async ({ alice, alice2 }) => {
    alice.destroy()
    await alice.closed
    await alice2.close()
  })
})
