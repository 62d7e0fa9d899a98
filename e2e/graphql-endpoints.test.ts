/** The GraphQL endpoints of domain admins and of users, over real HTTP: who gets in, what is theirs, and what is not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectDevice, expect, freshUser } from '@meerkat/client/testing'
import { Body, Message } from '@meerkat/protocol'
import { startServer } from './harness.ts'

const handler = (kind: string, path: string, more = '') =>
  `[[listen.http.handlers.${kind}]]\nhost = "_"\npath = "${path}"\n${more}`

const HTTP = `[[listen.http]]
port = 0
ip_address = "127.0.0.1"
${handler('mongoose_graphql_handler', '/domain', 'schema_endpoint = "domain_admin"')}
${handler('mongoose_graphql_handler', '/user', 'schema_endpoint = "user"')}
${handler('mongoose_admin_api', '/api', 'handlers = ["users"]')}`

const server = await startServer({ domains: ['localhost', 'other.example'], extra: HTTP })

const base = /http:\/\/\S+(?=\/user)/.exec(server.stdout)?.[0] ?? assert.fail('no endpoint for users')

interface Answer {
  readonly status: number
  readonly data: unknown
  readonly code: string | undefined
}

const basic = (credentials: string) => ({ authorization: `Basic ${Buffer.from(credentials).toString('base64')}` })

async function ask(path: string, query: string, credentials?: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json', ...(credentials === undefined ? {} : basic(credentials)) }
  const response = await fetch(base + path, { method: 'POST', headers, body: JSON.stringify({ query }) })
  const body = (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] }
  return { status: response.status, data: body.data, code: body.errors?.[0]?.extensions.code }
}

test('MongooseIM: a domain admin has the password that the admin sets, and the own domain', async () => {
  const set = await server.cli('domain', 'setDomainPassword', '--domain', 'localhost', '--password', 'pass word')
  assert.equal(set.code, 0, set.stdout)
  const count = (domain: string) =>
    ask('/domain', `{ account { countUsers(domain: "${domain}") } }`, 'admin@localhost:pass word')
  assert.equal((await count('localhost')).status, 200)
  assert.deepEqual(await count('other.example'), { status: 401, data: undefined, code: 'no_permissions' })
  assert.deepEqual(await ask('/user', '{ checkAuth { authStatus } }', 'admin@localhost:pass word'), {
    status: 401,
    data: undefined,
    code: 'wrong_credentials',
  })
  const removed = await server.cli('domain', 'deleteDomainPassword', '--domain', 'localhost')
  assert.equal(removed.code, 0, removed.stdout)
  assert.equal((await count('localhost')).code, 'wrong_credentials')
})

test('MongooseIM: a user asks about what is the own, sends, and watches what comes', async (t) => {
  const alice = await freshUser(server, 'alice')
  const bob = await freshUser(server, 'bob')
  const credentials = `${alice.jid}:${alice.password}`
  const device = await connectDevice(server, bob)
  t.after(() => device.close())

  const leaving = new AbortController()
  const query = new URLSearchParams({ query: 'subscription { stanza { subscribeForMessages { sender } } }' })
  const stream = await fetch(`${base}/user/sse?${query}`, { headers: basic(credentials), signal: leaving.signal })
  assert.equal(stream.status, 200)
  device.send(Message({ to: alice.jid, type: 'chat' }, Body({}, 'hi')))
  const { value } = await stream.body!.getReader().read()
  assert.match(Buffer.from(value ?? []).toString(), /^id: 1\ndata: .*"sender":"bob/)
  leaving.abort()

  const sent = await ask(
    '/user',
    `mutation { stanza { sendMessage(to: "${device.jid}", body: "hello") { id } } }`,
    credentials,
  )
  assert.equal(sent.status, 200, String(sent.code))
  await expect(device).message({ from: alice.jid })
  const forged = `mutation { stanza { sendMessage(from: "${bob.jid}", to: "${device.jid}", body: "x") { id } } }`
  assert.equal((await ask('/user', forged, credentials)).code, 'invalid_sender')
})

test('S80: neither schema has anything of the other, and nothing without credentials', async () => {
  for (const query of ['{ server { getCookie } }', '{ account { countUsers(domain: "localhost") } }'])
    assert.equal((await ask('/user', query)).status, 400, query)
  assert.equal((await ask('/user', '{ session { countResources } }')).code, 'no_permissions')
  assert.equal((await ask('/domain', '{ account { countUsers(domain: "localhost") } }')).code, 'no_permissions')
})

test('S36: wrong credentials are answered later and later, then not at all', async () => {
  const check = '{ checkAuth { authStatus } }'
  const tries = Array.from({ length: 110 }, (_, i) => ask('/user', check, `u${i}@localhost:wrong`))
  const statuses = new Set((await Promise.all(tries)).map(({ status }) => status))
  statuses.delete(429)
  assert.deepEqual([...statuses], [401])
  assert.equal((await ask('/user', check, 'u@localhost:wrong')).code, 'too_many_failures')
  assert.equal((await ask('/domain', check)).status, 200, 'the other endpoint counts for itself')
})

test('MongooseIM: a REST API of old answers with the operation to use', async () => {
  const response = await fetch(`${base}/api/users/localhost`)
  assert.equal(response.status, 410)
  const { graphql } = (await response.json()) as { graphql: object }
  assert.deepEqual(graphql, { schema: 'admin', type: 'query', category: 'account', field: 'listUsers' })
})
