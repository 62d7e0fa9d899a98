import assert, { AssertionError } from 'node:assert/strict'
import { test } from 'node:test'
import { Body, errorReply, Iq, Message, Presence, result, StanzaError, StreamError, Subject } from '@meerkat/protocol'
import { type Client, connect } from '../index.ts'
import { type FakeOptions, fakeServer, type FakeSession } from './fake-server.ts'
import { errorStanza, expect, message, optionsFor, presence } from './index.ts'

async function connected(
  t: { after(stop: () => Promise<void>): void },
  behaviour: FakeOptions = {},
): Promise<{ client: Client; session: FakeSession }> {
  const server = await fakeServer(t, { startTls: false, ...behaviour })
  const account = { username: 'juliet', password: 'secret', resource: 'balcony', tls: 'none' } as const
  const client = await connect(optionsFor(server, undefined, account))
  return { client, session: [...server.sessions][0]! }
}

/** The failure must be an AssertionError with exactly this message. */
async function fails(expectation: Promise<unknown>, text: string): Promise<void> {
  await assert.rejects(expectation, (error) => {
    assert.ok(error instanceof AssertionError)
    assert.equal(error.message, text)
    return true
  })
}

const romeo = 'romeo@fake.example/orchard'
const hi = Message({ from: romeo, type: 'chat', id: 'm1' }, Body({}, 'hi'))
const hiText = `<message from='${romeo}' type='chat' id='m1'><body>hi</body></message>`
const self = 'juliet@fake.example/balcony'

test('a message as expected', async (t) => {
  const { client, session } = await connected(t)
  session.send(hi)
  const came = await expect(client).message({ from: romeo, body: 'hi', type: 'chat', id: 'm1', has: Body })
  assert.equal(came.attr('id'), 'm1')
  await expect(client).nothing()
})

test('each field of a message is looked at, and the failure prints what came instead', async (t) => {
  const { client, session } = await connected(t)
  const wrong = [
    { fields: { body: 'ho' }, words: 'a message with the body "ho"' },
    { fields: { from: 'nurse@fake.example' }, words: 'a message from nurse@fake.example' },
    { fields: { from: 'romeo@fake.example' }, words: 'a message from romeo@fake.example' },
    { fields: { to: client }, words: `a message to ${self}` },
    { fields: { type: 'groupchat' }, words: 'a message of type groupchat' },
    { fields: { id: 'm2' }, words: 'a message with the id m2' },
    {
      fields: { has: [Body, Subject] },
      words: "a message with <body xmlns='jabber:client'/> with <subject xmlns='jabber:client'/>",
    },
    { fields: { where: () => false }, words: 'a message that meets the condition' },
  ]
  for (const { fields, words } of wrong) {
    session.send(hi)
    await fails(expect(client).message(fields), `${self} expected ${words}; came instead:\n  ${hiText}`)
  }
  await client.close()
})

test('the next stanza must match: later ones do not help, and are printed', async (t) => {
  const { client, session } = await connected(t)
  session.sendRaw(`<presence from='${romeo}'/>${hiText}`)
  await fails(
    expect(client).message({ body: 'hi' }),
    `${self} expected a message with the body "hi"; came instead:\n  <presence from='${romeo}'/>\n  ${hiText}`,
  )
  await client.close()
})

test('an error is no message unless one is expected', async (t) => {
  const { client, session } = await connected(t)
  const bounce = errorReply(
    Message({ from: self, to: romeo, id: 'm1' }),
    new StanzaError('wait', 'recipient-unavailable'),
  )
  session.send(bounce)
  await assert.rejects(expect(client).message(), AssertionError)
  session.send(bounce)
  await expect(client).message({ type: 'error' })
  session.send(bounce)
  await expect(client).error('recipient-unavailable', { kind: 'message', from: romeo, id: 'm1' })
  session.send(bounce)
  await assert.rejects(
    expect(client).error('item-not-found'),
    /expected an error item-not-found; came instead:\n {2}<message/,
  )
  session.send(bounce)
  await assert.rejects(expect(client).error('recipient-unavailable', { kind: 'iq' }), /in a iq stanza|in an iq stanza/)
  await client.close()
})

