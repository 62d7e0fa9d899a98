import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, describe, it } from 'node:test'
import { Script } from 'node:vm'
import { apiStory } from './api-story.fixture.ts'
import { graphqlHandler, openAdminProblem } from './handler.ts'

const ADMIN = { schema_endpoint: 'admin', username: 'admin', password: 'secrét' } as const

const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`
const AUTHORIZATION = basic('admin:secrét')

/** The endpoint behind a real server, and how to ask it. */
async function served(t: TestContext, settings: Parameters<typeof graphqlHandler>[1] = ADMIN) {
  const { story } = await apiStory(t)
  const server = createServer(graphqlHandler(story.kernel, settings))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/graphql`
  const fetched = async (to: string, init: RequestInit) => {
    const response = await fetch(to, init)
    const text = await response.text()
    const isJson = response.headers.get('content-type') === 'application/json'
    const body = (isJson ? JSON.parse(text) : undefined) as
      | { data?: unknown; errors?: { message: string; extensions: { code: string } }[] }
      | undefined
    return { status: response.status, headers: response.headers, text, body, code: body?.errors?.[0]?.extensions.code }
  }
  return {
    story,
    get: (query: string, headers: Record<string, string> = {}) => fetched(url + query, { headers }),
    post: (body: unknown, headers: Record<string, string> = {}) =>
      fetched(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    send: (init: RequestInit) => fetched(url, init),
    /** The status when the Host header is another: a name that was made to point at this machine. */
    statusUnderName: (host: string) =>
      new Promise((resolve, reject) => {
        const asked = request(`${url}?query=${encodeURIComponent(CHECK)}`, { headers: { host } }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        asked.on('error', reject).end()
      }),
  }
}

const CHECK = '{ checkAuth { authStatus authType } }'
const COUNT = 'query ($d: DomainName!) { account { countUsers(domain: $d) } }'
const asAdmin = { authorization: AUTHORIZATION }

describe('MongooseIM: credentials', () => {
  it('the right ones authorise', async (t) => {
    const { post } = await served(t)
    const answer = await post({ query: CHECK }, asAdmin)
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.body, { data: { checkAuth: { authStatus: 'AUTHORIZED', authType: 'ADMIN' } } })
  })

  it('none leave checkAuth, and nothing else', async (t) => {
    const { post } = await served(t)
    const check = await post({ query: CHECK })
    assert.deepEqual(check.body, { data: { checkAuth: { authStatus: 'UNAUTHORIZED', authType: 'UNAUTHORIZED' } } })
    const count = await post({ query: COUNT, variables: { d: 'example.com' } })
    assert.deepEqual([count.status, count.code], [401, 'no_permissions'])
    assert.match(count.headers.get('www-authenticate')!, /^Basic /)
  })

  it('S36: wrong ones are not taken for ever', async (t) => {
    const { post, story } = await served(t)
    const codes: (string | undefined)[] = []
    for (let i = 0; i < 101; i++)
      void post({ query: CHECK }, { authorization: basic('admin:secret') }).then(({ code }) => codes.push(code))
    while (!codes.includes('too_many_failures')) await new Promise((resolve) => setImmediate(resolve))
    while (codes.length < 101) {
      story.clock.advance(1)
      story.kernel.timers.advance()
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal(codes.filter((code) => code === 'wrong_credentials').length, 100)
    assert.equal(codes.filter((code) => code === 'too_many_failures').length, 1)
  })

  const wrong: readonly (readonly [name: string, header: string, code: string])[] = [
    ['a wrong password', basic('admin:secret'), 'wrong_credentials'],
    ['a wrong name', basic('root:secrét'), 'wrong_credentials'],
    ['another scheme', 'Bearer abc', 'request_error'],
    ['no base64', 'Basic !!!', 'request_error'],
    ['no colon', basic('admin'), 'request_error'],
  ]
  for (const [name, authorization, code] of wrong)
    it(`${name} is answered with 401 ${code}`, async (t) => {
      const { post } = await served(t)
      const answer = await post({ query: CHECK }, { authorization })
      assert.deepEqual([answer.status, answer.code, answer.body?.data], [401, code, undefined])
    })

  it('S92: without configured credentials everyone on this machine is admin, under its own names only', async (t) => {
    const { post, get, statusUnderName } = await served(t, { schema_endpoint: 'admin' })
    const answer = await post({ query: CHECK })
    assert.deepEqual(answer.body, { data: { checkAuth: { authStatus: 'AUTHORIZED', authType: 'ADMIN' } } })
    assert.equal((await get(`?query=${encodeURIComponent(CHECK)}`)).status, 200)
    assert.equal(await statusUnderName('evil.example'), 403)
    assert.equal(await statusUnderName('localhost:5551'), 200)
  })
})

describe('MongooseIM: requests', () => {
  it('GET takes query parameters', async (t) => {
    const { get } = await served(t)
    const params = new URLSearchParams({ query: COUNT, variables: '{"d":"example.com"}' })
    const answer = await get(`?${params}`, asAdmin)
    assert.deepEqual(answer.body, { data: { account: { countUsers: 0 } } })
  })

  it('GET changes nothing', async (t) => {
    const { get } = await served(t)
    const query = 'mutation { server { stop } }'
    const answer = await get(`?${new URLSearchParams({ query })}`, asAdmin)
    assert.deepEqual([answer.status, answer.code], [405, 'unsupported_operation'])
  })

  it('variables may be an object, its text, or null', async (t) => {
    const { post } = await served(t)
    for (const variables of [{ d: 'example.com' }, '{"d":"example.com"}']) {
      const answer = await post({ query: COUNT, variables }, asAdmin)
      assert.deepEqual(answer.body, { data: { account: { countUsers: 0 } } })
    }
    assert.equal((await post({ query: CHECK, variables: null }, asAdmin)).status, 200)
  })

  it('errors of resolvers leave the status at 200', async (t) => {
    const { post } = await served(t)
    const answer = await post({ query: COUNT, variables: { d: 'elsewhere.example' } }, asAdmin)
    assert.deepEqual([answer.status, answer.code], [200, 'domain_not_found'])
    assert.deepEqual(answer.body?.data, { account: { countUsers: null } })
  })

  const faults: readonly (readonly [name: string, body: unknown, status: number, code: string])[] = [
    ['an empty body', '', 400, 'no_query_supplied'],
    ['no query', {}, 400, 'no_query_supplied'],
    ['no JSON', '{', 400, 'invalid_json_body'],
    ['S80: a batch', [{ query: CHECK }, { query: CHECK }], 400, 'invalid_json_body'],
    ['variables that are no JSON', { query: CHECK, variables: '{' }, 400, 'variables_invalid_json'],
    ['variables that are a list', { query: CHECK, variables: [] }, 400, 'variables_invalid_json'],
    ['an unknown operation', { query: CHECK, operationName: 'X' }, 400, 'operation_not_found'],
    ['a subscription', { query: 'subscription { a }' }, 400, 'unsupported_operation'],
    ['S81: a huge body', { query: CHECK, filler: 'x'.repeat(1024 * 1024) }, 413, 'request_too_large'],
  ]
  for (const [name, body, status, code] of faults)
    it(`${name}: ${status} ${code}`, async (t) => {
      const { post } = await served(t)
      const answer = await post(body, asAdmin)
      assert.deepEqual([answer.status, answer.code], [status, code])
    })

  it('takes JSON only, so that no form of another site can ask', async (t) => {
    const { post } = await served(t)
    const answer = await post({ query: CHECK }, { ...asAdmin, 'content-type': 'text/plain' })
    assert.equal(answer.status, 415)
  })

  it('knows two methods', async (t) => {
    const { send } = await served(t)
    const answer = await send({ method: 'PUT', headers: asAdmin })
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'GET, POST'])
  })

  it('allowed_categories of the handler hold', async (t) => {
    const { post } = await served(t, { ...ADMIN, allowed_categories: ['checkAuth'] })
    assert.equal((await post({ query: COUNT, variables: { d: 'example.com' } }, asAdmin)).code, 'category_disabled')
    assert.equal((await post({ query: CHECK }, asAdmin)).body?.errors, undefined)
  })

  it('a browser gets a page that loads nothing from elsewhere', async (t) => {
    const { get } = await served(t)
    const page = await get('', { accept: 'text/html,application/xhtml+xml' })
    assert.equal(page.status, 200)
    assert.match(page.text, /GraphiQL/)
    assert.doesNotMatch(page.text, /(?:src|href)=|https?:/)
    assert.ok(new Script(/<script>([^]*)<\/script>/.exec(page.text)![1]!))
    assert.match(page.headers.get('content-security-policy')!, /^default-src 'none'; script-src 'sha256-/)
  })
})

describe('S92: an open admin handler', () => {
  const open = { schema_endpoint: 'admin' } as const
  it('may listen on this machine only, unless a key allows it', () => {
    for (const address of ['127.0.0.1', '127.1.2.3', '::1']) assert.equal(openAdminProblem(open, address), undefined)
    for (const address of [undefined, '0.0.0.0', '::', '192.0.2.1'])
      assert.match(openAdminProblem(open, address)!, /without username and password/)
    assert.equal(openAdminProblem(open, '0.0.0.0', true), undefined)
    assert.equal(openAdminProblem(ADMIN, '0.0.0.0'), undefined)
  })
})
