import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Abort,
  Auth,
  Challenge,
  Message,
  SaslError,
  StanzaError,
  StartTls,
  StreamFeatures,
  Success,
  TlsFailure,
  TLS_NS,
} from '@meerkat/protocol'
import { tag } from '@meerkat/xml'
import { ClosedError, connect, NegotiationError, openSecureStream, openSocket } from './index.ts'
import { type FakeServer, fakeServer, type FakeSession } from './testing/fake-server.ts'
import { optionsFor } from './testing/server.ts'
import { type ClientOptions } from './options.ts'

/** Options for juliet's device. */
function juliet(server: FakeServer, more: Partial<ClientOptions> = {}): ClientOptions {
  return optionsFor(server, undefined, { username: 'juliet', password: 'secret', ...more })
}

function onlySession(server: FakeServer): FakeSession {
  assert.equal(server.sessions.size, 1)
  return [...server.sessions][0]!
}

test('RFC 6120 §5, §6, §7: STARTTLS, SASL and bind, with the best mechanism that is offered', async (t) => {
  const server = await fakeServer(t)
  const client = await connect(juliet(server, { resource: 'balcony' }))

  assert.equal(client.jid.toString(), 'juliet@fake.example/balcony')
  assert.ok(client.secure)
  assert.equal(onlySession(server).mechanism, 'SCRAM-SHA-256-PLUS')
  assert.ok((await client.close()).clean)
})

test('XEP-0368: direct TLS', async (t) => {
  const server = await fakeServer(t)
  const client = await connect(juliet(server, { tls: 'direct' }))

  assert.ok(client.secure)
  assert.equal(client.jid.bare.toString(), 'juliet@fake.example')
  assert.notEqual(client.jid.resource, '', 'the server made a resource')
  await client.close()
})

test('a connection in the clear uses SCRAM without channel binding', async (t) => {
  const server = await fakeServer(t, { startTls: false })
  const client = await connect(juliet(server, { tls: 'none' }))

  assert.equal(client.secure, false)
  assert.equal(client.channelBinding, undefined)
  assert.equal(onlySession(server).mechanism, 'SCRAM-SHA-256')
  await client.close()
})

for (const mechanism of ['PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-1-PLUS']) {
  test(`the mechanism can be chosen: ${mechanism}`, async (t) => {
    const server = await fakeServer(t)
    const client = await connect(juliet(server, { mechanism }))
    assert.equal(onlySession(server).mechanism, mechanism)
    await client.close()
  })
}

test('RFC 4616 §4: PLAIN is not chosen in the clear, unless it is asked for', async (t) => {
  const server = await fakeServer(t, { startTls: false, mechanisms: ['PLAIN'] })
  await assert.rejects(connect(juliet(server, { tls: 'none' })), (error) => {
    assert.ok(error instanceof NegotiationError)
    assert.match(error.message, /offers: PLAIN/)
    return true
  })
  const client = await connect(juliet(server, { tls: 'none', mechanism: 'PLAIN' }))
  await client.close()
})

test('RFC 5802 §5.1: fewer iterations than 4,096 are refused unless they are allowed', async (t) => {
  const server = await fakeServer(t, { iterations: 100 })
  await assert.rejects(connect(juliet(server)), /100 iterations; 4096 to/)
  const client = await connect(juliet(server, { minIterations: 100 }))
  await client.close()
})

test('RFC 9266: with TLS 1.2 there is no channel binding, and none is used', async (t) => {
  const server = await fakeServer(t)
  const client = await connect(juliet(server, { tlsOptions: { maxVersion: 'TLSv1.2' } }))
  assert.equal(client.channelBinding, undefined)
  assert.equal(onlySession(server).mechanism, 'SCRAM-SHA-256')
  await client.close()
})

test('RFC 6120 §6.5: a wrong password is refused, and the stream is open for another try', async (t) => {
  const server = await fakeServer(t)
  const client = await openSecureStream(juliet(server, { password: 'wrong' }))

  await assert.rejects(client.authenticate(), (error) => {
    assert.ok(error instanceof SaslError)
    assert.equal(error.condition, 'not-authorized')
    return true
  })
  await assert.rejects(client.authenticate('X-UNHEARD-OF'), { condition: 'invalid-mechanism' })
  client.destroy()
  assert.equal((await client.closed).clean, false)
})

