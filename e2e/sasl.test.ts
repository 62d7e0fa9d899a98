/** Logging in with PLAIN and SCRAM (RFC 6120 §6, RFC 4616, RFC 5802, RFC 7677, RFC 9266). */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { type Client, openSecureStream, openSocket } from '@meerkat/client'
import {
  Abort,
  Auth,
  ChannelBinding,
  errorCondition,
  errorDescription,
  Mechanism,
  Mechanisms,
  Response,
  SASL_NS,
  SaslChannelBinding,
} from '@meerkat/protocol'
import { mechanismNames } from '@meerkat/protocol/sasl'
import { expect, openRaw, optionsFor, streamHeader } from '@meerkat/client/testing'
import { type Element, text } from '@meerkat/xml'
import { startServer } from './harness.ts'

const server = await startServer({
  domains: ['localhost', 'limited.example', 'plain.example'],
  listeners: {
    // Many logins fail here, and none should wait for that.
    main: { tls: 'starttls', settings: 'pre_auth.max_failures_per_ip = "infinity"' },
    nobody: { tls: 'starttls', settings: 'allowed_auth_methods = ["jwt"]' },
    closed: { tls: 'starttls', settings: 'access = "juliet_only"' },
    open: { tls: 'none' },
  },
  access: 'juliet_only = [{ acl = "juliet", value = "allow" }]',
  acl: 'juliet = [{ user = "juliet" }]',
  extra: `[[host_config]]
host = "limited.example"
[host_config.auth]
methods = ["internal"]
sasl_mechanisms = ["scram_sha1", "scram_sha256", "scram_sha256_plus"]
password.scram_iterations = 5000
[host_config.auth.internal]

[[host_config]]
host = "plain.example"
[host_config.auth]
methods = ["internal"]
password.format = "plain"
[host_config.auth.internal]`,
})
await Promise.all([
  server.createUser('juliet', 'secret'),
  server.createUser('romeo', 'montague'),
  server.createUser('juliet', 'secret', 'limited.example'),
  server.createUser('juliet', 'secret', 'plain.example'),
])

const juliet = optionsFor(server, undefined, { username: 'juliet', password: 'secret' })
const impostor = { ...juliet, password: 'wrong' }

function b64(message: string): string {
  return Buffer.from(message).toString('base64')
}

function offered(client: Client): string[] {
  return Mechanism.all(Mechanisms.in(client.features!)!).map(text)
}

/** Sends an element of SASL and resolves with the answer. */
function say(client: Client, element: Element): Promise<Element> {
  client.send(element)
  return client.receive((answer) => answer.ns === SASL_NS)
}

async function fails(client: Client, element: Element, condition: string): Promise<void> {
  const answer = await say(client, element)
  assert.equal(answer.name, 'failure')
  assert.equal(errorCondition(answer), condition)
}

function plain(message: string): Element {
  return Auth({ mechanism: 'PLAIN' }, b64(message))
}

const nonce = (): string => randomBytes(12).toString('base64')

test('RFC 6120 §6.3.3: every mechanism is offered under TLS, the strongest first, PLAIN last', async () => {
  const client = await openSecureStream(juliet)
  assert.deepEqual(offered(client), mechanismNames)
  assert.equal(offered(client).at(-1), 'PLAIN')
  await client.close()
})

test('XEP-0440, RFC 9266: the type of channel binding is named, before the mechanisms, where -PLUS is offered', async () => {
  const client = await openSecureStream(juliet)
  const names = client.features!.elements().map(({ name }) => name)
  assert.ok(names.indexOf('sasl-channel-binding') < names.indexOf('mechanisms'))
  const types = ChannelBinding.all(SaslChannelBinding.in(client.features!)!).map((type) => type.attr('type'))
  assert.deepEqual(types, ['tls-exporter'])
  await client.close()

  const old = await openSecureStream({ ...juliet, tlsOptions: { maxVersion: 'TLSv1.2' } })
  assert.equal(SaslChannelBinding.in(old.features!), undefined)
  assert.ok(!offered(old).some((name) => name.endsWith('-PLUS')), 'RFC 9266 §3: no tls-exporter before TLS 1.3')
  await old.authenticate()
  await old.close()
})

