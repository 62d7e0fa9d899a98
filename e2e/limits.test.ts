/** What one client can cost the server, and what it cannot cost anybody else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, connect } from '@meerkat/client'
import { Body, Iq, Message, Ping } from '@meerkat/protocol'
import {
  connectDevice,
  expect,
  freshUser,
  message,
  openRaw,
  optionsFor,
  type RawConnection,
  sendPieces,
  story,
  streamHeader,
  type TestUser,
} from '@meerkat/client/testing'
import { startServer } from './harness.ts'

const KIB = 1024
const MIB = 1024 * KIB
/** What a test may leave in the server's memory; far more than noise, far less than what the tests send. */
const CEILING = 96 * MIB

const server = await startServer({
  listeners: {
    main: {
      tls: 'starttls',
      settings: `max_stanza_size = 65536
limits.max_elements = 64
limits.max_depth = 16
limits.max_attributes = 16
limits.max_queue_bytes = 65536`,
    },
    open: { tls: 'none' },
    few: { tls: 'none', settings: 'pre_auth.max_unauthenticated_per_ip = 4' },
    many: { tls: 'none', settings: 'pre_auth.max_unauthenticated_per_ip = "infinity"' },
    capped: { tls: 'none', settings: 'max_connections = 3' },
    hasty: { tls: 'none', settings: 'pre_auth.auth_timeout = 1' },
    hastyTls: { tls: 'tls', settings: 'pre_auth.auth_timeout = 1' },
    shaped: { tls: 'none', settings: 'shaper = "slow"' },
  },
  extra: '[shaper.slow]\nmax_rate = 4000',
})

/** A connection, to a certain node where it matters: each counts for itself. */
function rawTo(name: string, node?: number): Promise<RawConnection> {
  const { host, port } = server.at(name, node)
  return openRaw({ host, port })
}

/** A connection whose stream is open. */
async function opened(name: string, node?: number): Promise<RawConnection> {
  const raw = await rawTo(name, node)
  raw.sendRaw(streamHeader(server))
  await raw.readUntil('</stream:features>')
  return raw
}

const VIOLATION = /<stream:error><policy-violation .*<\/stream:stream>$/

/** Writes the same again and again, as fast as the server takes it, until the server has closed the connection. */
async function flood(raw: RawConnection, piece: string, most: number): Promise<void> {
  const state = { open: true }
  void raw.closed.then(() => (state.open = false))
  for (let sent = 0; sent < most && state.open; sent += piece.length) {
    raw.sendRaw(piece)
    await raw.flushed()
  }
}

/** Fails when `work` leaves more than the ceiling in the memory of the server. */
async function bounded(work: () => Promise<void>): Promise<void> {
  const before = server.residentBytes()
  await work()
  const grown = server.residentBytes() - before
  assert.ok(grown < CEILING, `${Math.round(grown / MIB)} MiB more than before`)
}

const beginnings: Record<string, readonly [beginning: string, more: string]> = {
  text: ['<message><body>', 'x'],
  'a name': ['<message', 'x'],
  'an attribute': [`<message to='`, 'x'],
  'a CDATA section': ['<message><body><![CDATA[', 'x'],
  'white space in a start tag': ['<message', ' '],
  'an end tag': ['<message></message', ' '],
}

for (const [name, [beginning, more]] of Object.entries(beginnings)) {
  test(`S5: before authentication, ${name} without an end`, async () => {
    await bounded(async () => {
      const raw = await opened('open')
      raw.sendRaw(beginning)
      await flood(raw, more.repeat(64 * KIB), 256 * MIB)
      assert.match((await raw.readUntilClose()).toString(), VIOLATION)
      assert.ok(raw.bytesSent < 32 * MIB, `${raw.bytesSent} bytes were taken`)
    })
  })
}

test('S5: before authentication, a stream header without an end', async () => {
  const raw = await rawTo('open')
  raw.sendRaw(`<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client' to='`)
  await flood(raw, 'x'.repeat(64 * KIB), 64 * MIB)
  assert.match((await raw.readUntilClose()).toString(), VIOLATION)
})

