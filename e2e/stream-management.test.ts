/** Stream management (XEP-0198) and client state (XEP-0352) over real connections. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, openSecureStream } from '@meerkat/client'
import { connectDevice, expect, freshUser, optionsFor, story, type TestUser } from '@meerkat/client/testing'
import {
  Body,
  CsiActive,
  CsiInactive,
  HandledCountTooHigh,
  Message,
  Presence,
  SmAck,
  SmEnable,
  SmEnabled,
  SmFailed,
  SmRequest,
  SmResume,
  SmResumed,
  StreamManagement,
  errorCondition,
} from '@meerkat/protocol'
import { type Element, type Tag, serialize, text } from '@meerkat/xml'
import { Bosh } from './bosh-client.ts'
import { type Listener, startServer } from './harness.ts'
import { Frames } from './web-socket.ts'

const server = await startServer({
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_disco]
[modules.mod_ping]
[modules.mod_offline]
[modules.mod_csi]
[modules.mod_mam.pm]
[modules.mod_stream_management]
ack = false
buffer_max = 20`,
  extra: `[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[[listen.http.handlers.mongoose_websocket_handler]]
host = "_"
path = "/ws-xmpp"
allow_plain_without_tls = true
[[listen.http.handlers.mongoose_bosh_handler]]
host = "_"
path = "/http-bind"
allow_plain_without_tls = true
[services.service_bosh]`,
  access: 'max_user_offline_messages = [{ acl = "all", value = 1000 }]',
})

const chat = (to: { toString(): string }, body: string): Element => Message({ to, type: 'chat' }, Body({}, body))
const next = (client: Client, tag: Tag): Promise<Element> => client.receive((element) => tag.is(element))

/** Where clients in browsers connect, by the name in the server's words about itself. */
const addressOf = (name: string): string => new RegExp(`${name} +([a-z]+:.*)$`, 'm').exec(server.stdout)![1]!

/** Enables resumption; the id for that. */
async function enable(client: Client): Promise<string> {
  client.send(SmEnable({ resume: 'true' }))
  const enabled = await next(client, SmEnabled)
  assert.equal(enabled.attr('resume'), 'true')
  return enabled.attr('id')!
}

/** A connection of `user` that has logged in and bound nothing. */
async function loggedIn(user: TestUser, listener: Listener | typeof server = server): Promise<Client> {
  const client = await openSecureStream(optionsFor(listener, user))
  await client.authenticate()
  await client.openStream()
  return client
}

/** Resumes over a new connection; what the server says about that comes with it. */
async function resume(user: TestUser, previd: string, h: number | string, listener: Listener | typeof server = server) {
  const client = await loggedIn(user, listener)
  client.send(SmResume({ previd, h }))
  const answer = await client.receive((element) => SmResumed.is(element) || SmFailed.is(element))
  return { client, answer }
}

/** The bodies of the next `count` messages. */
async function bodies(client: Client, count: number): Promise<string[]> {
  const all: string[] = []
  while (all.length < count) all.push(text(Body.in(await next(client, Message))))
  return all
}

/** Romeo's client, and Juliet with a session that can be resumed. */
async function verona() {
  const [romeo, user] = [await freshUser(server, 'romeo'), await freshUser(server, 'juliet')]
  const [sender, juliet] = [await connectDevice(server, romeo), await connectDevice(server, user)]
  juliet.send(Presence())
  await next(juliet, Presence)
  return { romeo: sender, juliet, user, id: await enable(juliet) }
}

test('XEP-0198 §3: offered behind authentication; requests are answered with what was handled', async () => {
  const client = await loggedIn(await freshUser(server, 'juliet'))
  assert.ok(StreamManagement.in(client.features!))
  await client.bind()
  await enable(client)
  client.send(SmRequest())
  assert.equal((await next(client, SmAck)).attr('h'), '0')
  client.send(Presence())
  client.send(SmRequest())
  assert.equal((await next(client, SmAck)).attr('h'), '1')
  await client.close()
})

test('XEP-0198 §3: enabling before binding fails, and so does enabling again, which ends the stream', async () => {
  const client = await loggedIn(await freshUser(server, 'juliet'))
  client.send(SmEnable())
  assert.equal(errorCondition(await next(client, SmFailed)), 'unexpected-request')
  await client.bind()
  await enable(client)
  client.send(SmEnable())
  assert.equal(errorCondition(await next(client, SmFailed)), 'unexpected-request')
  await client.waitForEnd()
})