for (const mechanism of mechanismNames) {
  test(`RFC 6120 §6.4: ${mechanism} with the right password, and not with a wrong one`, async () => {
    const client = await openSecureStream(juliet)
    await client.authenticate(mechanism)
    await client.openStream()
    assert.equal((await client.bind('r')).toString(), 'juliet@localhost/r')
    await client.close()

    const wrong = await openSecureStream(impostor)
    await assert.rejects(wrong.authenticate(mechanism), { name: 'SaslError', condition: 'not-authorized' })
    await wrong.close()
  })
}

test('RFC 5802: an account whose password is kept in the clear serves SCRAM as well', async () => {
  const client = await openSecureStream({ ...juliet, domain: 'plain.example', rejectUnauthorized: false })
  await client.authenticate('SCRAM-SHA-256-PLUS')
  await client.close()
})

test('`sasl_mechanisms` of a domain: those and no others, in this order', async () => {
  const options = { ...juliet, domain: 'limited.example' }
  const client = await openSecureStream(options)
  assert.deepEqual(offered(client), ['SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'])
  await fails(client, plain('\0juliet\0secret'), 'invalid-mechanism')
  await fails(client, Auth({ mechanism: 'SCRAM-SHA-512' }, b64(`n,,n=juliet,r=${nonce()}`)), 'invalid-mechanism')
  await client.authenticate('SCRAM-SHA-256-PLUS')
  await client.close()
})

test('`allowed_auth_methods`: a listener that no method of the domain may use lets nobody in', async () => {
  const client = await openSecureStream(optionsFor(server.at('nobody')))
  assert.deepEqual(offered(client), [])
  await fails(client, Auth({ mechanism: 'SCRAM-SHA-1' }, b64(`n,,n=juliet,r=${nonce()}`)), 'invalid-mechanism')
  await client.close()
})

test('`access` of a listener: a user whom the rule denies cannot log in there', async () => {
  const listener = server.at('closed')
  const allowed = await openSecureStream(optionsFor(listener, undefined, { username: 'juliet', password: 'secret' }))
  await allowed.authenticate()
  await allowed.close()
  const denied = await openSecureStream(optionsFor(listener, undefined, { username: 'romeo', password: 'montague' }))
  await assert.rejects(denied.authenticate(), { condition: 'not-authorized' })
  await denied.close()
})

test('RFC 6120 §6.4.5: after a failure the stream goes on for another try', async () => {
  const client = await openSecureStream(juliet)
  await fails(client, plain('\0juliet\0wrong'), 'not-authorized')
  await client.authenticate('SCRAM-SHA-512')
  await client.openStream()
  await client.bind('r')
  await client.close()
})

test('RFC 6120 §6.4.5: the third failure ends the stream', async () => {
  const client = await openSecureStream(juliet)
  for (let i = 0; i < 3; i++) await fails(client, plain('\0juliet\0wrong'), 'not-authorized')
  await expect(client).streamError('policy-violation')
})

test('RFC 6120 §6.4.4: a client may abort an exchange and begin another', async () => {
  const client = await openSecureStream(juliet)
  const challenge = await say(client, Auth({ mechanism: 'SCRAM-SHA-1' }, b64(`n,,n=juliet,r=${nonce()}`)))
  assert.equal(challenge.name, 'challenge')
  await fails(client, Abort(), 'aborted')
  await client.authenticate('SCRAM-SHA-1')
  await client.close()
})

test('RFC 6120 §6.4.2: without initial response the challenge is empty', async () => {
  const client = await openSecureStream(juliet)
  const challenge = await say(client, Auth({ mechanism: 'PLAIN' }))
  assert.equal(challenge.name, 'challenge')
  assert.ok(['', '='].includes(text(challenge)))
  assert.equal((await say(client, Response({}, b64('\0juliet\0secret')))).name, 'success')
  await client.openStream()
  await client.close()
})

