import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, describe, it } from 'node:test'
import { Body, Message, Presence, parseJid } from '@meerkat/protocol'
import { settle } from '../testing/story.ts'
import { type ApiStory, apiStory, codeOf, dataOf } from './api-story.fixture.ts'
import { graphqlHandler } from './handler.ts'
import { messageStream } from './message-stream.ts'
import { trafficStream } from './traffic-stream.ts'

const WATCH = 'subscription { stanza { subscribeForMessages(caller: "alice@example.com") { sender stanza_id } } }'

const say = ({ story }: ApiStory, id: string, to = 'alice@example.com') =>
  story.device('bob').send(Message({ to, id, type: 'chat' }, Body({}, 'hi')))

describe('subscribeForMessages', () => {
  it('MongooseIM: is a session of the user with priority 1, until it ends', async (t) => {
    const api = await apiStory(t, { users: ['bob'], absent: ['alice'] })
    const stream = await api.watch(WATCH)
    assert.ok(!('status' in stream), JSON.stringify(stream))
    const [entry] = api.story.kernel.directory.of(parseJid('alice@example.com'))
    assert.match(entry!.jid.resource, /^sse-[0-9a-f-]{36}$/)
    assert.equal(entry!.priority, 1)
    const listed = '{ session { listUserSessions(user: "alice@example.com") { connection ip port priority } } }'
    assert.deepEqual(dataOf(await api.ask(listed)), {
      session: { listUserSessions: [{ connection: 'sse', ip: null, port: null, priority: 1 }] },
    })
    const first = stream.next()
    await say(api, 'm1')
    await say(api, 'm2')
    const told = (id: string) => ({
      data: { stanza: { subscribeForMessages: { sender: 'bob@example.com/1', stanza_id: id } } },
    })
    assert.deepEqual(JSON.parse(JSON.stringify((await first).value)), told('m1'))
    assert.deepEqual(JSON.parse(JSON.stringify((await stream.next()).value)), told('m2'))
    const pending = stream.next()
    await stream.return()
    assert.equal((await pending).done, true)
    assert.equal(api.story.kernel.directory.of(parseJid('alice@example.com')).length, 0)
  })

  it('ends when the session is kicked', async (t) => {
    const api = await apiStory(t, { absent: ['alice'] })
    const stream = await api.watch(WATCH)
    assert.ok(!('status' in stream))
    const pending = stream.next()
    await api.ask('mutation { session { kickUser(user: "alice@example.com") { kicked } } }')
    assert.equal((await pending).done, true)
  })

  it('tells messages only, and keeps a bounded number for a reader who does not read', async (t) => {
    const { story } = await apiStory(t, { absent: ['alice'] })
    const alice = parseJid('alice@example.com')
    const stream = messageStream(story.kernel, alice)
    const session = story.kernel.directory.of(alice)[0]!.local!
    session.deliver(Presence({}))
    for (let i = 0; i <= 1000; i++) session.deliver(Message({ id: String(i) }))
    assert.equal(story.kernel.directory.of(alice).length, 0)
    let read = 0
    for await (const { stanza_id } of stream) assert.equal(stanza_id, String(read++))
    assert.equal(read, 1000)
  })

  it('MongooseIM: an error before the stream names the field', async (t) => {
    const api = await apiStory(t, {})
    const answer = await api.watch(WATCH.replace('alice', 'nobody'))
    assert.ok('status' in answer)
    const message = 'User does not exist'
    const extensions = { caller: 'nobody@example.com', code: 'unknown_user' }
    assert.deepEqual(answer.body.errors, [{ message, path: ['stanza', 'subscribeForMessages'], extensions }])
  })

  const refused: readonly (readonly [name: string, query: string, code: string])[] = [
    ['an unknown user', WATCH.replace('alice', 'nobody'), 'unknown_user'],
    ['a query', '{ checkAuth { authType } }', 'unsupported_operation'],
    [
      'two sources',
      'subscription { stanza { ...F a: subscribeForMessages(caller: "alice@example.com") { sender } } } ' +
        'fragment F on StanzaAdminSubscription { subscribeForMessages(caller: "bob@example.com") { sender } }',
      'unsupported_operation',
    ],
  ]
  for (const [name, query, code] of refused)
    it(`refuses ${name}: ${code}`, async (t) => {
      const api = await apiStory(t, { absent: ['alice', 'bob'] })
      const answer = await api.watch(query)
      assert.ok('status' in answer)
      assert.deepEqual([answer.status, codeOf(answer), answer.body.data], [400, code, undefined])
      assert.equal(api.story.kernel.directory.size, 0)
    })
})

