/** SASL EXTERNAL: users whose certificates open their accounts (XEP-0178 §2, RFC 6120 §6.3.4), and who else does not get in. */
import assert from 'node:assert/strict'
import { request } from 'node:https'
import { describe, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { type Client, connect, openSecureStream } from '@meerkat/client'
import {
  ownCertificate,
  openRaw,
  optionsFor,
  selfSigned,
  type TestCertificate,
  TestAuthority,
} from '@meerkat/client/testing'
import { Mechanism, Mechanisms } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import { bodyOf } from './bosh-client.ts'
import { CERTIFICATE_FILE, KEY_FILE } from './config.ts'
import { startServer } from './harness.ts'
import { frame, openFrame, upgradeRequest } from './web-socket.ts'

const authority = new TestAuthority()
const stranger = new TestAuthority('Another authority')

const juliet = authority.issue({ xmppAddresses: ['juliet@localhost'], purpose: 'client' })
/** As good as hers, but for a list that says otherwise. */
const lost = authority.issue({ xmppAddresses: ['juliet@localhost'] })

const CERTIFIED = `cacertfile = "clients.pem"\nverify_mode = "peer"`
/** Many logins fail here, and none should wait for that. */
const settings = 'pre_auth.max_failures_per_ip = "infinity"'

const hostText = (host: string, more: string, method = 'internal'): string => `
[[host_config]]
host = "${host}"
[host_config.auth]
methods = ["${method}"]
${more}
[host_config.auth.${method}]`

const server = await startServer({
  domains: ['localhost', 'named.example', 'dressed.example', 'asked.example', 'usual.example', 'pki.example'],
  files: { 'clients.pem': authority.cert, 'revoked.crl': authority.revoke(lost) },
  listeners: {
    starttls: { tls: 'starttls', settings, tlsSettings: `${CERTIFIED}\ndisconnect_on_failure = false` },
    direct: { tls: 'tls', settings, tlsSettings: `${CERTIFIED}\ndisconnect_on_failure = false` },
    strict: { tls: 'tls', settings, tlsSettings: CERTIFIED },
    own: { tls: 'tls', settings, tlsSettings: 'cacertfile = "clients.pem"\nverify_mode = "selfsigned_peer"' },
    unasked: { tls: 'tls', settings },
    other: { tls: 'tls', settings: `${settings}\nallowed_auth_methods = ["rdbms"]`, tlsSettings: CERTIFIED },
    listed: { tls: 'tls', settings, tlsSettings: `${CERTIFIED}\ncrl_files = ["revoked.crl"]` },
    closed: { tls: 'tls', settings: `${settings}\naccess = "nobody"`, tlsSettings: CERTIFIED },
  },
  auth: 'sasl_mechanisms = ["external", "scram_sha256_plus", "scram_sha256", "plain"]',
  access: 'nobody = []',
  extra: `[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[listen.http.tls]
${CERTIFIED}
disconnect_on_failure = false
certfile = "${CERTIFICATE_FILE}"
keyfile = "${KEY_FILE}"
[[listen.http.handlers.mongoose_websocket_handler]]
host = "_"
path = "/ws-xmpp"
[[listen.http.handlers.mongoose_bosh_handler]]
host = "_"
path = "/http-bind"
[services.service_bosh]
${hostText('named.example', 'sasl_mechanisms = ["external"]\nsasl_external = ["standard", "common_name"]')}
${hostText('dressed.example', 'sasl_mechanisms = ["external"]\nsasl_external = ["common_name"]\nsasl_external_common_name = { prefix = "user_", suffix = "-test" }')}
${hostText('asked.example', 'sasl_mechanisms = ["external"]\nsasl_external = ["standard", "auth_id"]')}
${hostText('usual.example', '')}
${hostText('pki.example', 'sasl_mechanisms = ["external", "plain"]\nsasl_external = ["standard", "common_name"]', 'pki')}`,
})
await Promise.all([
  server.createUser('juliet', 'secret'),
  server.createUser('nurse', 'secret'),
  server.createUser('john', 'secret', 'named.example'),
  server.createUser('admin', 'secret', 'named.example'),
  server.createUser('user_john-test', 'secret', 'dressed.example'),
  server.createUser('mike', 'secret', 'asked.example'),
  server.createUser('juliet', 'secret', 'usual.example'),
])

const both = authority.issue({ xmppAddresses: ['juliet@localhost', 'nurse@localhost'] })
const john = authority.issue({ commonNames: ['john'] })

/** How a client comes. */
interface Coming {
  readonly at?: string
  readonly domain?: string
  readonly authzid?: string | undefined
  readonly tls?: Readonly<Record<string, unknown>>
}

const optionsOf = (certificate: TestCertificate | undefined, { at = 'starttls', domain, authzid, tls }: Coming = {}) =>
  optionsFor(server.at(at), undefined, {
    ...(domain !== undefined && { domain }),
    authzid,
    // The certificate of the server is for localhost; that is not what these tests are about.
    tlsOptions: {
      servername: 'localhost',
      ...(certificate && { cert: certificate.cert, key: certificate.key }),
      ...tls,
    },
  })

/** A client up to the offer of mechanisms. */
const arrives = (certificate?: TestCertificate, coming?: Coming): Promise<Client> =>
  openSecureStream(optionsOf(certificate, coming))

/** The address with which a client gets in. */
async function entersAs(certificate: TestCertificate, coming?: Coming): Promise<string> {
  const client = await connect(optionsOf(certificate, coming))
  await client.close()
  return client.jid.bare.toString()
}

/** Why EXTERNAL does not let a client in; it may try again. */
async function refused(certificate: TestCertificate | undefined, coming?: Coming): Promise<string> {
  const client = await arrives(certificate, coming)
  const error: unknown = await client.authenticate('EXTERNAL').then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof Error && 'condition' in error, 'EXTERNAL let the client in')
  assert.equal(client.ended, undefined)
  await client.close()
  return String(error.condition)
}