test('RFC 6120 §6.5.8, §6.5.9: no base64, no mechanism, no exchange, no message', async () => {
  const cases: [Element, string][] = [
    [Auth({ mechanism: 'PLAIN' }, '!!!'), 'incorrect-encoding'],
    [Auth({ mechanism: 'PLAIN' }, 'AGp1bGlldABzZWNyZXQ'), 'incorrect-encoding'],
    [Auth({ mechanism: 'PLAIN' }, b64('no NUL')), 'malformed-request'],
    [Auth({ mechanism: 'PLAIN' }, Buffer.from([0, 0xff, 0, 0xff]).toString('base64')), 'malformed-request'],
    [plain('\0juliet\0'), 'malformed-request'],
    [plain('\0\0secret'), 'malformed-request'],
    [plain('\0juliet\0secret\0more'), 'malformed-request'],
    [Auth({ mechanism: 'NONSENSE' }), 'invalid-mechanism'],
    [Auth({}), 'invalid-mechanism'],
    [Response({}, b64('hello')), 'malformed-request'],
  ]
  for (const [element, condition] of cases) {
    const client = await openSecureStream(juliet)
    await fails(client, element, condition)
    await client.close()
  }
})

test('a second <auth/> in the middle of an exchange is refused, and ends the exchange', async () => {
  const client = await openSecureStream(juliet)
  await say(client, Auth({ mechanism: 'SCRAM-SHA-1' }, b64(`n,,n=juliet,r=${nonce()}`)))
  await fails(client, plain('\0juliet\0secret'), 'malformed-request')
  await fails(client, Response({}, b64('c=biws')), 'malformed-request')
  await client.close()
})

test('S28, RFC 6120 §6.3.8: the own address as authorization identity is taken, any other is not', async () => {
  const own = await openSecureStream(juliet)
  assert.equal((await say(own, plain('juliet@localhost\0juliet\0secret'))).name, 'success')
  await own.openStream()
  assert.equal((await own.bind('')).bare.toString(), 'juliet@localhost')
  await own.close()
  for (const authzid of [
    'romeo@localhost',
    'juliet@limited.example',
    'localhost',
    'romeo',
    'juliet@localhost/r',
    '@',
  ]) {
    const client = await openSecureStream(juliet)
    await fails(client, plain(`${authzid}\0juliet\0secret`), 'invalid-authzid')
    await client.close()
    const scram = await openSecureStream({ ...juliet, authzid })
    await assert.rejects(scram.authenticate('SCRAM-SHA-256'), { condition: 'invalid-authzid' })
    await scram.close()
  }
})

test('S29, RFC 5802 §6: a client that could bind the channel and was shown no -PLUS is refused', async () => {
  const client = await openSecureStream(juliet)
  await fails(client, Auth({ mechanism: 'SCRAM-SHA-256' }, b64(`y,,n=juliet,r=${nonce()}`)), 'not-authorized')
  await client.close()
  // Where no -PLUS is offered, the same message is fine.
  const open = await openSocket(optionsFor(server.at('open')))
  await open.openStream()
  const answer = await say(open, Auth({ mechanism: 'SCRAM-SHA-256' }, b64(`y,,n=juliet,r=${nonce()}`)))
  assert.equal(answer.name, 'challenge')
  await open.close()
})

test('RFC 9266 §3: a client that binds to the channel as TLS 1.3 has not is told so, and so is the log', async () => {
  const client = await openSecureStream(juliet)
  const ask = Auth({ mechanism: 'SCRAM-SHA-256-PLUS' }, b64(`p=tls-unique,,n=juliet,r=${nonce()}`))
  await fails(client, ask, 'not-authorized')
  await client.close()
  const reasons = server.log().filter(({ what }) => what === 'auth_failed')
  assert.ok(reasons.some(({ reason }) => /channel binding of an offered type/.test(String(reason))))
})

