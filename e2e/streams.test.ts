/** Streams (RFC 6120 §4): headers, negotiation in any cut of bytes, errors and the end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, openSecureStream, openSocket } from '@meerkat/client'
import { expect, openRaw, optionsFor, type RawConnection, sendPieces, streamHeader } from '@meerkat/client/testing'
import { startServer } from './harness.ts'

const server = await startServer({ domains: ['localhost', 'other.example'] })
const open = server.at('open')
await server.createUser('juliet', 'secret')

const juliet = optionsFor(server, undefined, { username: 'juliet', password: 'secret' })
const PLAIN = Buffer.from('\0juliet\0secret').toString('base64')
const AUTH = `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${PLAIN}</auth>`
const BIND = `<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>`

/** Sends text on a fresh connection without TLS and resolves with all that comes until the server closes it. */
async function answerTo(text: string | Uint8Array): Promise<string> {
  const raw = await openRaw({ host: open.host, port: open.port })
  raw.sendRaw(text)
  return (await raw.readUntilClose()).toString()
}

/** A connection on which the stream is open. */
async function opened(): Promise<RawConnection> {
  const raw = await openRaw({ host: open.host, port: open.port })
  raw.sendRaw(streamHeader(open))
  await raw.readUntil('</stream:features>')
  return raw
}

function header(attributes: string): string {
  return `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' ${attributes}>`
}

/** The one shape of a stream that ends with an error: header, error, end. */
function assertStreamError(answer: string, condition: string, from = 'localhost'): void {
  assert.match(answer, /^<\?xml version='1\.0'\?><stream:stream [^>]*>/)
  assert.ok(answer.includes(` from='${from}'`), answer)
  const error = new RegExp(
    `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>(<text[^>]*>[^<]*</text>)?</stream:error></stream:stream>$`,
  )
  assert.match(answer, error)
}

test('RFC 6120 §4.7: the header of the answer has from, id and version, and to when the client said who it is', async () => {
  const raw = await openRaw({ host: open.host, port: open.port })
  raw.sendRaw(header(`to='localhost' from='juliet@localhost' version='1.0'`))
  const answer = (await raw.readUntil('</stream:features>')).toString()
  const attributes = /<stream:stream ([^>]*)>/.exec(answer)![1]!
  for (const wanted of [`from='localhost'`, `to='juliet@localhost'`, `version='1.0'`, `xml:lang='en'`])
    assert.ok(attributes.includes(wanted), `${wanted} in ${attributes}`)
  // RFC 6120 §4.7.3: ids are unique and unpredictable
  const id = /id='([0-9a-f]+)'/.exec(attributes)![1]!
  assert.ok(id.length >= 32)
  raw.destroy()
  const other = await opened()
  assert.ok(!other.received.toString().includes(id))
  other.destroy()
})

