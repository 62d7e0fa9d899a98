/** Listeners behind load balancers: the PROXY protocol, versions 1 and 2. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Socket, connect as connectTcp, createServer } from 'node:net'
import { after, test } from 'node:test'
import { connect, register } from '@meerkat/client'
import { openRaw, optionsFor, type RawConnection, sendPieces, streamHeader } from '@meerkat/client/testing'
import { type Listener, startServer } from './harness.ts'

const behind = 'proxy_protocol = true'
const server = await startServer({
  modules: `[modules.mod_ping]
[modules.mod_register]
ip_access = [{ address = "192.0.2.66", policy = "deny" }]`,
  general: 'registration_timeout = "infinity"',
  listeners: {
    starttls: { tls: 'starttls', settings: behind },
    direct: { tls: 'tls', settings: behind },
    open: { tls: 'none', settings: behind },
    few: { tls: 'none', settings: `${behind}\npre_auth.max_unauthenticated_per_ip = 2` },
    queue: { tls: 'none', settings: `${behind}\nbacklog = 2` },
    guarded: { tls: 'none', settings: `${behind}\npre_auth.max_failures_per_ip = 1` },
    hasty: { tls: 'none', settings: `${behind}\npre_auth.auth_timeout = 1` },
    distrustful: { tls: 'none', settings: `${behind}\nproxy_trusted = ["192.0.2.0/24", "2001:db8::1"]` },
  },
})
await server.createUser('juliet', 'secret')

const one = (ip: string, port = 1000): string => `PROXY TCP4 ${ip} 192.0.2.2 ${port} 5222\r\n`
const SIGNATURE = '0d0a0d0a000d0a515549540a'
/** Version 2: from 192.0.2.7:1000, with an extension. */
const two = Buffer.from(`${SIGNATURE}21110011c0000207c000020203e814660400020000`, 'hex')
/** Version 2: from [2001:db8::7]:1000. */
const two6 = Buffer.from(
  `${SIGNATURE}2121002420010db800000000000000000000000720010db800000000000000000000000203e81466`,
  'hex',
)
/** Version 2: a health check. */
const local = Buffer.from(`${SIGNATURE}20000000`, 'hex')

const balancers: { close(): void }[] = []
after(() => {
  for (const balancer of balancers) balancer.close()
})

/** Each node counts for itself: these tests are about one. */
const at = (name: string): Listener => server.at(name, 0)

/** A load balancer before a listener, which tells the client's address by `header`, in one piece with the first bytes of the client. */
async function balanced(name: string, header: string | Buffer): Promise<Listener> {
  const { host, port: target } = at(name)
  const balancer = createServer((client) => {
    const upstream = connectTcp(target, host)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] satisfies [Socket, Socket][]) {
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
    upstream.pipe(client)
    client.once('data', (chunk: Buffer) => {
      upstream.write(Buffer.concat([Buffer.from(header), chunk]))
      client.pipe(upstream)
    })
  })
  balancers.push(balancer)
  await once(balancer.listen(0, '127.0.0.1'), 'listening')
  const bound = balancer.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0
  return { ...at(name), port, tlsPort: port }
}

/** A connection straight to a listener. */
function rawTo(name: string): Promise<RawConnection> {
  const { host, port } = at(name)
  return openRaw({ host, port })
}

/** A connection that begins with `header` and opens its stream. */
async function opened(name: string, header: string | Buffer): Promise<RawConnection> {
  const raw = await rawTo(name)
  raw.sendRaw(Buffer.concat([Buffer.from(header), Buffer.from(streamHeader(server))]))
  await raw.readUntil('</stream:features>')
  return raw
}

/** What comes until the server closes the connection. */
async function answerTo(name: string, bytes: string | Buffer): Promise<string> {
  const { host, port } = at(name)
  const socket = connectTcp(port, host)
  let answer = ''
  socket.on('error', () => undefined).on('data', (chunk) => (answer += chunk.toString()))
  socket.write(bytes)
  await new Promise((resolve) => void socket.once('close', resolve))
  return answer
}

/** Where the sessions of juliet come from, as the API tells. */
async function origins(): Promise<unknown> {
  const query = '{ session { listUserSessions(user: "juliet@localhost") { ip port } } }'
  const { session } = (await server.graphql(query)) as { session: { listUserSessions: unknown } }
  return session.listUserSessions
}

const told: readonly (readonly [what: string, header: string | Buffer, ip: string])[] = [
  ['version 1', one('192.0.2.5'), '192.0.2.5'],
  ['version 1 of IPv6', 'PROXY TCP6 2001:0DB8::5 ::1 1000 5222\r\n', '2001:db8::5'],
  ['version 2', two, '192.0.2.7'],
  ['version 2 of IPv6', two6, '2001:db8::7'],
]
for (const [what, header, ip] of told)
  test(`${what}: a client logs in, with STARTTLS, TLS from the first byte, and without, and has the address that the header tells`, async () => {
    for (const name of ['starttls', 'direct', 'open']) {
      const at = await balanced(name, header)
      const client = await connect(optionsFor(at, undefined, { username: 'juliet', password: 'secret' }))
      assert.deepEqual(await origins(), [{ ip, port: 1000 }], name)
      await client.close()
    }
  })

