import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Body, Iq, isRequest, Message, Ping, result, StanzaError, StreamError } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { Client, ClosedError, connect, TimeoutError } from './index.ts'
import { type ClientOptions } from './options.ts'
import { type FakeOptions, type FakeServer, fakeServer, type FakeSession } from './testing/fake-server.ts'
import { optionsFor } from './testing/server.ts'

/** Juliet's device in the clear, and the server's end of it. */
async function connected(
  t: { after(stop: () => Promise<void>): void },
  options: Partial<ClientOptions> = {},
  behaviour: FakeOptions = {},
): Promise<{ client: Client; session: FakeSession; server: FakeServer }> {
  const server = await fakeServer(t, { startTls: false, ...behaviour })
  const account = { username: 'juliet', password: 'secret', resource: 'balcony', tls: 'none' } as const
  const client = await connect(optionsFor(server, undefined, { ...account, ...options }))
  return { client, session: [...server.sessions][0]!, server }
}

const chat = (body: string): Element => Message({ from: 'romeo@fake.example' }, Body({}, body))
const hasBody = (body: string) => (element: Element) => text(Body.in(element)) === body

test('a request resolves with its result and rejects with its error', async (t) => {
  const { client } = await connected(t)
  const answer = await client.request(Iq({ type: 'get', to: 'fake.example' }, Ping()))
  assert.equal(answer.attr('type'), 'result')
  await assert.rejects(client.request(Iq({ type: 'get', to: 'fake.example' })), (error) => {
    assert.ok(error instanceof StanzaError)
    assert.equal(error.condition, 'service-unavailable')
    return true
  })
  assert.deepEqual(client.pending, [], 'answers are not kept for receive')
  await client.close()
})

test('RFC 6120 §8.1.2.1: an answer from somebody else is not taken for the answer', async (t) => {
  const { client, session } = await connected(
    t,
    {},
    {
      intercept: (element, session) => {
        if (!Ping.in(element)) return false
        session.send(result(element).with({ from: 'mallory@fake.example' }))
        session.send(result(element).with({ from: 'not a jid@@' }))
        session.send(result(element).with({ from: undefined }))
        return true
      },
    },
  )
  const answer = await client.request(Iq({ type: 'get', id: 'x', to: 'fake.example' }, Ping()))
  assert.equal(answer.attr('from'), undefined)
  assert.deepEqual(
    client.pending.map((stanza) => stanza.attr('from')),
    ['mallory@fake.example', 'not a jid@@'],
  )
  session.socket.destroy()
})

test('two requests cannot wait under one id', async (t) => {
  const { client } = await connected(t)
  const ping = Iq({ type: 'get', id: 'same', to: 'fake.example' }, Ping())
  const first = client.request(ping)
  await assert.rejects(client.request(ping), TypeError)
  assert.equal((await first).attr('id'), 'same')
  await client.close()
})

test('receive takes what matches and leaves the rest in order', async (t) => {
  const { client, session } = await connected(t)
  for (const body of ['one', 'two', 'three']) session.send(chat(body))

  assert.ok(hasBody('two')(await client.receive(hasBody('two'))))
  assert.ok(hasBody('one')(await client.receive()))
  assert.ok(hasBody('three')(await client.receive()))
  await client.close()
})

test('those who wait are served in the order in which they came', async (t) => {
  const { client, session } = await connected(t)
  const waits = [client.receive(), client.receive(hasBody('two')), client.receive()]
  for (const body of ['one', 'two', 'three']) session.send(chat(body))
  assert.deepEqual(
    (await Promise.all(waits)).map((stanza) => text(Body.in(stanza))),
    ['one', 'two', 'three'],
  )
  await client.close()
})

test('a time-out says what was waited for and prints what came instead', async (t) => {
  const { client, session } = await connected(t)
  session.send(chat('other'))
  await client.barrier()

  await assert.rejects(client.receive(hasBody('mine'), { timeoutMs: 5, what: 'my message' }), (error) => {
    assert.ok(error instanceof TimeoutError)
    assert.equal(error.waitedFor, 'my message')
    assert.match(error.message, /for my message; came instead:\n {2}<message from='romeo@fake.example'><body>other/)
    return true
  })
  assert.equal(client.pending.length, 1, 'what did not match stays')
  session.socket.destroy()
})

