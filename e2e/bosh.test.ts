/** XMPP over BOSH (XEP-0124 1.11.2, XEP-0206 1.4). */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { request as httpsRequest } from 'node:https'
import { test } from 'node:test'
import { connectDevice, expect, freshUser, openRaw } from '@meerkat/client/testing'
import { Body, Message } from '@meerkat/protocol'
import { type Element, parseElement } from '@meerkat/xml'
import { Bosh, HTTPBIND, ask, bodyOf } from './bosh-client.ts'
import { CERTIFICATE_FILE, KEY_FILE } from './config.ts'
import { startServer } from './harness.ts'

const handler = (path: string, more = ''): string => `
[[listen.http.handlers.mongoose_bosh_handler]]
host = "_"
path = "${path}"
${more}`

const listener = `
[[listen.http]]
port = 0
ip_address = "127.0.0.1"
${handler('/http-bind', 'allow_plain_without_tls = true\nurl = "https://chat.example/http-bind"')}
${handler('/strict')}
${handler('/site', 'origins = ["https://chat.example"]')}`

const secureListener = `
[[listen.http]]
port = 0
ip_address = "127.0.0.1"
tls = { verify_mode = "none", certfile = "${CERTIFICATE_FILE}", keyfile = "${KEY_FILE}" }
${handler('/secure')}`

const server = await startServer({
  domains: ['localhost', 'other.example'],
  extra: `${listener}
${secureListener}
[services.service_bosh]
inactivity = 2
max_pause = 10
server_acks = true
host_types = ["localhost"]
`,
})
await server.createUser('juliet', 'secret')

const placeOf = (path: string): string => new RegExp(`BOSH +(http:.*${path})$`, 'm').exec(server.stdout)![1]!
const URL = placeOf('/http-bind')
const places = server.urls('BOSH').filter((url) => url.endsWith('/http-bind'))
let turn = 0
/** Of each node in turn; a session stays at its node. */
const next = (): string => places[turn++ % places.length]!

/** A client with a session. */
async function juliet(attributes?: Record<string, string | number>, place = next()): Promise<Bosh> {
  const bosh = new Bosh(place)
  await bosh.logIn('juliet', 'secret', attributes)
  return bosh
}

function assertEnd(body: Element, condition: string | undefined): void {
  assert.deepEqual(
    [body.name, body.ns, body.attr('type'), body.attr('condition')],
    ['body', HTTPBIND, 'terminate', condition],
  )
}

const ping = (id: string): string =>
  `<iq xmlns='jabber:client' type='get' id='${id}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`

test('XEP-0124 §7.2, XEP-0206 §4: the answer to the first request says what holds, and has the features', async () => {
  const bosh = new Bosh(next())
  const body = await bosh.begin({ wait: 20, hold: 5 })
  assert.match(bosh.sid, /^[0-9a-f]{40}$/)
  const names = ['wait', 'hold', 'requests', 'inactivity', 'maxpause', 'ver', 'from', 'ack']
  assert.deepEqual(
    names.map((name) => body.attr(name)),
    ['20', '1', '2', '2', '10', '1.6', 'localhost', String(bosh.rid)],
  )
  assert.equal(body.attr('{urn:xmpp:xbosh}version'), '1.0')
  assert.equal(body.attr('{urn:xmpp:xbosh}restartlogic'), 'true')
  const [features] = body.elements()
  assert.deepEqual([features?.name, features?.ns], ['features', 'http://etherx.jabber.org/streams'])
  assertEnd(await bosh.next('', { type: 'terminate' }), undefined)
})

test('clients know features by their prefix', async () => {
  const { text, headers } = await ask(URL, bodyOf({ to: 'localhost', rid: 5, wait: 5, hold: 1 })).answer
  assert.match(text, /<stream:features xmlns:stream='http:\/\/etherx\.jabber\.org\/streams'>/)
  assert.equal(headers['content-type'], 'text/xml; charset=utf-8')
})