test('a header that comes byte by byte, and the stream behind it in the same way', async () => {
  for (const header of [one('192.0.2.5'), two, local]) {
    const raw = await rawTo('open')
    await sendPieces(raw, Buffer.concat([Buffer.from(header), Buffer.from(streamHeader(server))]), 1)
    await raw.readUntil('</stream:features>')
    raw.destroy()
  }
})

test('S25: a health check, and a connection of unknown origin, are served as connections of the load balancer', async () => {
  for (const header of [local, 'PROXY UNKNOWN\r\n']) {
    const balancer = await balanced('direct', header)
    const client = await connect(optionsFor(balancer, undefined, { username: 'juliet', password: 'secret' }))
    const [origin] = (await origins()) as { ip: string }[]
    assert.equal(origin?.ip, '127.0.0.1')
    await client.close()
  }
})

test('S25: a malformed header, or none, costs its own connection only, and nothing is answered', async () => {
  const bystander = await opened('open', two)
  const wrong = [
    streamHeader(server),
    'PROXY TCP4 192.0.2.1 192.0.2.2 1000 66000\r\n',
    `PROXY ${'x'.repeat(200)}`,
    Buffer.from(`${SIGNATURE}2211000cc0000201c000020203e81466`, 'hex'),
    Buffer.from(`${SIGNATURE}2111ffff`, 'hex'),
    Buffer.from('1603010200010001fc0303', 'hex'),
  ]
  for (const name of ['open', 'starttls', 'direct'])
    for (const header of wrong) assert.equal(await answerTo(name, header), '')
  bystander.sendRaw('</stream:stream>')
  assert.match((await bystander.readUntilClose()).toString(), /<\/stream:stream>$/)
})

test('S25: a second header is no part of the stream', async () => {
  const answer = await answerTo('open', `${one('192.0.2.5')}${one('192.0.2.6')}${streamHeader(server)}`)
  assert.match(answer, /<stream:error>/)
})

test('S25: a header from an address that is no load balancer is not believed: the connection is closed', async () => {
  for (const header of [one('192.0.2.5'), two, local, ''])
    assert.equal(await answerTo('distrustful', Buffer.concat([Buffer.from(header), Buffer.from('<')])), '')
  const lines = server
    .log()
    .filter(({ what, why }) => what === 'proxy_connection_refused' && /trusted/.test(String(why)))
  assert.equal(lines.length, 4)
  assert.ok(lines.every(({ ip }) => ip === '127.0.0.1'))
})

test('S9: connections that have not authenticated are counted by the address that is told, not by that of the load balancer', async () => {
  const mine = [await opened('few', one('192.0.2.5', 1)), await opened('few', one('192.0.2.5', 2))]
  assert.equal(await answerTo('few', one('192.0.2.5', 3) + streamHeader(server)), '')
  const others = [await opened('few', one('192.0.2.6')), await opened('few', two), await opened('few', two6)]
  for (const raw of [...mine, ...others]) raw.destroy()
})

test('S9: how many connections wait for their header is bounded; those that get it make room', async () => {
  const waiting = [await rawTo('queue'), await rawTo('queue')]
  assert.equal(await answerTo('queue', one('192.0.2.5') + streamHeader(server)), '')
  for (const raw of waiting) {
    raw.sendRaw(one('192.0.2.5') + streamHeader(server))
    await raw.readUntil('</stream:features>')
  }
  waiting.push(await opened('queue', one('192.0.2.5')))
  for (const raw of waiting) raw.destroy()
})

test('S25: a header that does not come in time ends the connection', async () => {
  for (const beginning of ['PROXY TCP4 192.0.2.1', two.subarray(0, 20)])
    assert.equal(await answerTo('hasty', beginning), '')
})

test('`ip_access`: who may register is decided by the address that is told', async () => {
  const user = { username: 'romeo', password: 'secret' }
  const denied = await balanced('starttls', one('192.0.2.66'))
  await assert.rejects(register(optionsFor(denied, undefined, user)))
  await register(optionsFor(await balanced('starttls', one('192.0.2.65')), undefined, user))
})

test('S36: failed logins are held against the address that is told, not against that of the load balancer', async () => {
  const login = async (ip: string, password: string) =>
    connect(optionsFor(await balanced('guarded', one(ip)), undefined, { username: 'juliet', password }))
  for (let i = 0; i < 2; i++) await assert.rejects(login('192.0.2.50', 'wrong'), { condition: 'not-authorized' })
  await assert.rejects(login('192.0.2.50', 'secret'), { condition: 'temporary-auth-failure' })
  await (await login('192.0.2.51', 'secret')).close()
})

test('the log tells the address of a client that fails to log in', async () => {
  const balancer = await balanced('starttls', one('192.0.2.99', 4321))
  await assert.rejects(connect(optionsFor(balancer, undefined, { username: 'juliet', password: 'wrong' })))
  const failed = server.log().find(({ what, ip }) => what === 'auth_failed' && ip === '192.0.2.99')
  assert.equal(failed?.port, 4321)
})
