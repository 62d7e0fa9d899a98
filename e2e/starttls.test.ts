/** TLS on the three kinds of listeners, and without it (RFC 6120 §5, XEP-0368). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { connect, openSecureStream, openSocket, register } from '@meerkat/client'
import { Auth, errorCondition, Mechanism, Mechanisms, Response, StartTls, TlsRequired } from '@meerkat/protocol'
import { expect, openRaw, optionsFor, selfSigned, streamHeader } from '@meerkat/client/testing'
import { type Element, text } from '@meerkat/xml'
import { startServer } from './harness.ts'

/** What users of the listener `certified` have to show. */
const trusted = selfSigned('juliet')
const stranger = selfSigned('mallory')

const server = await startServer({
  modules: '[modules.mod_ping]\n[modules.mod_register]',
  files: { 'clients.pem': trusted.cert },
  listeners: {
    offered: { tls: 'starttls' },
    required: { tls: 'starttls_required' },
    direct: { tls: 'tls' },
    open: { tls: 'none' },
    clear: { tls: 'none', settings: 'allow_plain_without_tls = false' },
    modern: { tls: 'tls', tlsSettings: 'versions = ["tlsv1.3"]' },
    certified: { tls: 'starttls', tlsSettings: 'verify_mode = "peer"\ncacertfile = "clients.pem"' },
  },
})
await server.createUser('juliet', 'secret')

const account = { username: 'juliet', password: 'secret' }
const STARTTLS = `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`
const AUTH = `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${Buffer.from('\0juliet\0secret').toString('base64')}</auth>`

function mechanismsOf(features: Element | undefined): string[] {
  const offered = features && Mechanisms.in(features)
  return offered === undefined ? [] : Mechanism.all(offered).map(text)
}

async function featuresOf(name: string): Promise<Element> {
  const client = await openSocket(optionsFor(server.at(name)))
  const features = await client.openStream()
  await client.close()
  return features
}

/** Resolves with the version of TLS on which both sides agree. */
function handshake(name: string, options: ConnectionOptions): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const { host, port, ca, domain: servername } = server.at(name)
    const socket = connectTls({ host, port, ca, servername, ...options })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      resolve(socket.getProtocol())
      socket.destroy()
    })
  })
}

test('RFC 6120 §5.4: a client logs in on each kind of listener', async () => {
  for (const name of ['offered', 'required', 'direct', 'open', 'modern']) {
    const client = await connect(optionsFor(server.at(name), undefined, { ...account, resource: name }))
    assert.equal(client.jid.resource, name)
    await client.close()
  }
})

test('RFC 6120 §5.3.1: STARTTLS is offered beside SASL where it is voluntary', async () => {
  const features = await featuresOf('offered')
  assert.ok(StartTls.in(features))
  assert.equal(TlsRequired.in(StartTls.in(features)!), undefined)
  assert.ok(mechanismsOf(features).length > 0)
})

test('RFC 6120 §5.3.1: STARTTLS is offered alone, and as required, where it is', async () => {
  const features = await featuresOf('required')
  assert.ok(TlsRequired.in(StartTls.in(features)!))
  assert.equal(features.elements().length, 1)
})

test('RFC 6120 §5.4.3.3: STARTTLS is not offered again under TLS', async () => {
  for (const name of ['offered', 'required', 'direct']) {
    const client = await openSecureStream(optionsFor(server.at(name)))
    assert.equal(StartTls.in(client.features!), undefined)
    assert.ok(mechanismsOf(client.features).includes('PLAIN'))
    await client.close()
  }
})