test('presence is available unless a type is expected', async (t) => {
  const { client, session } = await connected(t)
  session.send(Presence({ from: romeo }))
  await expect(client).presence({ from: romeo })
  session.send(Presence({ from: romeo, type: 'unavailable' }))
  await assert.rejects(expect(client).presence({ from: romeo }), /a presence without type from romeo/)
  session.send(Presence({ from: romeo, type: 'unavailable' }))
  await expect(client).presence({ type: 'unavailable' })
  await client.close()
})

test('results and other IQs', async (t) => {
  const { client, session } = await connected(t)
  session.send(Iq({ type: 'result', id: 'a' }))
  await expect(client).iqResult('a')
  session.send(Iq({ type: 'result', id: 'b' }))
  await assert.rejects(
    expect(client).iqResult('a'),
    /an iq of type result with the id a; came instead:\n {2}<iq type='result' id='b'/,
  )
  session.send(Iq({ type: 'set', id: 'c' }))
  await expect(client).iq({ type: 'set' })
  session.send(hi)
  await expect(client).stanza((stanza) => stanza.name === 'message')
  await client.close()
})

test('stanzas in any order: each pattern takes one', async (t) => {
  const { client, session } = await connected(t)
  session.sendRaw(`${hiText}<presence from='${romeo}'/>`)
  const [first, second] = await expect(client).inAnyOrder(presence(), message({ body: 'hi' }))
  assert.equal(first?.name, 'presence')
  assert.equal(second?.name, 'message')

  session.sendRaw(hiText + hiText)
  await fails(
    expect(client).inAnyOrder(presence(), message(), errorStanza('conflict')),
    `${self} expected a presence without type and an error conflict; came instead:\n  ${hiText}`,
  )
  await client.close()
})

test('nothing: fails with what came before the answer of the server', async (t) => {
  const { client, session } = await connected(t)
  await expect(client).nothing()
  session.send(hi)
  await fails(expect(client).nothing(), `${self} expected nothing; came instead:\n  ${hiText}`)
  await client.close()
})

test('nothing: any answer of the server will do, an error, too', async (t) => {
  const { client } = await connected(t, {
    intercept: (element, session) => {
      if (element.attr('type') !== 'get') return false
      session.send(errorReply(element, new StanzaError('cancel', 'service-unavailable')))
      return true
    },
  })
  await expect(client).nothing()
  await client.close()
})

test('a wait in vain says so', async (t) => {
  const { client } = await connected(t, { intercept: (element) => element.attr('type') === 'get' })
  const soon = { timeoutMs: 5 }
  await fails(
    expect(client, soon).message({ body: 'hi' }),
    `${self} expected a message with the body "hi"; waited 5 ms for a message with the body "hi"; nothing came`,
  )
  await assert.rejects(expect(client, soon).nothing(), /expected nothing but the answer to a ping; waited 5 ms/)
  await assert.rejects(expect(client, soon).end(), /expected the end of the stream; waited 5 ms/)
  await client.closed
})

test('a stream that ends while something is expected says how', async (t) => {
  const { client, session } = await connected(t)
  session.fail(new StreamError('system-shutdown'))
  await assert.rejects(
    expect(client).message(),
    /expected a message; .*the stream ended with the error system-shutdown/,
  )
})

test('the error that ends a stream', async (t) => {
  const { client, session } = await connected(t)
  session.fail(new StreamError('conflict'))
  assert.equal((await expect(client).streamError('conflict')).condition, 'conflict')
  await fails(
    expect(client).streamError('policy-violation'),
    `${self} expected the stream error policy-violation; the stream ended with the error conflict`,
  )
  await assert.rejects(expect(client).end(), AssertionError)
})

test('an end without an error', async (t) => {
  const { client, session } = await connected(t)
  session.send(hi)
  session.sendRaw('</stream:stream>')
  session.socket.end()
  await expect(client).end()
  await fails(
    expect(client).streamError('reset'),
    `${self} expected the stream error reset; the server closed the stream; unread: ${hiText}`,
  )
})

test('what is sent with `send` is answered in the queue', async (t) => {
  const { client } = await connected(t, {
    intercept: (element, session) => {
      if (element.attr('id') !== 'mine') return false
      session.send(result(element))
      return true
    },
  })
  client.send(Iq({ type: 'get', id: 'mine' }))
  await expect(client).iqResult('mine')
  await client.close()
})