const offered = (client: Client): string[] => Mechanism.all(Mechanisms.in(client.features!)!).map(text)

async function isOffered(certificate?: TestCertificate, coming?: Coming): Promise<boolean> {
  const client = await arrives(certificate, coming)
  await client.close()
  return offered(client).includes('EXTERNAL')
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
  for (const at of ['starttls', 'direct', 'strict'])
    test(`XEP-0178 §2: a certificate with one address logs in, ${at}, ${version}`, async () => {
      const tls = { minVersion: version, maxVersion: version }
      assert.equal(await entersAs(juliet, { at, tls }), 'juliet@localhost')
    })

test('RFC 6120 §6.3.4: EXTERNAL is offered, where it stands in the configuration, to whom has shown a certificate', async () => {
  const client = await arrives(juliet)
  assert.deepEqual(offered(client), ['EXTERNAL', 'SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN'])
  await client.close()
  assert.equal(await isOffered(), false)
  assert.equal(await isOffered(juliet, { at: 'unasked' }), false, 'nobody asked for it')
  assert.equal(await isOffered(juliet, { domain: 'usual.example' }), false, 'sasl_mechanisms is not set')
})

test('a certificate changes nothing for who logs in with a password, and -PLUS binds as ever', async () => {
  for (const mechanism of ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN']) {
    const options = { ...optionsOf(juliet), username: 'nurse', password: 'secret', mechanism }
    const client = await connect(options)
    assert.equal(client.jid.local, 'nurse')
    await client.close()
  }
})

test('XEP-0178 §2: with one address nobody is asked for, with several one of them is', async () => {
  assert.equal(await refused(juliet, { authzid: 'juliet@localhost' }), 'invalid-authzid')
  assert.equal(await entersAs(both, { authzid: 'nurse@localhost' }), 'nurse@localhost')
  assert.equal(await refused(both), 'invalid-authzid')
  assert.equal(await refused(both, { authzid: 'romeo@localhost' }), 'not-authorized')
})

test('S38: an address of another domain, of nobody, or with more than a name', async () => {
  for (const address of [
    'juliet@named.example',
    'juliet@*',
    '*@localhost',
    'juliet@localhost\0.example',
    'romeo@localhost',
  ])
    assert.equal(await refused(authority.issue({ xmppAddresses: [address] })), 'not-authorized', address)
  const hosts = authority.issue({ hosts: ['localhost', '*.localhost', 'juliet@localhost'] })
  assert.equal(await refused(hosts), 'not-authorized')
})

test('S38: who was removed does not get in by a certificate that is still good', async () => {
  const romeo = authority.issue({ xmppAddresses: ['romeo@localhost'] })
  await server.createUser('romeo', 'secret')
  assert.equal(await entersAs(romeo), 'romeo@localhost')
  await server.deleteUser('romeo')
  assert.equal(await refused(romeo), 'not-authorized')
})

/** Certificates that nobody should take. */
const bad: Readonly<Record<string, TestCertificate>> = {
  'that has ended': authority.issue({ xmppAddresses: ['juliet@localhost'], until: '210101000000Z' }),
  'that has not begun': authority.issue({ xmppAddresses: ['juliet@localhost'], from: '480101000000Z' }),
  'of another authority': stranger.issue({ xmppAddresses: ['juliet@localhost'] }),
  'that has signed itself': ownCertificate({ xmppAddresses: ['juliet@localhost'] }),
  'that is for servers': authority.issue({ xmppAddresses: ['juliet@localhost'], purpose: 'server' }),
  'with a critical extension that nobody knows': authority.issue({
    xmppAddresses: ['juliet@localhost'],
    critical: true,
  }),
}
for (const [what, certificate] of Object.entries(bad))
  test(`S38: a certificate ${what} opens nothing`, async () => {
    for (const at of ['starttls', 'direct']) {
      assert.equal(await isOffered(certificate, { at }), false)
      assert.equal(await refused(certificate, { at }), 'invalid-mechanism')
    }
    await assert.rejects(arrives(certificate, { at: 'strict' }))
  })

test('S38: a revoked certificate opens nothing where the list of revoked ones is known', async () => {
  assert.equal(await entersAs(juliet, { at: 'listed' }), 'juliet@localhost')
  assert.equal(await entersAs(lost, { at: 'strict' }), 'juliet@localhost')
  await assert.rejects(arrives(lost, { at: 'listed' }))
})

test('disconnect_on_failure: who shows no certificate is refused at once', async () => {
  for (const at of ['strict', 'own']) await assert.rejects(arrives(undefined, { at }))
})

describe('verify_mode = "selfsigned_peer"', () => {
  test('takes a certificate that has signed itself, and one of the authority', async () => {
    for (const certificate of [juliet, ownCertificate({ xmppAddresses: ['juliet@localhost'] })])
      assert.equal(await entersAs(certificate, { at: 'own' }), 'juliet@localhost')
  })

  test('S38: takes no other one', async () => {
    const past = ownCertificate({ xmppAddresses: ['juliet@localhost'], until: '210101000000Z' })
    const { 'that has signed itself': _, ...others } = bad
    for (const certificate of [past, ...Object.values(others)])
      await assert.rejects(arrives(certificate, { at: 'own' }))
  })
})

describe('sasl_external', () => {
  test('common_name: the name of an account', async () => {
    const domain = 'named.example'
    for (const authzid of [undefined, 'john@named.example'])
      assert.equal(await entersAs(john, { domain, authzid }), 'john@named.example')
    assert.equal(await refused(john, { domain, authzid: 'admin@named.example' }), 'invalid-authzid')
    assert.equal(await refused(authority.issue({ commonNames: ['nobody'] }), { domain }), 'not-authorized')
    assert.equal(await refused(john), 'not-authorized', 'where only addresses count')
  })

  test('sasl_external_common_name: with a prefix and a suffix', async () => {
    assert.equal(await entersAs(john, { domain: 'dressed.example' }), 'user_john-test@dressed.example')
  })

  test('S38: a common name that is put into another part of the subject, or comes twice', async () => {
    const domain = 'named.example'
    const injected = authority.issue({ unit: 'CN=admin,', commonNames: ['john'] })
    assert.equal(await entersAs(injected, { domain }), 'john@named.example')
    assert.equal(await refused(injected, { domain, authzid: 'admin@named.example' }), 'invalid-authzid')
    for (const commonNames of [['admin\0'], ['admin, CN=john'], ['john', 'admin'], ['admin@named.example']])
      assert.equal(await refused(authority.issue({ commonNames }), { domain }), 'not-authorized')
  })

  test('auth_id: whoever is asked for', async () => {
    const coming = { domain: 'asked.example', authzid: 'mike@asked.example' }
    assert.equal(await entersAs(john, coming), 'mike@asked.example')
    assert.equal(await refused(undefined, coming), 'invalid-mechanism')
    assert.equal(await refused(john, { ...coming, authzid: 'juliet@localhost' }), 'not-authorized')
  })
})

test('[auth.pki]: whoever has a certificate is a user, and nobody has a password', async () => {
  const domain = 'pki.example'
  const romeo = authority.issue({ xmppAddresses: ['romeo@pki.example'] })
  for (const [certificate, user] of [
    [romeo, 'romeo@pki.example'],
    [john, 'john@pki.example'],
  ] as const)
    assert.equal(await entersAs(certificate, { domain }), user)
  const client = await arrives(romeo, { domain })
  assert.deepEqual(offered(client), ['EXTERNAL'])
  await client.close()
  await assert.rejects(server.createUser('juliet', 'secret', domain))
  await server.deleteUser('romeo', domain)
  assert.equal(await entersAs(romeo, { domain }), 'romeo@pki.example')
})

test('RFC 6120 §4.7.1: whom the stream header names must be whom the certificate names', async () => {
  const client = await arrives(juliet, { at: 'direct' })
  const other = await openSecureStream({ ...optionsOf(juliet, { at: 'direct' }), username: 'nurse' })
  await client.authenticate('EXTERNAL')
  await client.close()
  await assert.rejects(other.authenticate('EXTERNAL'), /invalid-from/)
})

test('allowed_auth_methods and access hold for certificates, too', async () => {
  assert.equal(await isOffered(juliet, { at: 'other' }), false)
  assert.equal(await refused(juliet, { at: 'closed' }), 'not-authorized')
})

describe('S38: TLS sessions that are taken up again', () => {
  /** Where each handshake goes to the same process. */
  const fixed = (at: string): Coming & { readonly port: number } => ({ at, port: server.at(at).port })

  /** A client, and what it needs to take its TLS session up. */
  async function session(certificate: TestCertificate | undefined, port: number, at: string, tls: Coming['tls']) {
    const client = await openSecureStream({ ...optionsOf(certificate, { at, ...(tls && { tls }) }), port })
    const socket = client.socket as TLSSocket
    return { client, session: socket.getSession(), isReused: socket.isSessionReused() }
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const versions = { minVersion: version, maxVersion: version }

    test(`${version}: have the certificate with which they began, whatever is shown later`, async () => {
      const { at, port } = fixed('direct')
      const first = await session(juliet, port, at!, versions)
      await first.client.close()
      for (const certificate of [undefined, both, juliet]) {
        const next = await session(certificate, port, at!, { ...versions, session: first.session })
        assert.equal(next.isReused, true)
        await next.client.authenticate('EXTERNAL')
        await next.client.openStream()
        assert.equal((await next.client.bind()).bare.toString(), 'juliet@localhost')
        await next.client.close()
      }
    })

    test(`${version}: have none when they began without one, or with one that is not taken`, async () => {
      const { at, port } = fixed('direct')
      for (const certificate of [undefined, ...Object.values(bad)]) {
        const first = await session(certificate, port, at!, versions)
        await first.client.close()
        const next = await session(juliet, port, at!, { ...versions, session: first.session })
        assert.equal(next.isReused, true)
        assert.ok(!offered(next.client).includes('EXTERNAL'))
        await next.client.close()
      }
    })

    test(`${version}: are worth nothing on another listener`, async () => {
      const [own, direct] = [fixed('own'), fixed('direct')]
      const mine = ownCertificate({ xmppAddresses: ['juliet@localhost'] })
      const first = await session(mine, own.port, 'own', versions)
      await first.client.close()
      const next = await session(undefined, direct.port, 'direct', { ...versions, session: first.session })
      assert.equal(next.isReused, false)
      assert.ok(!offered(next.client).includes('EXTERNAL'))
      await next.client.close()
    })
  }
})

describe('over HTTP', () => {
  const portOf = (path: string): number => Number(new RegExp(`:(\\d+)${path}$`, 'm').exec(server.stdout)![1])
  const AUTH = `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>`

  test('RFC 7395: a WebSocket has the certificate of its connection', async () => {
    const tries = { success: juliet, 'invalid-mechanism': bad['that has ended'], 'invalid-mechanism ': undefined }
    for (const [answer, certificate] of Object.entries(tries)) {
      const tls = { ca: server.ca, servername: 'localhost', ...certificate }
      const raw = await openRaw({ host: server.host, port: portOf('/ws-xmpp'), tls })
      raw.sendRaw(upgradeRequest('localhost', '/ws-xmpp'))
      await raw.readUntil('\r\n\r\n')
      raw.sendRaw(frame(openFrame('localhost')))
      assert.equal((await raw.readUntil('</mechanisms>')).includes('EXTERNAL'), answer === 'success')
      raw.sendRaw(frame(AUTH))
      await raw.readUntil(`<${answer.trim()}`)
      raw.destroy()
    }
  })

  test('XEP-0206: a BOSH session has the certificate of the connection that began it', async () => {
    const post = (certificate: TestCertificate | undefined, body: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const options = { host: server.host, port: portOf('/http-bind'), path: '/http-bind', method: 'POST' }
        const tls = { ca: server.ca, servername: 'localhost', agent: false as const, ...certificate }
        const asked = request({ ...options, ...tls }, (response) => {
          let words = ''
          response.setEncoding('utf8').on('data', (part: string) => (words += part))
          response.on('end', () => resolve(words))
        })
        asked.on('error', reject)
        asked.end(body)
      })
    const begin = bodyOf({ rid: 1, to: 'localhost', hold: 1, wait: 5, ver: '1.6', 'xmpp:version': '1.0' })
    for (const certificate of [juliet, bad['that has ended'], undefined]) {
      const begun = await post(certificate, begin)
      const sid = /sid='([^']+)'/.exec(begun)![1]!
      assert.equal(begun.includes('<mechanism>EXTERNAL<'), certificate === juliet)
      const answer = await post(undefined, bodyOf({ rid: 2, sid }, AUTH))
      assert.match(answer, certificate === juliet ? /<success/ : /<invalid-mechanism/)
    }
  })
})

test('a certificate for servers, shown by a server that comes as a client, is refused', async () => {
  const { cert, key } = selfSigned('localhost')
  assert.equal(await isOffered({ cert, key }), false)
})
