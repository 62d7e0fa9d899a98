import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, describe, it } from 'node:test'
import { apiStory } from './api-story.fixture.ts'
import { DomainPasswords } from './domain-passwords.ts'
import { type GraphqlHandlerSettings, graphqlHandler } from './handler.ts'

const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`

/** The endpoint of a domain admin or of users, behind a real server. */
async function served(t: TestContext, settings: GraphqlHandlerSettings) {
  const { story } = await apiStory(t, { absent: ['alice', 'admin'] })
  await new DomainPasswords(story.kernel).set('example.com', 'domain secret')
  const server = createServer(graphqlHandler(story.kernel, settings))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/graphql`
  const ask = async (query: string, credentials?: string) => {
    const authorization = credentials === undefined ? {} : { authorization: basic(credentials) }
    const headers = { 'content-type': 'application/json', ...authorization }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) })
    const body = (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] }
    return { status: response.status, data: body.data, code: body.errors?.[0]?.extensions.code }
  }
  return { story, ask, url }
}

describe('MongooseIM: schema_endpoint = "domain_admin"', () => {
  const settings = { schema_endpoint: 'domain_admin' } as const
  const check = '{ checkAuth { domain authStatus authType } }'

  it('knows admin@DOMAIN by the password of the domain', async (t) => {
    const { ask } = await served(t, settings)
    assert.deepEqual(await ask(check, 'admin@example.com:domain secret'), {
      status: 200,
      data: { checkAuth: { domain: 'example.com', authStatus: 'AUTHORIZED', authType: 'DOMAIN_ADMIN' } },
      code: undefined,
    })
    assert.deepEqual(await ask(check), {
      status: 200,
      data: { checkAuth: { domain: null, authStatus: 'UNAUTHORIZED', authType: 'UNAUTHORIZED' } },
      code: undefined,
    })
  })

  it('knows nobody else, not even the account of that name', async (t) => {
    const { ask } = await served(t, settings)
    const others = ['admin@example.com:secret', 'alice@example.com:domain secret', 'admin:domain secret', '@:', 'x@y:z']
    for (const credentials of [...others, 'admin@other.example:domain secret'])
      assert.deepEqual(await ask(check, credentials), { status: 401, data: undefined, code: 'wrong_credentials' })
  })

  it('wants no resource', async (t) => {
    const { ask } = await served(t, settings)
    assert.equal((await ask(check, 'admin@example.com/1:domain secret')).code, 'wrong_credentials')
  })

  it('S80: serves that domain and nothing else', async (t) => {
    const { ask } = await served(t, settings)
    const as = 'admin@example.com:domain secret'
    const count = (domain: string) => ask(`{ account { countUsers(domain: "${domain}") } }`, as)
    assert.deepEqual((await count('example.com')).data, { account: { countUsers: 2 } })
    assert.equal((await count('other.example')).code, 'no_permissions')
    assert.equal((await ask('{ server { status { version } } }', as)).code, 'no_permissions')
    assert.equal((await ask('{ account { countUsers(domain: "example.com") } }')).code, 'no_permissions')
  })
})

describe('S82: a stream whose caller may watch no more', () => {
  const as = basic('admin@example.com:domain secret')
  const query = new URLSearchParams({
    query: 'subscription { stanza { subscribeForMessages(caller: "alice@example.com") { sender } } }',
  })

  it('ends with the reason', async (t) => {
    const { story, url } = await served(t, { schema_endpoint: 'domain_admin' })
    const stream = await fetch(`${url}/sse?${query}`, { headers: { authorization: as } })
    assert.equal(stream.status, 200)
    await story.wait(60)
    assert.equal(story.kernel.directory.size, 1, 'as long as the password is right, it goes on')
    await new DomainPasswords(story.kernel).remove('example.com')
    await story.wait(60)
    assert.match(await stream.text(), /^event: error\ndata: .*"code":"wrong_credentials"/)
    assert.equal(story.kernel.directory.size, 0)
  })
})

describe('MongooseIM: schema_endpoint = "user"', () => {
  const settings = { schema_endpoint: 'user' } as const
  const check = '{ checkAuth { username authStatus } }'

  it("knows users by their JIDs and accounts' passwords", async (t) => {
    const { ask } = await served(t, settings)
    assert.deepEqual((await ask(check, 'alice@example.com:secret')).data, {
      checkAuth: { username: 'alice@example.com', authStatus: 'AUTHORIZED' },
    })
    assert.deepEqual((await ask(check)).data, { checkAuth: { username: null, authStatus: 'UNAUTHORIZED' } })
    assert.equal((await ask('{ session { countResources } }')).code, 'no_permissions')
  })

  it('knows nobody else', async (t) => {
    const { ask } = await served(t, settings)
    const wrong = ['alice@example.com:x', 'nobody@example.com:secret', 'alice:secret', 'alice@other.example:secret']
    for (const credentials of [...wrong, 'example.com:secret', 'admin@example.com:domain secret'])
      assert.deepEqual(await ask(check, credentials), { status: 401, data: undefined, code: 'wrong_credentials' })
  })

  it('wants no resource', async (t) => {
    const { ask } = await served(t, settings)
    assert.equal((await ask(check, 'alice@example.com/1:secret')).code, 'wrong_credentials')
  })

  it('has the schema of users, and no other', async (t) => {
    const { ask, url } = await served(t, settings)
    assert.equal((await ask('{ server { status { version } } }', 'alice@example.com:secret')).code, 'unknown_field')
    const page = await fetch(url, { headers: { accept: 'text/html' } })
    assert.match(await page.text(), /GraphiQL/)
  })

  it('serves the categories that it is told to, streams among them', async (t) => {
    const { ask, url } = await served(t, { ...settings, allowed_categories: ['checkAuth', 'session'] })
    const as = 'alice@example.com:secret'
    assert.equal((await ask('{ session { countResources } }', as)).status, 200)
    assert.equal((await ask('{ stanza { getLastMessages { limit } } }', as)).code, 'category_disabled')
    const query = new URLSearchParams({ query: 'subscription { stanza { subscribeForMessages { sender } } }' })
    const stream = await fetch(`${url}/sse?${query}`, { headers: { authorization: basic(as) } })
    assert.equal(stream.status, 400)
    assert.match(await stream.text(), /category_disabled/)
  })
})