test('RFC 5802 §6: clients whose channel binding does not fit may go through all mechanisms, once', async () => {
  const client = await openSecureStream(juliet)
  const names = ['512', '384', '256', '224', '1'].map((bits) => `SCRAM-SHA-${bits}`)
  for (const [flag, plus] of [
    ['p=tls-unique', '-PLUS'],
    ['y', ''],
  ] as const)
    for (const name of names)
      await fails(client, Auth({ mechanism: name + plus }, b64(`${flag},,n=juliet,r=${nonce()}`)), 'not-authorized')
  await client.authenticate('PLAIN')
  await client.close()
  // S36: the same once more is an attempt like any other.
  const again = await openSecureStream(juliet)
  const ask = () => Auth({ mechanism: 'SCRAM-SHA-1-PLUS' }, b64(`p=tls-unique,,n=juliet,r=${nonce()}`))
  for (let times = 1; times <= 4; times++) await fails(again, ask(), 'not-authorized')
  await expect(again).streamError('policy-violation')
})

test('S29, XEP-0474 §5: the challenge has a digest of what was offered, which the client verifies', async () => {
  const client = await openSecureStream(juliet)
  const challenge = await say(client, Auth({ mechanism: 'SCRAM-SHA-256' }, b64(`n,,n=juliet,r=${nonce()}`)))
  assert.match(Buffer.from(text(challenge), 'base64').toString(), /,h=[A-Za-z0-9+/]+=*$/)
  await client.close()
})

test('S31: wrong GS2 headers, short nonces and unknown mandatory extensions', async () => {
  const binding = 'SCRAM-SHA-256-PLUS'
  const cases: [string, string][] = [
    ['SCRAM-SHA-256', `x,,n=juliet,r=${nonce()}`],
    ['SCRAM-SHA-256', `p=tls-exporter,,n=juliet,r=${nonce()}`],
    ['SCRAM-SHA-256', `n,juliet,n=juliet,r=${nonce()}`],
    ['SCRAM-SHA-256', `n,,n=juliet,r=short`],
    ['SCRAM-SHA-256', `n,,n=juliet`],
    ['SCRAM-SHA-256', `n,,m=x,n=juliet,r=${nonce()}`],
    ['SCRAM-SHA-256', `n,,n=ju=liet,r=${nonce()}`],
    [binding, `n,,n=juliet,r=${nonce()}`],
    [binding, `y,,n=juliet,r=${nonce()}`],
    [binding, `p=tls-unique,,n=juliet,r=${nonce()}`],
  ]
  for (const [mechanism, message] of cases) {
    const client = await openSecureStream(juliet)
    const answer = await say(client, Auth({ mechanism }, b64(message)))
    assert.equal(answer.name, 'failure', message)
    assert.ok(['not-authorized', 'malformed-request'].includes(errorCondition(answer)!), message)
    await client.authenticate(mechanism)
    await client.close()
  }
})

test('S31: another nonce, a cut proof, another binding in the last message', async () => {
  const proof = randomBytes(32).toString('base64')
  const lasts = [
    (r: string) => `c=biws,r=${r}x,p=${proof}`,
    (r: string) => `c=biws,r=${r},p=${proof.slice(0, 20)}`,
    (r: string) => `c=biws,r=${r}`,
    (r: string) => `c=eSws,r=${r},p=${proof}`,
    () => 'nonsense',
    () => '',
  ]
  for (const last of lasts) {
    const client = await openSecureStream(juliet)
    const challenge = await say(client, Auth({ mechanism: 'SCRAM-SHA-256' }, b64(`n,,n=juliet,r=${nonce()}`)))
    const r = /r=([^,]+)/.exec(Buffer.from(text(challenge), 'base64').toString())![1]!
    const answer = await say(client, Response({}, b64(last(r))))
    assert.equal(answer.name, 'failure')
    assert.ok(['not-authorized', 'malformed-request'].includes(errorCondition(answer)!))
    await client.authenticate('SCRAM-SHA-256')
    await client.close()
  }
})

