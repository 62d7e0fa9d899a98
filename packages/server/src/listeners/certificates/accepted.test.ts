import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type ConnectionOptions, TLSSocket, connect, createSecureContext } from 'node:tls'
import { generate } from 'selfsigned'
import { acceptedCertificate, certificateProblem, isTrusted } from './accepted.ts'

const DAY = 86_400_000

interface Made {
  readonly key: string
  readonly cert: string
}

/** A certificate for two days, by an authority if one is given. */
async function issue(name: string, ca?: Made): Promise<Made> {
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - DAY),
    notAfterDate: new Date(Date.now() + DAY),
    extensions: [{ name: 'basicConstraints', cA: ca === undefined }],
    ...(ca !== undefined && { ca }),
  })
  return { key: made.private, cert: made.cert }
}

const root = await issue('root')
const good = await issue('good', root)
const own = await issue('own')

/** A server that judges nobody itself; `handshake` resolves with both ends. */
async function listener(t: TestContext) {
  const secureContext = createSecureContext({ ...root, ca: root.cert, sessionIdContext: 'test' })
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return async (options: ConnectionOptions) => {
    const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
    const [plain] = (await once(server, 'connection')) as [Socket]
    const socket = new TLSSocket(plain, { isServer: true, secureContext, requestCert: true, rejectUnauthorized: false })
    t.after(() => [client, socket].map((each) => each.destroy()))
    // Who takes up a session of TLS 1.2 gets no other one.
    const session = options.session === undefined ? once(client, 'session') : []
    await once(socket, 'secure')
    // What is read takes the client on to the tickets of TLS 1.3.
    client.resume()
    const [ticket] = (await session) as Buffer[]
    return { socket, session: ticket! }
  }
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  const versions = { minVersion: version, maxVersion: version }

  test(`${version}: a certificate is taken when its listener says so, and while it is in time`, async (t) => {
    const handshake = await listener(t)
    const { socket } = await handshake({ ...versions, ...good })
    assert.equal(acceptedCertificate(socket, Date.now()), undefined)
    socket.authorized = isTrusted(socket)
    assert.ok(acceptedCertificate(socket, Date.now()))
    for (const days of [2, -2]) assert.equal(acceptedCertificate(socket, Date.now() + days * DAY), undefined)
  })

  test(`S38: ${version}: the certificate of a session that is taken up again ends when it ends`, async (t) => {
    const handshake = await listener(t)
    const { session } = await handshake({ ...versions, ...good })
    const { socket } = await handshake({ ...versions, session })
    assert.ok(socket.isSessionReused())
    socket.authorized = isTrusted(socket)
    assert.ok(acceptedCertificate(socket, Date.now()))
    assert.equal(acceptedCertificate(socket, Date.now() + 2 * DAY), undefined)
  })

  test(`S38: ${version}: without a certificate nobody is trusted, not in a session that is taken up again either`, async (t) => {
    const handshake = await listener(t)
    const { socket, session } = await handshake(versions)
    const again = await handshake({ ...versions, session })
    assert.ok(again.socket.isSessionReused())
    for (const each of [socket, again.socket]) {
      assert.equal(certificateProblem(each), 'UNABLE_TO_GET_ISSUER_CERT')
      assert.equal(isTrusted(each, true), false)
    }
  })

  test(`${version}: one that has signed itself is taken only where that is wanted`, async (t) => {
    const handshake = await listener(t)
    const { socket } = await handshake({ ...versions, ...own })
    assert.deepEqual([isTrusted(socket), isTrusted(socket, true)], [false, true])
  })
}

test('a connection that is gone, or without TLS, has no certificate', async (t) => {
  const handshake = await listener(t)
  const { socket } = await handshake(good)
  socket.authorized = isTrusted(socket)
  socket.destroy()
  await once(socket, 'close')
  assert.equal(acceptedCertificate(socket, Date.now()), undefined)
  assert.equal(certificateProblem(socket), 'closed')
})