test('a client over BOSH and one over TCP talk to each other', async (t) => {
  const user = await freshUser(server, 'romeo')
  const romeo = await connectDevice(server, user)
  t.after(() => romeo.close())
  const bosh = new Bosh(next())
  const jid = await bosh.logIn('juliet', 'secret')
  const held = bosh.ask(
    `<message xmlns='jabber:client' to='${romeo.jid}' type='chat'><body>Hi &amp; bye</body></message>`,
  )
  await expect(romeo).message({ from: jid, body: 'Hi & bye' })
  romeo.send(Message({ to: jid, type: 'chat' }, Body({}, 'Good morrow')))
  // XEP-0124 §8: held until there is something to say
  const [received] = parseElement((await held.answer).text).elements()
  assert.deepEqual(
    [received?.name, received?.ns, received?.attr('from')],
    ['message', 'jabber:client', String(romeo.jid)],
  )
  assertEnd(await bosh.next(`<presence xmlns='jabber:client' type='unavailable'/>`, { type: 'terminate' }), undefined)
})

test('XEP-0124 §8: no more than `hold` requests wait, none longer than `wait`', async () => {
  const bosh = await juliet({ wait: 1 })
  const first = bosh.ask()
  const second = bosh.ask()
  // The answer to the first tells that the second has come.
  assert.deepEqual(
    [parseElement((await first.answer).text)].map((body) => [body.attr('ack'), body.children.length]),
    [[String(bosh.rid), 0]],
  )
  assert.equal(parseElement((await second.answer).text).children.length, 0)
})

test('XEP-0124 §12: with `hold` 0 every request is answered at once', async () => {
  const bosh = new Bosh(next())
  const begun = await bosh.begin({ hold: 0 })
  assert.equal(begun.attr('requests'), '1')
  assert.equal(begun.elements()[0]?.name, 'features')
  assert.equal((await bosh.next()).attr('type'), undefined)
})

test('XEP-0124 §14.1: requests that overtake one another are gone through in their order', async () => {
  const bosh = await juliet({ wait: 1 })
  const rid = bosh.rid
  const late = ask(bosh.url, bodyOf({ rid: rid + 2, sid: bosh.sid }, ping('second')))
  await new Promise((resolve) => setTimeout(resolve, 50))
  const early = ask(bosh.url, bodyOf({ rid: rid + 1, sid: bosh.sid }, ping('first')))
  const ids = [await early.answer, await late.answer].flatMap(({ text }) =>
    parseElement(text)
      .elements()
      .map((iq) => iq.attr('id')),
  )
  assert.deepEqual(ids, ['first', 'second'])
})

test('S24: a request outside of the window ends the session, whether too new or too old', async () => {
  for (const distance of [3, 100, -10]) {
    const bosh = await juliet()
    assertEnd(await bosh.raw({ rid: bosh.rid + distance, sid: bosh.sid }), 'item-not-found')
    assertEnd(await bosh.next(), 'item-not-found')
  }
})

test('XEP-0124 §14.2: a request that comes again gets the same answer, and has no effect', async () => {
  const bosh = await juliet()
  const one = await bosh.ask(ping('one')).answer
  const again = await ask(bosh.url, bodyOf({ rid: bosh.rid, sid: bosh.sid }, ping('one'))).answer
  assert.equal(again.text, one.text)
  // Nothing else waits: the next answer is that to the next request.
  const two = await bosh.next(ping('two'))
  assert.deepEqual(
    two.elements().map((iq) => iq.attr('id')),
    ['two'],
  )
})

test('XEP-0124 §14.2: a request whose connection broke may come again, and loses nothing', async () => {
  const bosh = new Bosh(next())
  const jid = await bosh.logIn('juliet', 'secret')
  const broken = bosh.ask()
  await new Promise((resolve) => setTimeout(resolve, 50))
  broken.abort()
  await server.graphql(
    'mutation ($to: JID!) { stanza { sendMessage(from: "juliet@localhost", to: $to, body: "hi") { id } } }',
    { to: jid },
  )
  const body = await bosh.raw({ rid: bosh.rid, sid: bosh.sid })
  assert.equal(body.elements()[0]?.name, 'message')
})

