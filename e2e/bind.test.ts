/** Sessions: binding (RFC 6120 §7), who stanzas are from (§8.1), and stanzas that are none (§8.2, §8.3). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, type ClientOptions, connect, openSecureStream } from '@meerkat/client'
import { Bind, BindResource, Body, errorCondition, Iq, Message, Ping, Presence, Session } from '@meerkat/protocol'
import { connectDevice, expect, freshUser, optionsFor, story, type TestUser } from '@meerkat/client/testing'
import { tag } from '@meerkat/xml'
import { startServer } from './harness.ts'

const server = await startServer({
  listeners: {
    main: { tls: 'starttls' },
    modern: { tls: 'starttls', settings: 'backwards_compatible_session = false' },
  },
  access: 'max_user_sessions = [{ acl = "all", value = 3 }]',
})

/** A client that is logged in and has bound no resource. */
async function loggedIn(user: TestUser, options?: Partial<ClientOptions>): Promise<Client> {
  const client = await openSecureStream(optionsFor(server, user, options))
  await client.authenticate()
  await client.openStream()
  return client
}

const Unknown = tag('urn:example:unknown', 'query')

test('RFC 6120 §7.7: the resource that the client asks for', async () => {
  const client = await loggedIn(await freshUser(server, 'juliet'))
  assert.ok(Bind.in(client.features!))
  assert.equal((await client.bind('balcony')).resource, 'balcony')
  await client.close()
})

test('RFC 6120 §7.6: a resource of the server, another one each time', async () => {
  const user = await freshUser(server, 'juliet')
  const resources = new Set<string>()
  for (let i = 0; i < 3; i++) {
    const client = await loggedIn(user)
    resources.add((await client.bind('')).resource)
    await client.close()
  }
  assert.equal(resources.size, 3)
  for (const resource of resources) assert.ok(resource.length >= 16, 'nobody guesses it')
})

test('RFC 7622 §3.4: the resource comes back prepared', async () => {
  const client = await loggedIn(await freshUser(server, 'juliet'))
  assert.equal((await client.bind('foo\u00a0bar')).resource, 'foo bar')
  await client.close()
})

test('RFC 6120 §7.7.2.1: a resource that cannot be is a bad request, and the client may try again', async () => {
  const client = await loggedIn(await freshUser(server, 'juliet'))
  for (const resource of ['x'.repeat(1024), '\u0085'])
    await assert.rejects(client.bind(resource), { condition: 'bad-request' })
  await client.bind('balcony')
  await client.close()
})

test('RFC 6120 §7.7.2.1: not for ever', async () => {
  const client = await loggedIn(await freshUser(server, 'juliet'))
  for (let i = 0; i < 5; i++) await assert.rejects(client.bind('x'.repeat(1024)), { condition: 'bad-request' })
  await expect(client).streamError('policy-violation')
})

test('RFC 6120 §8.1.3: the request for a resource needs an id, too', async () => {
  const client = await loggedIn(await freshUser(server, 'juliet'))
  client.send(Iq({ type: 'set' }, Bind({}, BindResource({}, 'balcony'))))
  await expect(client).error('bad-request', { kind: 'iq' })
  await client.bind('balcony')
  await client.close()
})

test('S46, RFC 6120 §7.7.2.2: the newer of two sessions with one address stays, the older ends with conflict', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, client: { resource: 'home' } }, async ({ alice, bob }) => {
    const again = await connect(alice.options)
    assert.equal(again.jid.toString(), alice.jid.toString())
    await expect(alice).streamError('conflict')
    again.send(Presence())
    await expect(again).presence({ from: again })
    bob.send(Message({ to: again.jid, type: 'chat' }, Body({}, 'who is there?')))
    await expect(again).message({ from: bob, body: 'who is there?' })
    await again.close()
  })
})

test('S47: the sessions of a user are counted, and the oldest makes room', async () => {
  const user = await freshUser(server, 'juliet')
  const clients: Client[] = []
  for (let i = 0; i < 4; i++) clients.push(await connectDevice(server, user, { resource: `r${i}` }))
  await expect(clients[0]!).streamError('conflict')
  for (const client of clients.slice(1)) {
    await expect(client).nothing()
    await client.close()
  }
})

test('RFC 3921 §3: the session of old clients, offered unless the listener is told not to', async () => {
  const user = await freshUser(server, 'juliet')
  const client = await loggedIn(user)
  assert.ok(Session.in(client.features!))
  await client.bind('r')
  assert.equal((await client.request(Iq({ type: 'set' }, Session()))).attr('type'), 'result')
  assert.equal((await client.request(Iq({ type: 'set', to: server.domain }, Session()))).attr('type'), 'result')
  await client.close()
  const modern = await openSecureStream(optionsFor(server.at('modern'), user))
  await modern.authenticate()
  await modern.openStream()
  assert.equal(Session.in(modern.features!), undefined)
  await modern.close()
})

test('S45, RFC 6120 §8.1.2.1: a stanza is from the session, whatever part of its address the client writes', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    for (const from of [undefined, alice.jid, alice.jid.bare]) {
      alice.send(Message({ from, to: bob.jid, type: 'chat' }, Body({}, `from ${from}`)))
      await expect(bob).message({ from: alice, body: `from ${from}` })
    }
  })
})

