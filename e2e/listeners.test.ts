/** Listeners of clients: several of a kind, on IPv6 too, and TLS sessions that are taken up again. */
import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls'
import { connectDevice, freshUser, openRaw, selfSigned, streamHeader } from '@meerkat/client/testing'
import { certificateFiles } from './config.ts'
import { startServer } from './harness.ts'

const trusted = selfSigned('juliet')
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
const skip = hasIpv6 ? false : 'this machine has no IPv6'

const IPV6 = `[[listen.c2s]]
port = 0
ip_address = "::1"
allow_plain_without_tls = true
[[listen.http]]
port = 0
ip_address = "::1"
[[listen.http.handlers.meerkat_health_handler]]
host = "_"
path = "/health"`

const server = await startServer({
  files: { 'clients.pem': trusted.cert },
  listeners: {
    direct: { tls: 'tls' },
    another: { tls: 'tls' },
    certified: { tls: 'tls', tlsSettings: 'verify_mode = "peer"\ncacertfile = "clients.pem"' },
    open: { tls: 'none', settings: 'access = "all"' },
  },
  extra: hasIpv6 ? IPV6 : '',
})

/** A TLS session that a client may take up again, and whether it has. */
interface Visit {
  readonly session: Buffer
  readonly reused: boolean
}

/** Opens a stream over TLS, as it may be with a session from before. */
function visit(name: string, options: ConnectionOptions = {}): Promise<Visit> {
  // A ticket is good at the node that gave it.
  const { host, port, ca, domain: servername } = server.at(name, 0)
  const { promise, resolve, reject } = Promise.withResolvers<Visit>()
  const socket: TLSSocket = connect({ host, port, ca, servername, ...options })
  // Who has one does not always get another.
  let { session } = options
  socket.on('session', (given) => (session = given))
  socket.once('error', reject)
  socket.write(streamHeader(server))
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    if (!text.includes('</stream:features>')) return
    const reused = socket.isSessionReused()
    if (session === undefined) reject(new Error('there was no ticket'))
    else resolve({ session, reused })
    socket.destroy()
  })
  socket.once('close', () => reject(new Error(`the server closed the connection after ${JSON.stringify(text)}`)))
  return promise
}

const CLIENT = { cert: trusted.cert, key: trusted.key }

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  const only = { minVersion: version, maxVersion: version }

  test(`RFC 8446 §2.2, RFC 5077: a client takes up its session of ${version} again`, async () => {
    const first = await visit('direct', only)
    assert.equal(first.reused, false)
    assert.equal((await visit('direct', { ...only, session: first.session })).reused, true)
  })

  test(`a session of ${version} is good for the listener that gave it, and for no other`, async () => {
    const { session } = await visit('direct', only)
    assert.equal((await visit('another', { ...only, session })).reused, false)
  })

  test(`a session of ${version} where clients show certificates is taken up by who has shown one`, async () => {
    const { session } = await visit('certified', { ...only, ...CLIENT })
    assert.equal((await visit('certified', { ...only, ...CLIENT, session })).reused, true)
    const { session: elsewhere } = await visit('direct', only)
    await assert.rejects(visit('certified', { ...only, session: elsewhere }))
  })

  test(`S43: no session of ${version} outlives its certificate`, async () => {
    const replaced = await startServer({ listeners: { direct: { tls: 'tls' } } })
    const { host, port } = replaced.at('direct')
    const target = { host, port, ...only }
    const before = await visit('direct', { ...target, ca: replaced.ca })
    const next = selfSigned('localhost', '127.0.0.1')
    replaced.write(certificateFiles(next))
    let after = await visit('direct', { ...target, rejectUnauthorized: false, session: before.session })
    // Files are looked at every few seconds.
    while (after.reused) {
      await new Promise((resolve) => setTimeout(resolve, 200))
      after = await visit('direct', { ...target, rejectUnauthorized: false, session: before.session })
    }
    const fresh = await visit('direct', { ...target, ca: next.cert })
    assert.equal((await visit('direct', { ...target, ca: next.cert, session: fresh.session })).reused, true)
  })
}

test('several listeners for clients, each on its own port', async () => {
  const names = ['direct', 'another', 'certified', 'open'] as const
  assert.equal(new Set(names.map((name) => server.at(name).port)).size, names.length)
  const user = await freshUser(server, 'juliet')
  for (const name of ['another', 'open'] as const) await (await connectDevice(server.at(name), user)).close()
})

test('clients and HTTP on an address of IPv6', { skip }, async () => {
  const port = Number(/^ +XMPP clients +\[::1\]:(\d+) /m.exec(server.stdout)?.[1])
  const raw = await openRaw({ host: '::1', port })
  raw.sendRaw(streamHeader(server))
  await raw.readUntil('</stream:features>')
  raw.destroy()
  const url = /^ +Alive\? +(http:\/\/\[::1\]:\d+\/health)$/m.exec(server.stdout)?.[1] ?? assert.fail(server.stdout)
  assert.equal((await fetch(url)).status, 200)
})