test('XEP-0124 §14.2: while the first still waits, it is answered by an error that does not end the session', async () => {
  const bosh = await juliet({ wait: 1 })
  const first = bosh.ask()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const second = ask(bosh.url, bodyOf({ rid: bosh.rid, sid: bosh.sid }))
  assert.equal(parseElement((await first.answer).text).attr('type'), 'error')
  assert.equal(parseElement((await second.answer).text).attr('type'), undefined)
  assert.equal((await bosh.next(ping('p'))).elements()[0]?.attr('id'), 'p')
})

test('S24, XEP-0124 §15: with a key sequence every request has the next key', async () => {
  const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')
  const keys = ['seed']
  for (let i = 0; i < 8; i++) keys.push(sha1(keys.at(-1)!))
  const bosh = new Bosh(next())
  await bosh.begin({ newkey: keys.pop()!, wait: 1 })
  assert.equal((await bosh.next('', { key: keys.pop()!.toUpperCase() })).attr('type'), undefined)
  // A new sequence begins with the next key of the old one.
  const fresh = sha1('fresh')
  assert.equal((await bosh.next('', { key: keys.pop()!, newkey: sha1(fresh) })).attr('type'), undefined)
  const answered = await bosh.next('', { key: fresh })
  assert.equal(answered.attr('type'), undefined)
  // S24: whoever has seen the ids has not seen the key.
  assertEnd(await bosh.next('', { key: keys.pop()! }), 'item-not-found')
})

test('S24: a session with keys ends by a request without', async () => {
  const bosh = new Bosh(next())
  const begun = await bosh.begin({ newkey: createHash('sha1').update('k').digest('hex') })
  assert.equal(begun.attr('type'), undefined)
  assertEnd(await bosh.next(), 'item-not-found')
})

test('XEP-0124 §10: a pause is answered at once, and outlives the time without requests', async () => {
  const bosh = await juliet()
  const held = bosh.ask()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const pause = await bosh.next('', { pause: 8 })
  assert.equal(pause.children.length, 0)
  assert.equal(parseElement((await held.answer).text).children.length, 0)
  await new Promise((resolve) => setTimeout(resolve, 3500))
  assert.equal((await bosh.next(ping('p'))).elements()[0]?.attr('id'), 'p')
  assertEnd(await bosh.next('', { pause: 11 }), 'policy-violation')
})

test('XEP-0124 §10: a client without a request is given up', async () => {
  const bosh = await juliet()
  await new Promise((resolve) => setTimeout(resolve, 3000))
  assertEnd(await bosh.next(), 'item-not-found')
})