test('a request that is not answered times out, and a late answer is kept like any stanza', async (t) => {
  const { client, session } = await connected(t, {}, { intercept: (element) => Ping.in(element) !== undefined })
  await assert.rejects(
    client.request(Iq({ type: 'get', id: 'p' }, Ping()), { timeoutMs: 5 }),
    /for the answer to p; nothing/,
  )
  session.send(Iq({ type: 'result', id: 'p' }))
  assert.equal((await client.receive()).attr('id'), 'p')
  session.socket.destroy()
})

test('RFC 6120 §4.9: a stream error ends every wait and is in `closed`', async (t) => {
  const { client, session } = await connected(t, {}, { intercept: (element) => Ping.in(element) !== undefined })
  const waits = [client.receive(), client.request(Iq({ type: 'get' }, Ping()))].map((wait) =>
    assert.rejects(wait, ClosedError),
  )
  session.fail(new StreamError('conflict', 'Replaced by new connection'))
  await Promise.all(waits)

  const ended = await client.closed
  assert.equal(ended.streamError?.condition, 'conflict')
  assert.equal(ended.streamError.text, 'Replaced by new connection')
  assert.ok(ended.clean)
  assert.throws(() => client.send(Message()), /the stream ended with the error conflict \(Replaced by new connection\)/)
})

test('what came before the end can still be received', async (t) => {
  const { client, session } = await connected(t)
  session.send(chat('last words'))
  session.fail(new StreamError('system-shutdown'))
  await client.closed
  assert.ok(hasBody('last words')(await client.receive()))
  await assert.rejects(client.receive(), ClosedError)
})

test('bad XML from the server ends the connection with the reason', async (t) => {
  const { client, session } = await connected(t)
  session.sendRaw('<message></iq>')
  const ended = await client.closed
  assert.equal(ended.error?.name, 'XmlError')
  assert.equal(ended.clean, false)
})

test('the queue is finite: a flood that nobody receives ends the connection', async (t) => {
  const { client, session } = await connected(t, { limits: { queue: 3 } })
  for (let i = 0; i < 4; i++) session.send(chat(String(i)))
  const ended = await client.closed
  assert.match(String(ended.error), /more than 3 stanzas/)
  assert.equal(client.pending.length, 3)
})

test('a stanza above the limit ends the connection', async (t) => {
  const { client, session } = await connected(t, { limits: { stanzaBytes: 2000 } })
  session.send(chat('x'.repeat(3000)))
  assert.equal((await client.closed).error?.name, 'XmlError')
})

test('iteration yields what comes until the stream ends', async (t) => {
  const { client, session } = await connected(t)
  session.send(chat('one'))
  session.send(chat('two'))
  session.sendRaw('</stream:stream>')
  session.socket.end()
  const bodies: string[] = []
  for await (const stanza of client) bodies.push(text(Body.in(stanza)))
  assert.deepEqual(bodies, ['one', 'two'])
})

test('iteration rejects when the stream ends with an error', async (t) => {
  const { client, session } = await connected(t)
  session.fail(new StreamError('reset'))
  await assert.rejects(async () => {
    for await (const stanza of client) assert.fail(`came: ${stanza.name}`)
  }, ClosedError)
})

test('a listener sees what comes first and can take it', async (t) => {
  const { client, session } = await connected(t)
  const seen: string[] = []
  const stop = client.onStanza((stanza) => {
    seen.push(text(Body.in(stanza)))
    return hasBody('mine')(stanza)
  })
  session.send(chat('mine'))
  session.send(chat('yours'))
  await client.barrier()
  assert.deepEqual(seen, ['mine', 'yours'])
  assert.equal(client.pending.length, 1)

  stop()
  session.send(chat('mine'))
  await client.barrier()
  assert.equal(client.pending.length, 2)
  assert.equal(client.drop().length, 2)
  assert.deepEqual(client.pending, [])
  await client.close()
})

test('a listener that throws ends the connection with its error', async (t) => {
  const { client, session } = await connected(t)
  client.onStanza(() => {
    throw new Error('mine')
  })
  session.send(chat('x'))
  assert.match(String((await client.closed).error), /mine/)
})

test('XEP-0199 §4.1: pings are answered only when so asked', async (t) => {
  for (const answerPings of [true, false]) {
    const answers: Element[] = []
    const { client, session } = await connected(
      t,
      { answerPings },
      {
        intercept: (element) => {
          if (element.attr('id') === 'from-server') answers.push(element)
          return element.attr('id') === 'from-server'
        },
      },
    )
    session.send(Iq({ type: 'get', id: 'from-server', from: 'fake.example' }, Ping()))
    const left = await client.barrier()
    assert.equal(answers.length, answerPings ? 1 : 0)
    assert.equal(left.filter(isRequest).length, answerPings ? 0 : 1)
    await client.close()
  }
})