test('RFC 6120 §4.9.1.2: what is no XMPP at all is answered in the name of the default domain', async () => {
  for (const text of ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', '<html>', '\u0016\u0003\u0001'])
    assert.match(
      await answerTo(text),
      /^<\?xml[^>]*><stream:stream [^>]*from='localhost'[^>]*><stream:error>.*<\/stream:stream>$/,
    )
})

test('`hide_service_name`: without a domain that is served, the connection is closed without a word', async () => {
  const silent = await startServer({ general: 'hide_service_name = true', listeners: { open: { tls: 'none' } } })
  const { host, port } = silent.at('open')
  for (const text of ['GET / HTTP/1.1\r\n\r\n', header(`to='nowhere.example' version='1.0'`)]) {
    const raw = await openRaw({ host, port })
    raw.sendRaw(text)
    assert.equal((await raw.readUntilClose()).toString(), '')
  }
  const raw = await openRaw({ host, port })
  raw.sendRaw(`${streamHeader(silent)}<presence/>`)
  assert.match((await raw.readUntilClose()).toString(), /<not-authorized .*<\/stream:stream>$/)
})

test('RFC 6120 §4.9.1.2: an error in the header is answered behind a header of the default domain', async () => {
  assertStreamError(await answerTo(header(`to='nowhere.example' version='1.0'`)), 'host-unknown')
})

test('S17, RFC 6120 §4.9.3.6: an unknown domain, without a list of the known ones', async () => {
  const answer = await answerTo(header(`to='nowhere.example' version='1.0'`))
  assertStreamError(answer, 'host-unknown')
  assert.ok(!answer.includes('other.example'))
})

test('S17: a missing `to`', async () => {
  assertStreamError(await answerTo(header(`version='1.0'`)), 'host-unknown')
})

test('RFC 6120 §4.7.2: each served domain answers as itself, whatever the case of the letters', async () => {
  const client = await openSocket({ ...optionsFor(open), domain: 'other.example' })
  await client.openStream({ to: 'OTHER.example' })
  await client.close()
  assertStreamError(
    await answerTo(`${header(`to='other.example' version='1.0'`)}<presence/>`).then((answer) =>
      answer.replace(/<stream:features>.*<\/stream:features>/, ''),
    ),
    'not-authorized',
    'other.example',
  )
})

test('S17, RFC 6120 §4.8: wrong namespaces', async () => {
  const cases = [
    `<stream:stream xmlns='jabber:client' xmlns:stream='urn:other' to='localhost' version='1.0'>`,
    `<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`,
    `<stream:stream xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`,
    `<stream xmlns='jabber:client' to='localhost' version='1.0'>`,
    `<stream:other xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`,
  ]
  for (const text of cases) assertStreamError(await answerTo(text), 'invalid-namespace')
})

test('RFC 6120 §4.8.5: another prefix for the namespace of streams is understood', async () => {
  const raw = await openRaw({ host: open.host, port: open.port })
  raw.sendRaw(
    `<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`,
  )
  await raw.readUntil('</stream:features>')
  raw.sendRaw('</s:stream>')
  await raw.readUntilClose()
})

test('S17, RFC 6120 §4.9.3.25: versions below 1.0, none, and nonsense; later ones are taken', async () => {
  for (const version of ['', `version='0.9'`, `version='one'`, `version=''`])
    assertStreamError(await answerTo(header(`to='localhost' ${version}`)), 'unsupported-version')
  const raw = await openRaw({ host: open.host, port: open.port })
  raw.sendRaw(header(`to='localhost' version='1.1'`))
  await raw.readUntil('</stream:features>')
  raw.destroy()
})

test('S16: another `to` on the stream after TLS or after authentication', async () => {
  const client = await openSecureStream(juliet)
  await client.authenticate()
  client.sendRaw(header(`to='other.example' version='1.0'`))
  await expect(client).streamError('host-unknown')

  const early = await openSocket(juliet)
  await early.openStream()
  await early.startTls()
  early.sendRaw(header(`to='other.example' version='1.0'`))
  await expect(early).streamError('host-unknown')
})

test('RFC 6120 §4.7.1: a client that says it is another than who it proves to be: invalid-from', async () => {
  const lying = await openSecureStream(juliet)
  await lying.authenticate()
  lying.sendRaw(header(`to='localhost' from='romeo@localhost' version='1.0'`))
  await expect(lying).streamError('invalid-from')

  const answer = await answerTo(header(`to='localhost' from='romeo@localhost' version='1.0'`) + AUTH)
  assert.ok(!answer.includes('<success'), 'refused before success')
  assert.match(answer, /<invalid-from /)
})

const NOT_AUTHORIZED = `<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`

test('S18, RFC 6120 §4.9.3.12: a stanza before authentication', async () => {
  for (const stanza of [
    '<presence/>',
    `<message to='juliet@localhost'><body>hi</body></message>`,
    BIND,
    `<iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`,
    `<iq type='result' id='1'/>`,
    `<something xmlns='urn:unknown'/>`,
  ]) {
    const raw = await opened()
    raw.sendRaw(stanza)
    const answer = (await raw.readUntilClose()).toString()
    assert.ok(answer.endsWith(NOT_AUTHORIZED), answer)
  }
})

test('S18, RFC 6120 §7.1: a stanza after authentication and before binding', async () => {
  for (const stanza of [
    '<presence/>',
    `<message to='juliet@localhost'/>`,
    `<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>`,
  ]) {
    const client = await openSecureStream(juliet)
    await client.authenticate()
    await client.openStream()
    client.sendRaw(stanza)
    await expect(client).streamError('not-authorized')
  }
})

test('S1, RFC 6120 §11.1: a document type declaration, before and inside the stream', async () => {
  const before = `<!DOCTYPE stream:stream [<!ENTITY x SYSTEM "file:///etc/passwd">]>${streamHeader(open)}`
  assertStreamError(await answerTo(before.replace(`<?xml version='1.0'?>`, '')), 'restricted-xml')
  const inside = await answerTo(`${streamHeader(open)}<!DOCTYPE x [<!ENTITY y 'z'>]>`)
  assert.match(inside, /<restricted-xml /)
})

test('S2: entities other than the five of XML', async () => {
  const answer = await answerTo(`${streamHeader(open)}<message><body>&lol;</body></message>`)
  assert.match(answer, /<(restricted-xml|not-well-formed) /)
  assert.match(answer, /<\/stream:stream>$/)
})

test('S4, RFC 6120 §11.1: comments and processing instructions', async () => {
  for (const forbidden of ['<!-- comment -->', '<?php echo 1 ?>', '<message><body>a<!-- x -->b</body></message>']) {
    assert.match(await answerTo(streamHeader(open) + forbidden), /<restricted-xml .*<\/stream:stream>$/)
  }
})

test('S11, RFC 6120 §11.5: bytes that are no UTF-8, and characters that XML does not have', async () => {
  const start = Buffer.from(`${streamHeader(open)}<message><body>`)
  const bad: Record<string, number[]> = {
    'overlong slash': [0xc0, 0xaf],
    surrogate: [0xed, 0xa0, 0x80],
    'continuation alone': [0x80],
    'beyond U+10FFFF': [0xf4, 0x90, 0x80, 0x80],
    'U+0000': [0],
    'U+FFFE': [0xef, 0xbf, 0xbe],
  }
  for (const [name, bytes] of Object.entries(bad)) {
    const answer = await answerTo(Buffer.concat([start, Buffer.from(bytes), Buffer.from('</body></message>')]))
    assert.match(answer, /<(not-well-formed|bad-format) .*<\/stream:stream>$/, name)
  }
  for (const reference of ['&#0;', '&#xD800;', '&#xFFFE;'])
    assert.match(
      await answerTo(`${streamHeader(open)}<message><body>${reference}</body></message>`),
      /<not-well-formed /,
      reference,
    )
})

test('S12: unbound prefixes, and the prefix of streams bound to something else', async () => {
  for (const xml of [
    `<x:message/>`,
    `<message y:a='1'/>`,
    `<message a='1' a='2'/>`,
    `</message>`,
    `<message></presence>`,
  ])
    assert.match(await answerTo(streamHeader(open) + xml), /<(not-well-formed|bad-namespace-prefix) /, xml)
  // RFC 6120 §4.8.5: the prefix of streams keeps its meaning on the whole stream
  assert.match(await answerTo(`${streamHeader(open)}<stream:error xmlns:stream='urn:x'/>`), /<bad-namespace-prefix /)
})

test('RFC 6120 §4.6.1: white space between stanzas keeps the stream alive and is not answered', async () => {
  const client = await openSecureStream(juliet)
  client.sendRaw(' \n ')
  await client.authenticate()
  await client.openStream()
  client.sendRaw('\n')
  await client.bind('r1')
  client.sendRaw(' \t\r\n ')
  await expect(client).nothing()
  await client.close()
})

test('RFC 6120 §4.4: the server answers the end of a stream with its own, at every stage', async () => {
  const raw = await opened()
  raw.sendRaw('</stream:stream>')
  assert.match((await raw.readUntilClose()).toString(), /<\/stream:features><\/stream:stream>$/)

  const client = await openSecureStream(juliet)
  await client.authenticate()
  await client.openStream()
  client.sendRaw('</stream:stream>')
  await expect(client).end()
})

test('RFC 6120 §4.4: what stands before the end is still worked off, and a half-closed connection too', async () => {
  const raw = await opened()
  raw.sendRaw(AUTH)
  await raw.readUntil('<success')
  raw.sendRaw(streamHeader(open) + BIND)
  await raw.readUntil(`id='b'`)
  raw.sendRaw(`<iq type='get' id='last' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq></stream:stream>`)
  const all = (await raw.readUntilClose()).toString()
  assert.match(all, /<iq [^>]*id='last'[^>]*\/><\/stream:stream>$/)
})

const WHOLE_LOGIN = `${streamHeader(open)}${AUTH}${streamHeader(open)}${BIND}<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq></stream:stream>`

/** What a whole login of one client brings, without what differs from one to the next. */
const expectedLogin =
  /^<\?xml version='1.0'\?><stream:stream [^>]*><stream:features>.*<\/stream:features><success [^>]*\/?>(<\/success>)?<\?xml version='1.0'\?><stream:stream [^>]*><stream:features>.*<\/stream:features><iq [^>]*id='b'.*<jid>juliet@localhost\/r<\/jid>.*<iq [^>]*id='p'[^>]*\/><\/stream:stream>$/

test('RFC 6120 §4.3: all steps of the negotiation in one packet', async () => {
  assert.match(await answerTo(WHOLE_LOGIN), expectedLogin)
})

test('RFC 6120 §4.3: the same, one byte at a time', async () => {
  const raw = await openRaw({ host: open.host, port: open.port })
  await sendPieces(raw, WHOLE_LOGIN, 1)
  assert.match((await raw.readUntilClose()).toString(), expectedLogin)
})

test('RFC 6120 §4.9.3.24: what is neither a stanza nor understood ends the stream of a session', async () => {
  const raw = await opened()
  raw.sendRaw(AUTH + streamHeader(open) + BIND + `<something xmlns='urn:unknown'/>`)
  assert.match((await raw.readUntilClose()).toString(), /<unsupported-stanza-type .*<\/stream:stream>$/)
})

/** The same numbers on every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

test('S13: damaged logins end their own stream and nothing else; none of them is a fault of the server', async () => {
  const bystander = await connect(juliet)
  const random = numbers(2026)
  const below = (limit: number): number => Math.floor(random.next().value * limit)
  for (let i = 0; i < 300; i++) {
    const bytes = Buffer.from(WHOLE_LOGIN)
    const [at, length, to] = [below(bytes.length), below(40), below(bytes.length)]
    const damage = [
      () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]),
      () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(to, to + length), bytes.subarray(at)]),
      () => bytes.fill(below(256), at, at + 1),
      () => bytes.subarray(0, at),
    ]
    const raw = await openRaw({ host: open.host, port: open.port })
    raw.sendRaw(damage[i % damage.length]!())
    raw.end()
    await raw.readUntilClose()
  }
  await expect(bystander).nothing()
  await bystander.close()
  assert.deepEqual(
    server.log().filter(({ level }) => Number(level) >= 50),
    [],
  )
})