/** The endpoint behind a real server. */
async function served(t: TestContext, api: ApiStory): Promise<string> {
  const settings = { schema_endpoint: 'admin', username: 'admin', password: 'secret' } as const
  const server = createServer(graphqlHandler(api.story.kernel, settings))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/graphql/sse`
}

const headers = { authorization: `Basic ${Buffer.from('admin:secret').toString('base64')}` }

describe('MongooseIM: server-sent events', () => {
  it('are numbered, and end with the connection', async (t) => {
    const api = await apiStory(t, { users: ['bob'], absent: ['alice'] })
    const url = await served(t, api)
    const leaving = new AbortController()
    const response = await fetch(`${url}?${new URLSearchParams({ query: WATCH })}`, { headers, signal: leaving.signal })
    assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'text/event-stream'])
    await say(api, 'm1')
    await say(api, 'm2')
    const event = (id: number) =>
      `id: ${id}\ndata: {"data":{"stanza":{"subscribeForMessages":{"sender":"bob@example.com/1","stanza_id":"m${id}"}}}}\n\n`
    let text = ''
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk as Uint8Array).toString()
      if (text.length >= event(1).length * 2) break
    }
    assert.equal(text, event(1) + event(2))
    leaving.abort()
    const alice = parseJid('alice@example.com')
    while (api.story.kernel.directory.of(alice).length > 0) await settle()
  })

  it('an error before the stream is JSON', async (t) => {
    const api = await apiStory(t, { absent: ['alice'] })
    const url = await served(t, api)
    const query = `?${new URLSearchParams({ query: WATCH })}`
    const denied = await fetch(url + query)
    assert.deepEqual([denied.status, denied.headers.get('content-type')], [401, 'application/json'])
    const post = await fetch(url, { method: 'POST', headers })
    assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET'])
    assert.equal((await fetch(url, { headers })).status, 400)
    assert.equal(api.story.kernel.directory.size, 0)
  })
})

describe('subscribeForTraffic', () => {
  const trace = (api: ApiStory, id: string) =>
    api.story.kernel.tracing.tell({
      connection: '192.0.2.1:40000',
      jid: 'alice@example.com/1',
      at: 1_767_225_600_000_000,
      direction: 'CLIENT_TO_SERVER',
      element: Message({ id }),
    })

  it('needs service_traffic', async (t) => {
    const api = await apiStory(t, {})
    const answer = await api.watch('subscription { stanza { subscribeForTraffic { pid } } }')
    assert.ok('body' in answer)
    assert.equal(codeOf(answer), 'deps_not_loaded')
  })

  it('tells what passes, and ends behind `limit` elements', async (t) => {
    const api = await apiStory(t, {})
    const stream = trafficStream(api.story.kernel, 2)
    assert.equal(api.story.kernel.tracing.watched, true)
    for (const id of ['m1', 'm2', 'm3']) trace(api, id)
    const told = []
    for await (const { jid, dir, stanza } of stream) told.push([jid, dir, stanza])
    assert.deepEqual(told, [
      ['alice@example.com/1', 'client_to_server', "<message xmlns='jabber:client' id='m1'/>"],
      ['alice@example.com/1', 'client_to_server', "<message xmlns='jabber:client' id='m2'/>"],
    ])
    assert.equal(api.story.kernel.tracing.watched, false)
  })

  it('ends when its reader goes', async (t) => {
    const api = await apiStory(t, {})
    const stream = trafficStream(api.story.kernel)
    await stream.return?.()
    assert.equal(api.story.kernel.tracing.watched, false)
  })
})
