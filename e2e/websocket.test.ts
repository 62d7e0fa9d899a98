/** XMPP over WebSocket (RFC 7395), and where clients find it (XEP-0156). */
import assert from 'node:assert/strict'
import { request as httpsRequest } from 'node:https'
import { test } from 'node:test'
import { expect, openRaw, story } from '@meerkat/client/testing'
import { Body, Message } from '@meerkat/protocol'
import { CERTIFICATE_FILE, KEY_FILE } from './config.ts'
import { startServer } from './harness.ts'
import { NODES } from './process.ts'
import { FRAMING, Frames, frame, openFrame, rawWebSocket, upgradeRequest } from './web-socket.ts'

/** How long a client may be silent; on two nodes, a login waits for the other one. */
const HASTY_MS = NODES === 1 ? 300 : 3000

const handler = (path: string, more = ''): string => `
[[listen.http.handlers.mongoose_websocket_handler]]
host = "_"
path = "${path}"
${more}`

const server = await startServer({
  extra: `
[[listen.http]]
port = 0
ip_address = "127.0.0.1"
${handler('/ws-xmpp', 'allow_plain_without_tls = true\nurl = "wss://chat.example/ws-xmpp"')}
${handler('/strict')}
${handler('/site', 'origins = ["https://Chat.example"]')}
${handler('/hasty', `timeout = ${HASTY_MS}\nallow_plain_without_tls = true`)}
${handler('/pinging', 'ping_rate = 200')}
${handler('/small', 'max_stanza_size = 20_000\nallow_plain_without_tls = true')}

[[listen.http]]
port = 0
ip_address = "127.0.0.1"
tls = { verify_mode = "none", certfile = "${CERTIFICATE_FILE}", keyfile = "${KEY_FILE}" }
${handler('/secure')}
`,
})
await server.createUser('juliet', 'secret')

const ports = server.urls('WebSocket').flatMap((url) => (url.endsWith('/ws-xmpp') ? [Number(new URL(url).port)] : []))
let turn = 0
/** Of each node in turn. */
const port = (): number => ports[turn++ % ports.length]!
const at = (path: string): string => `ws://127.0.0.1:${port()}${path}`
const connect = (path = '/ws-xmpp'): Promise<Frames> => Frames.connect(at(path))
const raw = (path = '/ws-xmpp') => rawWebSocket('127.0.0.1', port(), path)

/** A WebSocket with a session. */
async function juliet(path?: string): Promise<Frames> {
  const frames = await connect(path)
  await frames.logIn('localhost', 'juliet', 'secret')
  return frames
}

/** What the server says to one message on a fresh connection, up to the end. */
async function answerTo(...messages: (string | Uint8Array<ArrayBuffer>)[]): Promise<string[]> {
  const frames = await connect()
  for (const each of messages) frames.send(each)
  const rest = await frames.rest()
  assert.deepEqual(await frames.ended, { code: 1000, clean: true })
  return rest
}

const streamError = (condition: string): RegExp =>
  new RegExp(`^<stream:error xmlns:stream='http://etherx.jabber.org/streams'><${condition} xmlns='urn:ietf:params:xml`)

test('RFC 7395 §3.4: the answer to <open/> is one, then come the features, each in a message with its namespaces', async () => {
  const frames = await connect()
  assert.equal(frames.protocol, 'xmpp')
  frames.send(openFrame('localhost'))
  const open = await frames.element()
  assert.deepEqual([open.name, open.ns, open.attr('from'), open.attr('version')], ['open', FRAMING, 'localhost', '1.0'])
  assert.ok(open.attr('id')!.length >= 32)
  const features = await frames.next()
  assert.match(features, /^<stream:features xmlns:stream='http:\/\/etherx\.jabber\.org\/streams'>/)
  // RFC 7395 §3.7: TLS is the affair of the connection below.
  assert.doesNotMatch(features, /starttls/)
  frames.send(`<close xmlns='${FRAMING}'/>`)
  assert.deepEqual(await frames.rest(), [`<close xmlns='${FRAMING}'/>`])
  assert.deepEqual(await frames.ended, { code: 1000, clean: true })
})