test('a barrier tells what came before the answer, not what came behind it', async (t) => {
  const { client } = await connected(
    t,
    {},
    {
      intercept: (element, session) => {
        if (!Ping.in(element)) return false
        // All three in one write: the client sees them in one chunk.
        const { id } = { id: element.attr('id') }
        session.sendRaw(
          `<message id='before'/><iq type='result' id='${id}' from='fake.example'/><message id='behind'/>`,
        )
        return true
      },
    },
  )
  const came = await client.barrier()
  assert.deepEqual(
    came.map((stanza) => stanza.attr('id')),
    ['before'],
  )
  assert.deepEqual(
    client.pending.map((stanza) => stanza.attr('id')),
    ['before', 'behind'],
  )
  client.destroy()
})

test('RFC 6120 §4.4: close waits for the end of the server, and gives up in time', async (t) => {
  const { client, session } = await connected(t)
  session.socket.removeAllListeners('data')
  await assert.rejects(client.close({ timeoutMs: 5 }), /for the server's end of the stream/)
  assert.equal((await client.closed).clean, false)
})

test('RFC 6120 §4.4: the end of the server is answered with an end', async (t) => {
  const { client, session } = await connected(t)
  const heard: string[] = []
  session.socket.removeAllListeners('data').on('data', (chunk: Buffer) => heard.push(chunk.toString()))
  const ended = new Promise((resolve) => {
    session.socket.once('end', resolve)
  })
  session.sendRaw('</stream:stream>')
  await ended
  assert.equal(heard.join(''), '</stream:stream>')
  assert.ok((await client.closed).clean)
})

test('close is the end, however often it is called', async (t) => {
  const { client } = await connected(t)
  const ends = await Promise.all([client.close(), client.close()])
  assert.ok(ends.every((ended) => ended.clean))
  assert.ok((await client.close()).clean)
})

test('what is sent behind the end of the stream is lost, and no fault', async (t) => {
  const { client, session } = await connected(t)
  client.onStanza((stanza) => {
    if (stanza.attr('id') === 'last') queueMicrotask(() => client.send(Message({})))
  })
  session.sendRaw(`<message id='last'/></stream:stream>`)
  session.socket.end()
  const { clean, error } = await client.closed
  assert.deepEqual({ clean, error }, { clean: true, error: undefined })
})

test('a client made by hand says when it is connected, whenever it is asked', async (t) => {
  const server = await fakeServer(t)
  const client = new Client(optionsFor(server))
  await client.opened()
  await client.opened()
  assert.ok(await client.openStream())
  client.destroy()
  await assert.rejects(client.barrier(), ClosedError)
})

test('await using closes the stream', async (t) => {
  const { client, server } = await connected(t)
  {
    await using device = client
    assert.equal(device.ended, undefined)
  }
  assert.ok(client.ended?.clean)
  assert.ok(server)
})

test('raw bytes go out as they are, and both directions are counted', async (t) => {
  const { client } = await connected(t)
  const before = client.bytesSent
  client.sendRaw('<message to=')
  client.sendRaw(Buffer.from("'juliet@fake.example/balcony'><body>é</body></message>"))
  const came = await client.receive()
  assert.equal(text(Body.in(came)), 'é')
  const written = Buffer.byteLength("<message to='juliet@fake.example/balcony'><body>é</body></message>")
  assert.equal(client.bytesSent - before, written)
  assert.ok(client.bytesReceived > written)
  await client.close()
})

test('a paused client reads nothing until it is resumed', async (t) => {
  const { client, session } = await connected(t)
  client.pause()
  session.send(chat('late'))
  await assert.rejects(client.receive(undefined, { timeoutMs: 5 }), TimeoutError)
  client.resume()
  assert.ok(hasBody('late')(await client.receive()))
  await client.close()
})

test('the log sees both directions, but no secrets of SASL', async (t) => {
  const lines: string[] = []
  const { client } = await connected(t, {
    mechanism: 'PLAIN',
    log: (direction, line) => lines.push(`${direction} ${line}`),
  })
  await client.close()
  const all = lines.join('\n')
  assert.ok(
    lines.some((line) => line.startsWith("out <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>")),
  )
  assert.ok(lines.some((line) => line.startsWith('in <iq')))
  assert.equal(all.includes(Buffer.from('\0juliet\0secret').toString('base64')), false)
})

test('a client needs an address', async () => {
  await assert.rejects(connect({}), TypeError)
  await assert.rejects(connect({ jid: 'a@@b' }), { name: 'JidError' })
})