test('XEP-0198 §4: acknowledged in order, each when it is stored, without waiting for one another', async () => {
  const { romeo, juliet } = await verona()
  for (let i = 1; i <= 200; i++) {
    juliet.send(chat(romeo.jid, String(i)))
    juliet.send(SmRequest())
  }
  let last = 0
  while (last < 200) {
    const h = Number((await next(juliet, SmAck)).attr('h'))
    assert.ok(h >= last)
    last = h
  }
  assert.equal((await bodies(romeo, 200)).at(-1), '200')
  await Promise.all([romeo.close(), juliet.close()])
})

test('S51, R25, XEP-0198 §5: a lost connection, and another one of another kind: nothing lost, nothing twice', async () => {
  const { romeo, juliet, user, id } = await verona()
  romeo.send(chat(user.jid, '1'))
  romeo.send(chat(user.jid, '2'))
  assert.deepEqual(await bodies(juliet, 2), ['1', '2'])
  juliet.destroy()
  await juliet.closed
  romeo.send(chat(user.jid, '3'))
  await romeo.barrier()
  let handled = 1
  let expected = ['2', '3']
  for (const name of ['direct', 'open', 'main'] as const) {
    const { client, answer } = await resume(user, id, handled, server.at(name))
    assert.deepEqual([SmResumed.is(answer), answer.attr('h'), answer.attr('previd')], [true, '0', id])
    assert.deepEqual(await bodies(client, expected.length), expected)
    handled += expected.length
    client.destroy()
    await client.closed
    romeo.send(chat(user.jid, name))
    await romeo.barrier()
    expected = [name]
  }
  await romeo.close()
})

test('S51, XEP-0198 §5: from TCP to WebSocket, to BOSH, and back', async () => {
  const { romeo, juliet, user, id } = await verona()
  juliet.send(chat(romeo.jid, '1'))
  assert.deepEqual(await bodies(romeo, 1), ['1'])

  const browser = await Frames.connect(addressOf('WebSocket'))
  await browser.authenticate(server.domain, user.username, user.password)
  browser.send(serialize(SmResume({ previd: id, h: 0 })))
  assert.deepEqual(await browser.element(), SmResumed({ previd: id, h: 1 }))
  await expect(juliet).streamError('conflict')
  romeo.send(chat(user.jid, '2'))
  assert.equal(text(Body.in(await browser.element())), '2')
  browser.send(serialize(chat(romeo.jid, '3')))
  assert.deepEqual(await bodies(romeo, 1), ['3'])
  browser.close()
  await browser.ended

  const page = new Bosh(addressOf('BOSH'))
  await page.authenticate(user.username, user.password)
  const [resumed, ...rest] = (await page.next(serialize(SmResume({ previd: id, h: 0 })))).elements()
  assert.deepEqual(resumed, SmResumed({ previd: id, h: 2 }))
  while (rest.length === 0) rest.push(...(await page.next()).elements())
  assert.equal(text(Body.in(rest[0]!)), '2')
  const held = page.ask(serialize(chat(romeo.jid, '4')))
  assert.deepEqual(await bodies(romeo, 1), ['4'])

  const { client, answer } = await resume(user, id, 0)
  assert.equal(answer.attr('h'), '3')
  assert.match((await held.answer).text, /<conflict/)
  assert.deepEqual(await bodies(client, 1), ['2'])
  await Promise.all([romeo.close(), client.close()])
})

test('S51: the old connection is there still: half a stanza of it is dropped, and nothing more is taken', async () => {
  const { romeo, juliet, user, id } = await verona()
  const whole = serialize(chat(romeo.jid, 'whole'), 'jabber:client')
  const late = serialize(chat(romeo.jid, 'late'), 'jabber:client')
  juliet.sendRaw(whole + late.slice(0, late.length / 2))
  await juliet.flushed()
  await bodies(romeo, 1)
  const { client, answer } = await resume(user, id, 0)
  assert.equal(answer.attr('h'), '1')
  await expect(juliet).streamError('conflict')
  client.send(chat(romeo.jid, 'late'))
  client.send(SmRequest())
  assert.equal((await next(client, SmAck)).attr('h'), '2')
  assert.deepEqual(await bodies(romeo, 1), ['late'])
  await expect(romeo).nothing()
  await Promise.all([romeo.close(), client.close()])
})