test('RFC 6120 §5.4.2.2: STARTTLS on a listener without TLS fails and ends the stream', async () => {
  assert.equal(StartTls.in(await featuresOf('open')), undefined)
  const { host, port, domain } = server.at('open')
  const raw = await openRaw({ host, port })
  raw.sendRaw(streamHeader({ domain }) + STARTTLS)
  const answer = (await raw.readUntilClose()).toString()
  assert.match(answer, /<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'\/><\/stream:stream>$/)
})

test('RFC 6120 §5.4.2.2: STARTTLS under TLS fails as well', async () => {
  const client = await openSecureStream(optionsFor(server.at('offered')))
  client.sendRaw(STARTTLS)
  assert.ok((await client.waitForEnd()).clean)
})

test('RFC 6120 §6.5.5: authentication before the TLS that is required: encryption-required', async () => {
  for (const mechanism of ['PLAIN', 'SCRAM-SHA-256']) {
    const client = await openSocket(optionsFor(server.at('required'), undefined, account))
    await client.openStream()
    await assert.rejects(client.authenticate(mechanism), { name: 'SaslError', condition: 'encryption-required' })
    // the stream stays open: the client can still do what it should
    await client.startTls()
    await client.openStream()
    await client.authenticate(mechanism)
    await client.close()
  }
})

test('S26, RFC 6120 §13.9: without TLS, PLAIN is neither offered nor accepted; SCRAM is', async () => {
  for (const name of ['offered', 'clear']) {
    const client = await openSocket(optionsFor(server.at(name), undefined, account))
    const offered = mechanismsOf(await client.openStream())
    assert.ok(!offered.includes('PLAIN') && offered.includes('SCRAM-SHA-256'), offered.join())
    assert.ok(!offered.some((mechanism) => mechanism.endsWith('-PLUS')), 'no channel to bind to')
    client.sendRaw(AUTH)
    const answer = await client.receive()
    assert.equal(answer.name, 'failure')
    assert.equal(answer.elements()[0]?.name, 'encryption-required')
    await client.authenticate('SCRAM-SHA-256')
    await client.close()
  }
})

test('S26: without TLS, PLAIN is offered where the listener allows it', async () => {
  assert.ok(mechanismsOf(await featuresOf('open')).includes('PLAIN'))
})

test('S20: what stands in the clear behind <starttls/> in the same packet is not taken, and ends the connection', async () => {
  const { host, port, domain } = server.at('offered')
  for (const injected of [`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>x</auth>`, ' ', '<']) {
    const raw = await openRaw({ host, port })
    raw.sendRaw(streamHeader({ domain }) + STARTTLS + injected)
    const answer = (await raw.readUntilClose()).toString()
    assert.ok(!answer.includes('<proceed') && !answer.includes('<success'), answer)
  }
})

test('S20: clear text that comes behind <proceed/> is no TLS handshake and ends the connection', async () => {
  const { host, port, domain } = server.at('offered')
  const raw = await openRaw({ host, port })
  raw.sendRaw(streamHeader({ domain }) + STARTTLS)
  await raw.readUntil('<proceed')
  raw.sendRaw(streamHeader({ domain }))
  const answer = (await raw.readUntilClose()).toString()
  assert.equal(answer.split('<stream:features>').length, 2, 'no second features')
})

test('RFC 6120 §5.4.3.3: a login that began in the clear does not go on under TLS', async () => {
  const client = await openSocket(optionsFor(server.at('offered'), undefined, account))
  await client.openStream()
  client.send(Auth({ mechanism: 'SCRAM-SHA-256' }, Buffer.from('n,,n=juliet,r=clearclear').toString('base64')))
  assert.equal((await client.receive()).name, 'challenge')
  await client.startTls()
  await client.openStream()
  client.send(Response({}, Buffer.from('c=biws').toString('base64')))
  assert.equal(errorCondition(await client.receive()), 'malformed-request')
  await client.authenticate()
  await client.close()
})

test('S27: where TLS is required, no account is made before it', async () => {
  const client = await openSocket(optionsFor(server.at('required')))
  await client.openStream()
  client.sendRaw(
    `<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>x</username><password>y</password></query></iq>`,
  )
  await expect(client).streamError('not-authorized')
  await register(optionsFor(server.at('required'), undefined, { username: 'x', password: 'y' }))
})

test('S21, RFC 7590 §3.3: TLS 1.2 and 1.3 are spoken, 1.1 is not', async () => {
  assert.equal(await handshake('direct', {}), 'TLSv1.3')
  assert.equal(await handshake('direct', { maxVersion: 'TLSv1.2' }), 'TLSv1.2')
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  await assert.rejects(handshake('direct', old), { code: /TLSV1_ALERT_PROTOCOL_VERSION|ECONNRESET/ })
})

test('S21: a client cannot make the server negotiate TLS again', async () => {
  const { host, port, ca, domain: servername } = server.at('direct')
  const socket = connectTls({ host, port, ca, servername, maxVersion: 'TLSv1.2' })
  await once(socket, 'secureConnect')
  let renegotiated = false
  socket.on('error', () => {})
  socket.renegotiate({}, (error) => (renegotiated = error === null))
  await once(socket, 'close')
  assert.equal(renegotiated, false)
})

test('bytes that are no TLS, behind the handshake, end the connection', async () => {
  const { host, port, ca, domain: servername } = server.at('direct')
  const tcp = connectTcp({ host, port })
  const under = new Duplex({
    read() {},
    write: (chunk: Buffer, _encoding, done) => void tcp.write(chunk, () => done()),
  })
  tcp.on('data', (chunk: Buffer) => under.push(chunk))
  const closed = once(tcp, 'close')
  const tls = connectTls({ socket: under, ca, servername })
  tls.on('error', () => {})
  await once(tls, 'secureConnect')
  tls.write(streamHeader(server))
  assert.match(String(await once(tls, 'data')), /<stream:stream /)
  tcp.write(Buffer.concat([Buffer.from('1703030020', 'hex'), Buffer.alloc(32)]))
  await closed
})

test('the setting `versions` narrows what is spoken', async () => {
  assert.equal(await handshake('modern', {}), 'TLSv1.3')
  await assert.rejects(handshake('modern', { maxVersion: 'TLSv1.2' }))
})

test('XEP-0368 §4: a client of direct TLS that names xmpp-client is served', async () => {
  const client = await openSecureStream(optionsFor(server.at('direct'), undefined, account))
  assert.ok(client.settings.tlsOptions.ALPNProtocols)
  await client.close()
})

test('clear text on a listener for direct TLS ends the connection', async () => {
  const { host, port, domain } = server.at('direct')
  const raw = await openRaw({ host, port })
  raw.sendRaw(streamHeader({ domain }))
  assert.ok(!(await raw.readUntilClose()).includes('stream:features'))
})

test('`verify_mode = "peer"`: a client without a trusted certificate is refused, and one with it is served', async () => {
  const certified = server.at('certified')
  const client = await connect(optionsFor(certified, undefined, { ...account, tlsOptions: trusted }))
  await client.close()
  for (const tlsOptions of [{}, stranger]) {
    const refused = openSecureStream(optionsFor(certified, undefined, { ...account, tlsOptions }))
    await assert.rejects(refused)
  }
})

test('a broken handshake costs nobody else anything', async () => {
  const bystander = await connect(optionsFor(server.at('offered'), undefined, { ...account, resource: 'bystander' }))
  const raw = await openRaw({ host: server.host, port: server.at('direct').port })
  raw.sendRaw(Buffer.from('160301020001000000', 'hex'))
  raw.destroy()
  await raw.closed
  await expect(bystander).nothing()
  await bystander.close()
})