test('S5: before authentication, byte by byte: the limit is on bytes, and 8 KiB', async () => {
  const raw = await opened('open')
  const beginning = '<message><body>'
  raw.sendRaw(beginning + 'x'.repeat(8192 - beginning.length - 8))
  let closed = false
  void raw.closed.then(() => (closed = true))
  await sendPieces(raw, 'xxxx', 1)
  await raw.flushed()
  assert.equal(closed, false, 'up to the limit it is just an unfinished stanza')
  await sendPieces(raw, 'x'.repeat(16), 1)
  assert.match((await raw.readUntilClose()).toString(), VIOLATION)
})

test('S6: after authentication, a stanza up to the limit passes, and one beyond it ends the stream', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    const body = 'x'.repeat(65_000)
    alice.send(Message({ to: bob.jid, type: 'chat' }, Body({}, body)))
    await expect(bob).message({ from: alice, body })
    alice.send(Message({ to: bob.jid, type: 'chat' }, Body({}, 'x'.repeat(66_000))))
    await expect(alice).streamError('policy-violation')
    await expect(bob).nothing()
  })
})

test('S6: after authentication, a stanza without an end', async (t) => {
  await bounded(() =>
    story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
      alice.sendRaw(`<message to='${bob.jid}'><body>`)
      for (let sent = 0; sent < 64 * MIB && alice.ended === undefined; sent += 64 * KIB) {
        alice.sendRaw('x'.repeat(64 * KIB))
        await alice.flushed()
      }
      await expect(alice).streamError('policy-violation')
      await expect(bob).nothing()
    }),
  )
})

const amplifiers: Record<string, string> = {
  'tiny elements': `<message>${'<a/>'.repeat(1000)}</message>`,
  'elements in elements': `<message>${'<a><b/></a>'.repeat(500)}</message>`,
  attributes: `<message ${Array.from({ length: 300 }, (_, i) => `a${i}=''`).join(' ')}/>`,
  namespaces: `<message ${Array.from({ length: 300 }, (_, i) => `xmlns:p${i}='u'`).join(' ')}/>`,
  'nested elements': '<a>'.repeat(1000),
  'deeply nested elements': '<a>'.repeat(10_000),
}

for (const [name, xml] of Object.entries(amplifiers)) {
  test(`S7, S8: ${name}, before authentication and after it`, async (t) => {
    const raw = await opened('open')
    raw.sendRaw(xml)
    assert.match((await raw.readUntilClose()).toString(), VIOLATION)
    await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
      alice.sendRaw(xml)
      await expect(alice).streamError('policy-violation')
      await expect(bob).nothing()
    })
  })
}

test('S7: as many elements as the limit allows pass', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    alice.sendRaw(`<message to='${bob.jid}' type='chat'><body>hi</body>${'<a xmlns="urn:a"/>'.repeat(60)}</message>`)
    const received = await expect(bob).message({ body: 'hi' })
    assert.equal(received.elements().length, 61)
  })
})

test('S9: connections of one address that have not authenticated are counted; one that goes makes room', async () => {
  const first: RawConnection[] = []
  for (let i = 0; i < 4; i++) first.push(await opened('few', 0))
  const fifth = await rawTo('few', 0)
  assert.equal((await fifth.readUntilClose()).length, 0)
  first[0]!.sendRaw('</stream:stream>')
  await first[0]!.readUntilClose()
  await eventually(() => opened('few', 0))
  for (const raw of first) raw.destroy()
})

test('S9: who has authenticated is not counted', async () => {
  const user = await freshUser(server, 'juliet')
  const clients: Client[] = []
  for (let i = 0; i < 6; i++)
    clients.push(await eventually(() => connectDevice(server.at('few', 0), user, { resource: `r${i}` })))
  for (const client of clients) await client.close()
})

test('S9: many connections that never authenticate leave nothing behind', async () => {
  await bounded(async () => {
    for (let round = 0; round < 3; round++) {
      const connections = await Promise.all(Array.from({ length: 200 }, () => opened('many')))
      for (const raw of connections) raw.destroy()
      await Promise.all(connections.map((raw) => raw.closed))
    }
  })
  const after = await opened('many')
  after.destroy()
})

test('`max_connections`: no more than these, authenticated or not', async () => {
  const user = await freshUser(server, 'juliet')
  const client = await connectDevice(server.at('capped', 0), user)
  const others = [await opened('capped', 0), await opened('capped', 0)]
  const refused = await rawTo('capped', 0)
  assert.equal((await refused.readUntilClose()).length, 0)
  await expect(client).nothing()
  for (const raw of others) raw.destroy()
  await client.close()
})

