/** What pages of other sites, and whoever speaks HTTP, try on the API: requests in the name of an administrator whose browser they use, and documents that cost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, type HttpAnswer } from './bosh-client.ts'
import { startServer } from './harness.ts'

const handler = (kind: string, path: string, more = ''): string =>
  `[[listen.http.handlers.${kind}]]\nhost = "_"\npath = "${path}"\n${more}`

const server = await startServer({
  modules: '[modules.mod_presence]\n[modules.mod_last]\n[modules.mod_vcard]',
  extra: `[[listen.http]]
port = 0
ip_address = "127.0.0.1"
${handler('mongoose_graphql_handler', '/secured', 'schema_endpoint = "admin"\nusername = "admin"\npassword = "secret"')}
${handler('mongoose_graphql_handler', '/user', 'schema_endpoint = "user"')}
${handler('mongoose_prometheus_handler', '/metrics')}`,
})

const open = `http://127.0.0.1:${server.httpPort}/api/graphql`
const secured = /http:\/\/\S+\/secured$/m.exec(server.stdout)![0]
const BASIC = { authorization: `Basic ${Buffer.from('admin:secret').toString('base64')}` }
const JSON_TYPE = { 'content-type': 'application/json' }

const post = (url: string, query: string, headers: Record<string, string> = JSON_TYPE): Promise<HttpAnswer> =>
  ask(url, JSON.stringify({ query }), 'POST', headers).answer
const make = (username: string): string =>
  `mutation { account { registerUser(domain: "localhost", username: "${username}", password: "x") { jid } } }`
const USERS = '{ account { countUsers(domain: "localhost") } }'

async function users(): Promise<number> {
  const { account } = (await server.graphql(USERS)) as { account: { countUsers: number } }
  return account.countUsers
}

test('S84: a form of another site does nothing, whatever the browser adds to it', async () => {
  const before = await users()
  for (const url of [open, secured]) {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])
      assert.equal((await post(url, make('forged'), { ...BASIC, 'content-type': type })).status, 415, type)
    const link = `${url}?query=${encodeURIComponent(make('linked'))}`
    const { status, text } = await ask(link, undefined, 'GET', BASIC).answer
    assert.deepEqual([status, /unsupported_operation/.test(text)], [405, true])
  }
  assert.equal(await users(), before)
})

test('S84: a script of another site is not told that it may ask', async () => {
  const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
  for (const url of [open, secured])
    for (const [method, headers] of [
      ['OPTIONS', { ...preflight, 'access-control-request-headers': 'content-type' }],
      ['GET', preflight],
    ] as const) {
      const answer = await ask(url, undefined, method, headers).answer
      assert.equal(answer.headers['access-control-allow-origin'], undefined)
    }
})

test('S84, S92: a name that is turned to this machine reaches nothing without a password', async () => {
  const before = await users()
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '192.0.2.1'])
    assert.equal((await post(open, make('rebound'), { ...JSON_TYPE, host })).status, 403, host)
  assert.equal(await users(), before)
})

test('S84: no page of another site frames the page of the API, and nothing but its own script runs there', async () => {
  const { headers, text } = await ask(secured, undefined, 'GET', { accept: 'text/html' }).answer
  assert.equal(headers['x-frame-options'], 'DENY')
  assert.match(String(headers['content-security-policy']), /default-src 'none'/)
  assert.doesNotMatch(String(headers['content-security-policy']), /script-src[^;]*(unsafe-inline|unsafe-eval|\*)/)
  assert.doesNotMatch(text, /<script[^>]+src=["']?https?:/)
})

test('S84: what users name themselves comes as data, which browsers neither guess nor show', async () => {
  const script = '<script>alert(1)</script>'
  const query = `{ last { listOldUsers(timestamp: "2000-01-01T00:00:00Z") { jid } } stat: __typename x${script} }`
  const refused = await post(secured, query, { ...BASIC, ...JSON_TYPE })
  const echoed = await post(secured, USERS.replace('localhost', script), { ...BASIC, ...JSON_TYPE })
  for (const { headers } of [refused, echoed]) {
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['x-content-type-options'], 'nosniff')
  }
})

/** Documents that are small, or not, and would cost much; and what is said of them. */
const BOMBS: readonly (readonly [name: string, query: string, said: RegExp])[] = [
  ['deep', `${'{ __schema { types { fields { type '.repeat(12)}{ name }${' } } } }'.repeat(12)}`, /depth .* limit/],
  [
    'full of aliases',
    `{ account { ${Array.from({ length: 400 }, (_, i) => `a${i}: countUsers(domain: "x")`).join(' ')} } }`,
    /number of aliases .* limit/,
  ],
  [
    'in a circle',
    '{ account { ...a } } fragment a on AccountAdminQuery { ...b } fragment b on AccountAdminQuery { ...a }',
    /within itself/,
  ],
  ['long', `{ account { ${'__typename '.repeat(20_000)} } }`, /more than \d+ tokens/],
]

for (const [name, query, said] of BOMBS)
  test(`S81: a document that is ${name} is refused before anything is done`, async () => {
    const { status, text } = await post(secured, query, { ...BASIC, ...JSON_TYPE })
    assert.equal(status, 400)
    assert.match(text, said)
    assert.ok(text.length < 10_000)
  })

test('S81: a body of 10 MB is not read to its end', async () => {
  const before = server.residentBytes()
  for (let i = 0; i < 5; i++) {
    const answer = post(secured, 'x'.repeat(10_000_000), { ...BASIC, ...JSON_TYPE })
    // Either the answer comes, or the connection is closed while the body is still on its way.
    const status = await answer.then(
      (found) => found.status,
      (error: NodeJS.ErrnoException) => error.code,
    )
    assert.ok([413, 'EPIPE', 'ECONNRESET'].includes(status!), String(status))
  }
  assert.ok(server.residentBytes() - before < 40_000_000, 'memory')
  assert.equal((await post(secured, USERS, { ...BASIC, ...JSON_TYPE })).status, 200)
})