test('a client over WebSocket and one over TCP talk to each other', (t) =>
  story(t, { server, users: { romeo: 1 } }, async ({ romeo }) => {
    const frames = await connect()
    const jid = await frames.logIn('localhost', 'juliet', 'secret')
    frames.send(`<message xmlns='jabber:client' to='${romeo.jid}' type='chat'><body>Hi &amp; bye</body></message>`)
    await expect(romeo).message({ from: jid, body: 'Hi & bye' })
    romeo.send(Message({ to: jid, type: 'chat' }, Body({}, 'Good morrow')))
    const received = await frames.element()
    assert.deepEqual(
      [received.name, received.ns, received.attr('from')],
      ['message', 'jabber:client', String(romeo.jid)],
    )
    // RFC 7395 §3.3.3: elements within keep their namespaces.
    assert.equal(received.elements()[0]?.ns, 'jabber:client')
    frames.send(`<close xmlns='${FRAMING}'/>`)
    assert.equal((await frames.ended).code, 1000)
  }))

test('many messages of one turn arrive in order, and so do those of a client that does not wait', async () => {
  const frames = await juliet()
  const ids = Array.from({ length: 200 }, (_, i) => `p${i}`)
  for (const id of ids)
    frames.send(`<iq xmlns='jabber:client' type='get' id='${id}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`)
  for (const id of ids) assert.equal((await frames.element()).attr('id'), id)
  frames.close()
})

test('RFC 6120 §4.3.3: after authentication a stanza without a new <open/> ends the stream', async () => {
  const frames = await connect()
  frames.send(openFrame('localhost'))
  await frames.next()
  await frames.next()
  frames.send(
    `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${Buffer.from('\0juliet\0secret').toString('base64')}</auth>`,
  )
  assert.match(await frames.next(), /^<success/)
  frames.send(`<presence xmlns='jabber:client'/>`)
  const [open, error] = await frames.rest()
  assert.match(open!, /^<open /)
  assert.match(error!, streamError('invalid-namespace'))
})

test('S22: several elements in a message, a part of one, a missing namespace, and what is no text end the stream', async () => {
  const cases: [messages: (string | Uint8Array<ArrayBuffer>)[], condition: string][] = [
    [[openFrame('localhost'), `<presence xmlns='jabber:client'/><presence xmlns='jabber:client'/>`], 'not-well-formed'],
    [[openFrame('localhost'), `<presence xmlns='jabber:client'>`], 'not-well-formed'],
    [[openFrame('localhost'), `</presence>`], 'not-well-formed'],
    [[openFrame('localhost'), ' '], 'not-well-formed'],
    [[openFrame('localhost'), '<presence/>'], 'invalid-namespace'],
    [[openFrame('localhost'), openFrame('localhost')], 'unsupported-stanza-type'],
    [[openFrame('localhost'), `<other xmlns='${FRAMING}'/>`], 'unsupported-stanza-type'],
    [[openFrame('localhost'), `<!DOCTYPE a><presence xmlns='jabber:client'/>`], 'restricted-xml'],
    [[openFrame('localhost'), Uint8Array.from(Buffer.from(`<presence xmlns='jabber:client'/>`))], 'bad-format'],
    // S18: nothing but negotiation before authentication
    [[openFrame('localhost'), `<presence xmlns='jabber:client'/>`], 'not-authorized'],
    [[openFrame('nowhere.example')], 'host-unknown'],
    [[`<presence xmlns='jabber:client'/>`], 'invalid-namespace'],
    [
      [`<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost'>`],
      'not-well-formed',
    ],
  ]
  for (const [messages, condition] of cases) {
    const rest = await answerTo(...messages)
    const [first, error, close] = [rest[0], rest.at(-2), rest.at(-1)]
    assert.match(first!, new RegExp(`^<open xmlns='${FRAMING}' id='[0-9a-f]{32}' from='localhost'`), condition)
    assert.match(error!, streamError(condition))
    assert.equal(close, `<close xmlns='${FRAMING}'/>`)
  }
})

test('S22: a frame without a mask, or with bytes that are no UTF-8, ends the WebSocket', async () => {
  for (const [bytes, code] of [
    [frame(openFrame('localhost'), { masked: false }), 1002],
    [frame(Buffer.from([0x3c, 0xff, 0x3e])), 1007],
    [frame('x', { opcode: 3 }), 1002],
  ] as const) {
    const connection = await raw()
    connection.sendRaw(bytes)
    const answer = await connection.readUntilClose()
    // RFC 6455 §5.5.1: a closing frame begins with its code.
    assert.equal(answer.subarray(-2).readUInt16BE(), code)
  }
})