/** What the server answers to the first message of SCRAM, without what is random in every exchange. */
async function challengeFor(username: string, domain = 'localhost') {
  const client = await openSecureStream({ ...juliet, domain })
  const mine = nonce()
  const first = await say(client, Auth({ mechanism: 'SCRAM-SHA-256' }, b64(`n,,n=${username},r=${mine}`)))
  const words = Buffer.from(text(first), 'base64').toString()
  const [, r, salt, iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(words)!
  assert.ok(r!.startsWith(mine))
  const last = await say(client, Response({}, b64(`c=biws,r=${r},p=${randomBytes(32).toString('base64')}`)))
  await client.close()
  const failure = { condition: errorCondition(last), words: errorDescription(last) }
  return {
    salt: salt!,
    shape: { iterations, saltBytes: Buffer.from(salt!, 'base64').length, length: r!.length },
    failure,
  }
}

test('S32: who does not exist is shown the same as who does: shape, iterations, failure, and always the same salt', async () => {
  for (const domain of ['localhost', 'limited.example']) {
    const known = await challengeFor('juliet', domain)
    const unknown = await challengeFor('nobody', domain)
    assert.deepEqual(unknown.shape, known.shape)
    assert.deepEqual(unknown.failure, known.failure)
    assert.equal((await challengeFor('nobody', domain)).salt, unknown.salt)
    assert.equal((await challengeFor('juliet', domain)).salt, known.salt)
    assert.notEqual((await challengeFor('nobody2', domain)).salt, unknown.salt)
  }
})

test('S32: PLAIN tells an unknown name, a name that cannot be, and a wrong password alike', async () => {
  const printed: string[] = []
  for (const message of ['\0juliet\0wrong', '\0nobody\0secret', '\0ju liet\0secret', '\0ju@liet\0secret']) {
    const client = await openSecureStream(juliet)
    const { name, ns, children } = await say(client, plain(message))
    printed.push(JSON.stringify({ name, ns, children }))
    await client.close()
  }
  assert.equal(new Set(printed).size, 1, printed.join('\n'))
})

test('S32: who does not exist is shown the same salt after a restart', async () => {
  const restarted = await startServer({ listeners: { open: { tls: 'none' } } })
  const shown = async (): Promise<string> => {
    const { host, port } = restarted.at('open')
    const raw = await openRaw({ host, port })
    raw.sendRaw(streamHeader(restarted))
    raw.sendRaw(`<auth xmlns='${SASL_NS}' mechanism='SCRAM-SHA-256'>${b64('n,,n=nobody,r=abcdefghijkl')}</auth>`)
    const [, challenge] = /<challenge[^>]*>([^<]+)</.exec((await raw.readUntil('</challenge>')).toString())!
    raw.destroy()
    return /s=.*$/.exec(Buffer.from(challenge!, 'base64').toString())![0]
  }
  const before = await shown()
  await restarted.restart()
  assert.equal(await shown(), before)
})

test('S37: passwords and messages beyond the limit of bytes before authentication', async () => {
  const { host, port } = server.at('open')
  const raw = await openRaw({ host, port })
  raw.sendRaw(streamHeader(server))
  await raw.readUntil('</stream:features>')
  raw.sendRaw(`<auth xmlns='${SASL_NS}' mechanism='PLAIN'>${'A'.repeat(1 << 20)}`)
  assert.match((await raw.readUntilClose()).toString(), /<policy-violation .*<\/stream:stream>$/)
  // Just below the limit it is an ordinary wrong password.
  const client = await openSecureStream(juliet)
  await fails(client, plain(`\0juliet\0${'x'.repeat(5000)}`), 'not-authorized')
  await client.close()
})

test('S90: no password of these tests stands in the log', () => {
  const printed = server.print()
  for (const secret of ['montague', b64('\0juliet\0secret')]) assert.ok(!printed.includes(secret))
})