test('S51: many resume at once: one has the session, and the messages once', async () => {
  const { romeo, juliet, user, id } = await verona()
  romeo.send(chat(user.jid, 'hey'))
  await bodies(juliet, 1)
  const rivals = await Promise.all(Array.from({ length: 6 }, () => loggedIn(user)))
  for (const rival of rivals) rival.send(SmResume({ previd: id, h: 1 }))
  await expect(juliet).streamError('conflict')
  // On its way from one node to the other the session may be taken from who has not got it yet.
  await Promise.any(rivals.map((rival) => next(rival, SmResumed)))
  romeo.send(chat(user.jid, 'ho'))
  const all = await Promise.allSettled(rivals.map((rival) => bodies(rival, 1)))
  assert.deepEqual(
    all.flatMap((result) => (result.status === 'fulfilled' ? result.value : [])),
    ['ho'],
  )
  for (const rival of rivals.filter(({ ended }) => ended !== undefined))
    assert.equal(rival.ended?.streamError?.condition, 'conflict')
  await Promise.all([rivals.find(({ ended }) => ended === undefined)!.close(), romeo.close()])
})

test('XEP-0198 §9: a stream that its client has closed is over', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    const id = await enable(alice)
    alice.send(Presence({ to: bob.jid }))
    await expect(bob).presence({ from: alice.jid })
    await alice.close()
    await expect(bob).presence({ from: alice.jid, type: 'unavailable' })
    const again = await openSecureStream(alice.options)
    await again.authenticate()
    await again.openStream()
    again.send(SmResume({ previd: id, h: 0 }))
    assert.equal(errorCondition(await next(again, SmFailed)), 'item-not-found')
    // §5: the client may bind on the same stream
    await again.bind()
    await again.close()
  })
})

test('S48: nobody resumes the session of another user', async () => {
  const { romeo, juliet, user, id } = await verona()
  const thief = await freshUser(server, 'tybalt')
  for (const [who, previd] of [
    [thief, id],
    [user, `${id}A`],
    [user, ''],
  ] as const) {
    const { client, answer } = await resume(who, previd, 0)
    assert.equal(errorCondition(answer), 'item-not-found')
    await client.close()
  }
  romeo.send(chat(user.jid, 'still there?'))
  assert.deepEqual(await bodies(juliet, 1), ['still there?'])
  await Promise.all([romeo.close(), juliet.close()])
})

test('S49: a count that cannot be ends the stream that says it', async () => {
  const { romeo, juliet, user, id } = await verona()
  for (const h of ['7', '-1', 'many', '4294967296']) {
    const client = await loggedIn(user)
    client.send(SmResume({ previd: id, h }))
    const { streamError } = await client.waitForEnd()
    assert.equal(streamError?.condition, 'undefined-condition')
    assert.ok(HandledCountTooHigh.is(streamError.application))
  }
  juliet.send(SmAck({ h: 1 }))
  await expect(juliet).streamError('undefined-condition')
  await romeo.close()
})

test('S50: a client that never acknowledges loses its connection, and no message', async () => {
  const { romeo, juliet, user, id } = await verona()
  const words = Array.from({ length: 250 }, (_, index) => String(index + 1))
  for (const word of words) romeo.send(chat(user.jid, word))
  await expect(juliet).streamError('resource-constraint')
  await romeo.barrier()
  // More came than a lost session holds: all of it is in storage.
  const { client, answer } = await resume(user, id, 0)
  assert.ok(SmFailed.is(answer))
  await client.bind()
  client.send(Presence())
  assert.deepEqual(await bodies(client, words.length), words)
  await Promise.all([client.close(), romeo.close()])
})

test('R20, S51: what was not acknowledged when the server stops is there when it runs again', async () => {
  const { romeo, juliet, user, id } = await verona()
  for (const word of ['1', '2', '3']) romeo.send(chat(user.jid, word))
  assert.deepEqual(await bodies(juliet, 3), ['1', '2', '3'])
  juliet.send(SmAck({ h: 1 }))
  await juliet.barrier()
  juliet.destroy()
  await juliet.closed
  romeo.send(chat(user.jid, '4'))
  await romeo.barrier()
  await server.restart()
  const { client, answer } = await resume(user, id, 3)
  assert.equal(errorCondition(answer), 'item-not-found')
  await client.bind()
  client.send(Presence())
  // The answer to the ping may be unacknowledged, too; it is of no use to anybody else.
  assert.deepEqual(await bodies(client, 3), ['2', '3', '4'])
  await client.close()
})

test('XEP-0352: an inactive client gets nothing until it is active', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, nothingLeft: true }, async ({ alice, bob }) => {
    alice.send(CsiInactive())
    // Unlike a ping, this is answered by no stanza, which would bring what waits along.
    alice.send(SmEnable())
    await next(alice, SmEnabled)
    bob.send(chat(alice.jid, '1'))
    await bob.barrier()
    alice.send(SmRequest())
    await next(alice, SmAck)
    assert.deepEqual(alice.pending, [])
    alice.send(CsiActive())
    await expect(alice).message({ body: '1' })
  })
})