test('S22: a frame that is too large is refused by its header, not by what follows', async () => {
  for (const length of [262_145, 2 ** 31, 2 ** 40]) {
    const connection = await raw()
    connection.sendRaw(frame('<', { length }))
    assert.equal((await connection.readUntilClose()).subarray(-2).readUInt16BE(), 1009)
  }
})

test('S22: before authentication a message may have 8 KiB, whether in one frame or in many', async () => {
  const half = await raw()
  half.sendRaw(frame('<a>', { length: 200_000 }))
  const chunk = 'x'.repeat(16_000)
  for (let i = 0; i < 12; i++) {
    half.sendRaw(chunk)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.match((await half.readUntil('</stream:error>')).toString(), /<policy-violation /)
  half.destroy()
  const [, error] = await answerTo(`<open xmlns='${FRAMING}' a='${'x'.repeat(9000)}'/>`)
  assert.match(error!, streamError('policy-violation'))
})

test('`max_stanza_size` holds once authenticated', async () => {
  const frames = await juliet('/small')
  const padded = (length: number): string =>
    `<iq xmlns='jabber:client' type='get' id='i' to='localhost'><ping xmlns='urn:xmpp:ping'/>${' '.repeat(length)}</iq>`
  frames.send(padded(19_000))
  assert.equal((await frames.element()).attr('id'), 'i')
  frames.send(padded(20_000))
  assert.equal((await frames.ended).code, 1009)
})

test('RFC 6455 §5.4: a message may come in frames, with a ping between', async () => {
  const connection = await raw()
  const [a, b] = [openFrame('localhost').slice(0, 20), openFrame('localhost').slice(20)]
  connection.sendRaw(Buffer.concat([frame(a, { fin: false }), frame('hello', { opcode: 9 }), frame(b, { opcode: 0 })]))
  const answer = (await connection.readUntil('</stream:features>')).toString('latin1')
  assert.match(answer, /\u008a\u0005hello/)
  assert.match(answer, /<open /)
  connection.destroy()
})

test('RFC 7395 §3.1: another subprotocol is refused; without one the stream is XMPP and none is named', async () => {
  await assert.rejects(Frames.connect(at('/ws-xmpp'), 'chat'))
  const both = await Frames.connect(at('/ws-xmpp'), ['chat', 'xmpp'])
  assert.equal(both.protocol, 'xmpp')
  both.close()
  const connection = await openRaw({ host: '127.0.0.1', port: port() })
  connection.sendRaw(upgradeRequest('localhost', '/ws-xmpp', ''))
  const answer = (await connection.readUntil('\r\n\r\n')).toString()
  assert.match(answer, /^HTTP\/1\.1 101 /)
  assert.doesNotMatch(answer, /Sec-WebSocket-Protocol/i)
  connection.destroy()
})

test('S23: with `origins`, pages of other sites are refused; who is no page may come', async () => {
  const statusFor = async (headers: string): Promise<string> => {
    const connection = await openRaw({ host: '127.0.0.1', port: port() })
    connection.sendRaw(upgradeRequest('localhost', '/site', headers))
    const answer = (await connection.readUntil('\r\n\r\n')).toString()
    connection.destroy()
    return answer.slice(9, 12)
  }
  assert.equal(await statusFor('Origin: https://evil.example\r\n'), '403')
  assert.equal(await statusFor('Origin: https://chat.example.evil.example\r\n'), '403')
  assert.equal(await statusFor('Origin: null\r\n'), '403')
  assert.equal(await statusFor('Origin: https://chat.example\r\n'), '101')
  assert.equal(await statusFor(''), '101')
})

test('S26, S27: without TLS there is no PLAIN unless the operator says so, and no STARTTLS', async () => {
  const strict = await connect('/strict')
  strict.send(openFrame('localhost'))
  await strict.next()
  const features = await strict.next()
  assert.match(features, /<mechanism>SCRAM-SHA-256<\/mechanism>/)
  assert.doesNotMatch(features, /PLAIN|starttls/)
  const auth = Buffer.from('\0juliet\0secret').toString('base64')
  strict.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${auth}</auth>`)
  assert.match(await strict.next(), /^<failure [^>]*><encryption-required\/>/)
  strict.send(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`)
  const [failure, close] = await strict.rest()
  assert.match(failure!, /^<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'\/>/)
  assert.match(close!, /^<close /)
})

test('`timeout`: a client that is silent is dropped; `ping_rate`: the server asks', async () => {
  const frames = await juliet('/hasty')
  assert.equal((await frames.ended).clean, false)
  const connection = await raw('/pinging')
  // RFC 6455 §5.5.2: a ping without content; no other byte so far was 0.
  assert.equal((await connection.readUntil('\0')).at(-2), 0x89)
  connection.destroy()
})

test('who asks for a page is told to upgrade', async () => {
  const response = await fetch(`http://127.0.0.1:${port()}/ws-xmpp`)
  assert.equal(response.status, 426)
  assert.equal(response.headers.get('upgrade'), 'websocket')
})

test('XEP-0156 §3: host-meta and host-meta.json tell addresses with TLS only', async () => {
  const xml = await fetch(`http://127.0.0.1:${port()}/.well-known/host-meta`)
  assert.equal(xml.headers.get('access-control-allow-origin'), '*')
  assert.match(xml.headers.get('content-type')!, /^application\/xrd\+xml/)
  assert.match(
    await xml.text(),
    /<XRD xmlns='http:\/\/docs\.oasis-open\.org\/ns\/xri\/xrd-1\.0'><Link rel='urn:xmpp:alt-connections:websocket' href='wss:\/\/chat\.example\/ws-xmpp'\/><\/XRD>$/,
  )
  const json = await fetch(`http://127.0.0.1:${port()}/.well-known/host-meta.json`)
  assert.deepEqual(await json.json(), {
    links: [{ rel: 'urn:xmpp:alt-connections:websocket', href: 'wss://chat.example/ws-xmpp' }],
  })
  const wrong = await fetch(`http://127.0.0.1:${port()}/.well-known/host-meta`, { method: 'POST' })
  assert.equal(wrong.status, 405)
})

test('XEP-0156 §3.2: over https the address is that of the request, unless it is none', async () => {
  const securePort = Number(/WebSocket +https.*:(\d+)\/secure$/m.exec(server.stdout)![1])
  const linksFor = (host: string): Promise<{ links: { href: string }[] }> =>
    new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: securePort,
        ca: server.ca,
        servername: 'localhost',
        headers: { host },
        agent: false,
      }
      const request = httpsRequest({ ...options, path: '/.well-known/host-meta.json' }, (response) => {
        response.setEncoding('utf8')
        let text = ''
        response.on('data', (part: string) => (text += part))
        response.on('end', () => resolve(JSON.parse(text) as { links: { href: string }[] }))
      })
      request.on('error', reject).end()
    })
  assert.equal((await linksFor('localhost:5285')).links[0]?.href, 'wss://localhost:5285/secure')
  assert.deepEqual((await linksFor('evil.example/x?')).links, [])
})

test('wss: the connection counts as encrypted, so that PLAIN is offered', async () => {
  const connection = await openRaw({
    host: '127.0.0.1',
    port: Number(/WebSocket +https.*:(\d+)\/secure$/m.exec(server.stdout)![1]),
    tls: { ca: server.ca, servername: 'localhost' },
  })
  connection.sendRaw(upgradeRequest('localhost', '/secure'))
  await connection.readUntil('\r\n\r\n')
  connection.sendRaw(frame(openFrame('localhost')))
  const features = (await connection.readUntil('</stream:features>')).toString('latin1')
  assert.match(features, /<mechanism>PLAIN<\/mechanism>/)
  connection.destroy()
})

test('R20: a server that stops says system-shutdown, and closes', async () => {
  const frames = await juliet()
  const rests = frames.rest()
  await server.restart()
  const [error, close] = (await rests).slice(-2)
  assert.match(error!, streamError('system-shutdown'))
  assert.equal(close, `<close xmlns='${FRAMING}'/>`)
  assert.equal((await frames.ended).code, 1000)
})