test('RFC 6120 §6.4.4: a server that does not prove itself gets <abort/>', async (t) => {
  const seen: string[] = []
  const server = await fakeServer(t, {
    intercept: (element, session) => {
      if (Auth.is(element)) session.send(Success())
      if (Abort.is(element)) seen.push(element.name)
      return Auth.is(element) || Abort.is(element)
    },
  })
  const client = await openSecureStream(juliet(server))
  await assert.rejects(client.authenticate(), { name: 'SaslError', condition: 'aborted' })
  await client.flushed()
  await client.close()
  assert.deepEqual(seen, ['abort'])
})

test('RFC 6120 §6.5.4: a challenge that is not base64 is refused', async (t) => {
  const server = await fakeServer(t, {
    intercept: (element, session) => {
      if (Auth.is(element)) session.send(Challenge({}, '***'))
      return Auth.is(element)
    },
  })
  await assert.rejects(connect(juliet(server)), { name: 'SaslError', condition: 'incorrect-encoding' })
})

test('RFC 6120 §13.9.2: a server that does not offer STARTTLS is not talked to in the clear', async (t) => {
  const server = await fakeServer(t, { startTls: false })
  await assert.rejects(connect(juliet(server)), NegotiationError)
})

test('RFC 6120 §5.4.2.2: a server that refuses to begin TLS', async (t) => {
  const server = await fakeServer(t, {
    intercept: (element, session) => {
      if (StartTls.is(element)) session.send(TlsFailure())
      return StartTls.is(element)
    },
  })
  await assert.rejects(connect(juliet(server)), NegotiationError)
})

test('S20: what comes in the clear behind <proceed/> ends the connection', async (t) => {
  const server = await fakeServer(t, {
    intercept: (element, session) => {
      if (StartTls.is(element)) session.sendRaw(`<proceed xmlns='${TLS_NS}'/><stream:features/>`)
      return StartTls.is(element)
    },
  })
  await assert.rejects(connect(juliet(server)), /18 bytes came in the clear/)
})

test('a certificate that is not trusted, or for another domain, ends the connection', async (t) => {
  const server = await fakeServer(t)
  await assert.rejects(connect(juliet(server, { ca: undefined })), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  await assert.rejects(connect(juliet(server, { domain: 'other.example' })), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })

  const client = await connect(juliet(server, { ca: undefined, rejectUnauthorized: false, tls: 'direct' }))
  await client.close()
})

test('steps can be left out: a stanza before authentication', async (t) => {
  const server = await fakeServer(t)
  const client = await openSocket(juliet(server))
  const features = await client.openStream()
  assert.ok(StartTls.in(features))

  client.send(Message({}))
  const ended = await client.waitForEnd()
  assert.equal(ended.streamError?.condition, 'not-authorized')
})

test('RFC 6120 §4.7: the header says what it is told to', async (t) => {
  const server = await fakeServer(t)
  const client = await openSocket(juliet(server, { lang: 'it' }))
  const features = await client.openStream({ version: undefined, to: 'x & y' })

  assert.deepEqual(features, StreamFeatures(), 'none are waited for without version')
  const header = onlySession(server).header!
  assert.equal(header.attr('to'), 'x & y')
  assert.equal(header.attr('version'), undefined)
  assert.equal(header.attr('xml:lang'), 'it')
  assert.equal(header.attr('from'), undefined, 'in the clear it does not say who')
  client.destroy()
})

test('RFC 6120 §7.7.2.2: a resource that the server does not give', async (t) => {
  const server = await fakeServer(t, {
    intercept: (element, session) => {
      const isBind = element.name === 'iq' && session.jid === undefined
      if (isBind) session.sendRaw(`<iq type='error' id='${element.attr('id')}'>${conflict}</iq>`)
      return isBind
    },
  })
  await assert.rejects(
    connect(juliet(server)),
    (error) => error instanceof StanzaError && error.condition === 'conflict',
  )
})
const conflict = `<error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`

test('nobody listens', async (t) => {
  const server = await fakeServer(t)
  const { port } = server
  await server.stop()
  await assert.rejects(connect(juliet(server, { port })), { code: 'ECONNREFUSED' })
})

test('a server that says nothing: the time-out tells the step', async (t) => {
  const server = await fakeServer(t, { intercept: (element) => tag(TLS_NS, 'starttls').is(element) })
  await assert.rejects(connect(juliet(server, { timeoutMs: 500 })), /for <proceed\/>; nothing came/)
})

test('a connection that ends in the middle: the error tells the step', async (t) => {
  const server = await fakeServer(t, {
    intercept: (_, session) => {
      session.socket.destroy()
      return true
    },
  })
  await assert.rejects(connect(juliet(server)), (error) => {
    assert.ok(error instanceof ClosedError)
    assert.match(error.message, /waited for <proceed\/>: the connection was closed without a stream end/)
    return true
  })
})