test('S45, RFC 6120 §4.9.3.9: a stanza from anybody else ends the stream and reaches nobody', async (t) => {
  const forged = ['romeo@localhost', 'localhost', 'example.net', 'a@b@c', '']
  for (const from of [...forged, undefined]) {
    await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
      // another resource of the same user is somebody else as well
      const claimed = from ?? alice.jid.withResource('other').toString()
      alice.send(Message({ from: claimed, to: bob.jid, type: 'chat' }, Body({}, 'forged')))
      await expect(alice).streamError('invalid-from')
      await expect(bob).nothing()
    })
  }
})

test('RFC 6120 §8.1.3: an IQ without id', async (t) => {
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    alice.sendRaw(`<iq type='get' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`)
    await expect(alice).error('bad-request', { kind: 'iq' })
  })
})

test('RFC 6120 §8.2.3: an IQ of no type or an unknown one', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, nothingLeft: true }, async ({ alice, bob }) => {
    for (const type of [undefined, '', 'GET', 'subscribe'])
      for (const to of ['localhost', bob.jid, bob.jid.bare, undefined]) {
        alice.send(Iq({ type, to, id: 'i' }, Ping()))
        await expect(alice).error('bad-request', { kind: 'iq', id: 'i' })
      }
  })
})

test('S58, RFC 6120 §8.2.3: a request with no child or with two, whoever is asked', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, nothingLeft: true }, async ({ alice, bob }) => {
    for (const type of ['get', 'set'])
      for (const to of ['localhost', bob.jid, bob.jid.bare, undefined])
        for (const children of [[], [Ping(), Unknown()]]) {
          alice.send(Iq({ type, to, id: 'i' }, ...children))
          await expect(alice).error('bad-request', { kind: 'iq', id: 'i' })
        }
  })
})

test('S58: answers that nobody waits for are dropped', async (t) => {
  await story(t, { server, users: { alice: 1 }, nothingLeft: true }, async ({ alice }) => {
    for (const to of ['localhost', undefined, 'nobody@localhost', alice.jid.bare]) {
      alice.send(Iq({ type: 'result', id: 'never-asked', to }))
      alice.sendRaw(
        `<iq type='error' id='never-asked'${to === undefined ? '' : ` to='${to}'`}><error type='cancel'/></iq>`,
      )
    }
    await expect(alice).nothing()
  })
})

test('RFC 6120 §8.4: a payload that the server does not know', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, nothingLeft: true }, async ({ alice, bob }) => {
    for (const to of ['localhost', undefined, bob.jid.bare, 'localhost/resource'])
      for (const type of ['get', 'set'])
        await assert.rejects(alice.request(Iq({ type, to }, Unknown())), { condition: 'service-unavailable' })
  })
})

test('RFC 6120 §8.2.3: requests between clients are theirs', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, nothingLeft: true }, async ({ alice, bob }) => {
    const answer = alice.request(Iq({ type: 'get', to: bob.jid }, Unknown()))
    const asked = await expect(bob).iq({ type: 'get', from: alice, has: Unknown })
    bob.send(Iq({ type: 'result', id: asked.attr('id'), to: alice.jid }))
    assert.equal((await answer).attr('from'), bob.jid.toString())
  })
})

test('RFC 6120 §8.3.3.8: an address that is none: jid-malformed, and it is not repeated', async (t) => {
  await story(t, { server, users: { alice: 1 }, nothingLeft: true }, async ({ alice }) => {
    for (const to of [
      '',
      '@',
      '@localhost',
      'a@',
      'a@/r',
      'localhost/',
      `${'x'.repeat(1024)}@localhost`,
      'a b@localhost',
    ]) {
      alice.send(Message({ to, id: 'm' }, Body({}, 'hi')))
      const error = await alice.receive()
      assert.equal(errorCondition(error), 'jid-malformed', to)
      assert.equal(error.attr('from'), undefined)
    }
  })
})

test('RFC 6120 §8.3.1: an error is never answered with an error', async (t) => {
  await story(t, { server, users: { alice: 1 }, nothingLeft: true }, async ({ alice }) => {
    alice.send(Message({ to: 'nobody@localhost', type: 'error' }, Body({}, 'hi')))
    alice.send(Message({ to: 'nowhere.example', type: 'error' }))
    alice.send(Message({ to: '@', type: 'error' }))
    alice.send(Presence({ to: 'nowhere.example', type: 'error' }))
    await expect(alice).nothing()
  })
})

test('RFC 6120 §10.4: a domain that is not served and cannot be reached', async (t) => {
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    alice.send(Message({ to: 'romeo@nowhere.invalid', id: 'm', type: 'chat' }, Body({}, 'hi')))
    await expect(alice).error('remote-server-not-found', { kind: 'message', id: 'm', from: 'romeo@nowhere.invalid' })
  })
})

test('RFC 6120 §8: another namespace is no stanza, and ends the stream', async (t) => {
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    alice.sendRaw(`<message xmlns='jabber:server' to='alice@localhost'/>`)
    await expect(alice).streamError('unsupported-stanza-type')
  })
})