test('S24: what is no body, or too large, is refused', async () => {
  const status = async (body: string | undefined, method?: string): Promise<number> =>
    (await ask(URL, body, method).answer).status
  assert.equal(await status(undefined), 400)
  assert.equal(await status(undefined, 'GET'), 200)
  assert.equal(await status('x', 'PUT'), 405)
  assert.equal(await status('x'.repeat(300_000)), 413)
  for (const text of [
    'no XML',
    '<body/>',
    `<body xmlns='${HTTPBIND}'/>`,
    `<body xmlns='${HTTPBIND}' rid='-1' to='localhost'/>`,
  ])
    assertEnd(parseElement((await ask(URL, text).answer).text), 'bad-request')
  const bosh = new Bosh(next())
  await bosh.begin()
  // S22: less before authentication than after
  assertEnd(
    await bosh.next(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${'A'.repeat(20_000)}</auth>`),
    'policy-violation',
  )
})

test('what cannot begin: no domain, one that is not served, one of another host type', async () => {
  const raw = (attributes: Record<string, string | number>) => new Bosh(next()).raw({ rid: 1, ...attributes })
  assertEnd(await raw({}), 'improper-addressing')
  assertEnd(await raw({ to: 'nowhere.example' }), 'host-unknown')
  assertEnd(await raw({ to: 'other.example' }), 'host-unknown')
  assertEnd(await raw({ to: 'localhost', wait: 'long' }), 'bad-request')
  assertEnd(await raw({ sid: 'f'.repeat(40) }), 'item-not-found')
})

test('XEP-0124 §17.2: an error of the stream ends the session and is told whole', async () => {
  const bosh = new Bosh(next())
  await bosh.begin()
  const body = await bosh.next(`<presence xmlns='jabber:client'/>`)
  assertEnd(body, 'remote-stream-error')
  const [error] = body.elements()
  assert.deepEqual([error?.name, error?.elements()[0]?.name], ['error', 'not-authorized'])
  assertEnd(await bosh.next(), 'item-not-found')
})

test('XEP-0206 §5: without a restart nothing is taken after authentication', async () => {
  const bosh = new Bosh(next())
  await bosh.begin()
  const plain = Buffer.from('\0juliet\0secret').toString('base64')
  await bosh.next(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`)
  assertEnd(await bosh.next(`<presence xmlns='jabber:client'/>`), 'remote-stream-error')
})

test('S26, S27: without TLS there is neither PLAIN nor STARTTLS', async () => {
  const { text } = await ask(placeOf('/strict'), bodyOf({ to: 'localhost', rid: 5, wait: 5, hold: 1 })).answer
  assert.match(text, /<mechanism>SCRAM-SHA-256<\/mechanism>/)
  assert.doesNotMatch(text, /PLAIN|starttls/)
})

test('XEP-0124 §19.1, S27: a session that began over TLS goes on over TLS only', async () => {
  const url = /BOSH +(https:.*\/secure)$/m.exec(server.stdout)![1]!
  const overTls = (attributes: Record<string, string | number>): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = { method: 'POST', ca: server.ca, servername: 'localhost', agent: false }
      const asked = httpsRequest(url, options, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => (text += part))
        response.on('end', () => resolve(text))
      })
      asked.on('error', reject).end(bodyOf(attributes))
    })
  const begun = await overTls({ to: 'localhost', rid: 5, wait: 1, hold: 1 })
  assert.match(begun, /<mechanism>PLAIN<\/mechanism>/)
  const sid = parseElement(begun).attr('sid')!
  await assert.rejects(ask(URL, bodyOf({ rid: 6, sid, type: 'terminate' })).answer)
  assertEnd(parseElement(await overTls({ rid: 6, sid, type: 'terminate' })), undefined)
})

test('S24: a request that breaks off in its body harms nobody', async () => {
  const { hostname, port } = new globalThis.URL(URL)
  const connection = await openRaw({ host: hostname, port: Number(port) })
  connection.sendRaw('POST /http-bind HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n<body')
  await connection.flushed()
  connection.destroy()
  assert.equal((await new Bosh(next()).begin()).attr('type'), undefined)
})

test('S23: pages may ask, those of other sites only where the operator lets them', async () => {
  const headers = { origin: 'https://chat.example' }
  const allowed = await ask(URL, undefined, 'OPTIONS', headers).answer
  assert.equal(allowed.headers['access-control-allow-origin'], 'https://chat.example')
  assert.equal(allowed.headers['access-control-allow-methods'], 'POST, OPTIONS, GET')
  assert.equal((await ask(placeOf('/site'), undefined, 'OPTIONS', headers).answer).status, 200)
  const evil = { origin: 'https://evil.example' }
  assert.equal((await ask(placeOf('/site'), bodyOf({ to: 'localhost', rid: 5 }), 'POST', evil).answer).status, 403)
})

test('XEP-0156 §3: host-meta names the endpoint', async () => {
  const { text } = await ask(URL.replace('/http-bind', '/.well-known/host-meta.json'), undefined, 'GET').answer
  assert.deepEqual(JSON.parse(text), {
    links: [{ rel: 'urn:xmpp:alt-connections:xbosh', href: 'https://chat.example/http-bind' }],
  })
})

test('a handler without its service is a reason not to start', async () => {
  await assert.rejects(
    startServer({ extra: listener }),
    /mongoose_bosh_handler at \/http-bind needs \[services\.service_bosh\]/,
  )
})

test('R20: a server that stops says system-shutdown', async () => {
  // The last node stops first, and may take longer than a request is held.
  const bosh = await juliet(undefined, places.at(-1))
  const held = bosh.ask()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const stopped = server.restart()
  assertEnd(parseElement((await held.answer).text), 'system-shutdown')
  await stopped
})