test('S10: who takes too long to authenticate is told so, whatever it does meanwhile; a session may be silent', async () => {
  const user = await freshUser(server, 'juliet')
  const session = await connectDevice(server.at('hasty'), user)
  const beginnings = [
    '',
    '<stream:stream xmlns=',
    streamHeader(server),
    `${streamHeader(server)}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'/>`,
  ]
  const slow = await Promise.all(
    beginnings.map(async (text) => {
      const raw = await rawTo('hasty')
      if (text !== '') raw.sendRaw(text)
      return raw
    }),
  )
  for (const raw of slow)
    assert.match((await raw.readUntilClose()).toString(), /<stream:error><connection-timeout .*<\/stream:stream>$/)
  await expect(session).nothing()
  await session.close()
})

test('S10: authentication alone is not enough: the time runs until a resource is bound', async () => {
  const user = await freshUser(server, 'juliet')
  const raw = await opened('hasty')
  const plain = Buffer.from(`\0${user.username}\0${user.password}`).toString('base64')
  raw.sendRaw(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`)
  await raw.readUntil('<success')
  raw.sendRaw(streamHeader(server))
  assert.match((await raw.readUntilClose()).toString(), /<connection-timeout .*<\/stream:stream>$/)
})

test('S10: a TLS handshake that does not go on', async () => {
  const silent = await rawTo('hastyTls')
  const started = await rawTo('hastyTls')
  started.sendRaw(Buffer.from('16030100c8010000c4', 'hex'))
  await Promise.all([silent.readUntilClose(), started.readUntilClose()])
})

test('S52: a client that does not read is closed when its queue is full; others are served, and memory is bounded', async (t) => {
  await bounded(() =>
    story(t, { server, users: { alice: 1, carol: 1, dave: 1 } }, async ({ alice, carol, dave }) => {
      const slow = await freshUser(server, 'slow')
      const bob = await connectDevice(server, slow)
      bob.pause()
      const body = 'x'.repeat(16 * KIB)
      let rounds = 0
      for (; rounds < 200 && !(await gone(alice, bob)); rounds++) {
        for (let i = 0; i < 20; i++) alice.send(Message({ to: bob.jid, type: 'chat' }, Body({}, body)))
        await alice.barrier()
        carol.send(Message({ to: dave.jid, type: 'chat' }, Body({}, `round ${rounds}`)))
        await dave.receive(message({ from: carol, body: `round ${rounds}` }).matches)
      }
      assert.ok(rounds < 200, 'the slow reader was never closed')
      bob.resume()
      await bob.closed
    }),
  )
})

/** Whether the session is not there any more: requests to it are answered by the server. */
async function gone(asker: Client, other: Client): Promise<boolean> {
  const id = asker.nextId()
  asker.send(Iq({ type: 'get', id, to: other.jid }, Ping()))
  await asker.barrier()
  const came = asker.drop()
  return came.some((stanza) => stanza.attr('id') === id && stanza.attr('type') === 'error')
}

test('S53: a sender beyond its rate is slowed down, and nobody else', async (t) => {
  const shaped = await connectDevice(server.at('shaped'), await freshUser(server, 'fast'))
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    // three seconds' worth at once; the rate is 4,000 bytes a second
    shaped.send(Message({ to: bob.jid, type: 'chat' }, Body({}, 'x'.repeat(12_000))))
    await expect(bob).message({ from: shaped })
    let answered = false
    const ping = shaped.barrier().then(() => (answered = true))
    for (let i = 0; i < 50; i++) {
      alice.send(Message({ to: bob.jid, type: 'chat' }, Body({}, `${i}`)))
      await expect(bob).message({ from: alice, body: `${i}` })
    }
    assert.equal(answered, false, 'the fast sender waits')
    await ping
  })
  await shaped.close()
})

/** Tries again when the server has not yet noticed that somebody has gone. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (tries >= 20) throw error
    }
  }
}

test('a whole login fits into the limits before authentication, for every mechanism', async () => {
  const user: TestUser = await freshUser(server, 'juliet')
  for (const mechanism of ['PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-512-PLUS']) {
    const client = await connect(optionsFor(server, user, { mechanism, authzid: user.jid.toString() }))
    await client.close()
  }
})
