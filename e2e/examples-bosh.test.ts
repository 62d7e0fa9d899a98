/** The examples of XEP-0124 1.11.2 and XEP-0206 1.4, as they are written there; session and request ids are those of the story. */
import assert from 'node:assert/strict'
import { afterEach, it } from 'node:test'
import { type Client, connect } from '@meerkat/client'
import { expect, optionsFor } from '@meerkat/client/testing'
import { Body, Message } from '@meerkat/protocol'
import { clientMechanism } from '@meerkat/protocol/sasl'
import { type Element, parseElement, text } from '@meerkat/xml'
import { type Asked, HTTPBIND, ask } from './bosh-client.ts'
import { startServer } from './harness.ts'

const server = await startServer({
  domains: ['example.com'],
  listeners: { open: { tls: 'none' } },
  extra: `
[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[[listen.http.handlers.mongoose_bosh_handler]]
host = "_"
path = "/webclient"
allow_plain_without_tls = true
[services.service_bosh]
server_acks = true
host_types = ["example.com"]
`,
})
const URL = /BOSH +(\S+)$/m.exec(server.stdout)![1]!
for (const user of ['juliet', 'contact', 'friend']) await server.createUser(user, 'secret')

const played = new Map<string, number[]>()

/** A test of some examples, which are counted. */
function examples(name: string, numbers: readonly number[], title: string, test: () => Promise<void>): void {
  played.set(name, [...(played.get(name) ?? []), ...numbers])
  it(`${name}, example${numbers.length > 1 ? 's' : ''} ${numbers.join(', ')}: ${title}`, test)
}

/** Every example is played, or it is said why not. */
function allOf(name: string, count: number, others: Readonly<Record<string, readonly number[]>>): void {
  it(`${name}: each is played, or it is said why not`, () =>
    assert.deepEqual(
      [...played.get(name)!, ...Object.values(others).flat()].toSorted((a, b) => a - b),
      Array.from({ length: count }, (_, i) => i + 1),
    ))
}

/** A page, with its session. */
class Page {
  sid = ''
  rid = 1_573_741_819

  /** Sends a body of the examples. */
  ask(words: string, rid = ++this.rid): Asked {
    return ask(URL, words.replace(/rid='\d+'/, `rid='${rid}'`).replace('SomeSID', this.sid))
  }

  /** And waits for the answer. */
  async say(words: string, rid?: number): Promise<Element> {
    return bodyOf(this.ask(words, rid))
  }

  async begin(words = BEGIN): Promise<Element> {
    const body = await this.say(words)
    this.sid = body.attr('sid') ?? ''
    return body
  }

  /** XEP-0206 §7 to §9; examples 4 to 11. */
  async logIn(): Promise<void> {
    const exchange = clientMechanism('SCRAM-SHA-1', {
      username: 'juliet',
      password: 'secret',
      nonce: () => 'oMsTAAwAAAAMAAAANP0TAAAAAABPU0AA',
    })
    exchange.initial()
    const [challenge] = (await this.say(AUTH)).elements()
    assert.deepEqual([challenge?.name, challenge?.ns], ['challenge', 'urn:ietf:params:xml:ns:xmpp-sasl'])
    const proof = await exchange.respond(Buffer.from(text(challenge), 'base64'))
    const response = `<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${Buffer.from(proof).toString('base64')}</response>`
    const [success] = (await this.say(bodyWith(response))).elements()
    assert.deepEqual([success?.name, success?.ns], ['success', 'urn:ietf:params:xml:ns:xmpp-sasl'])
    exchange.finish(Buffer.from(text(success), 'base64'))
    const [features] = (await this.say(RESTART)).elements()
    assert.ok(features!.elements().some(({ ns }) => ns === 'urn:ietf:params:xml:ns:xmpp-bind'))
    const [bound] = (await this.say(BIND)).elements()
    assert.deepEqual([bound?.attr('id'), bound?.attr('type')], ['bind_1', 'result'])
    assert.equal(text(bound!.elements()[0]!.elements()[0]), 'juliet@example.com/httpclient')
  }

  async end(): Promise<void> {
    assertEnd(await this.say(TERMINATE))
  }
}

async function bodyOf(asked: Asked): Promise<Element> {
  const { status, headers, text: words } = await asked.answer
  assert.deepEqual([status, headers['content-type']], [200, 'text/xml; charset=utf-8'])
  const body = parseElement(words)
  assert.deepEqual([body.name, body.ns], ['body', HTTPBIND])
  return body
}

function assertEnd(body: Element, condition?: string): void {
  assert.deepEqual([body.attr('type'), body.attr('condition')], ['terminate', condition])
}

const bodyWith = (inner: string, more = ''): string =>
  `<body rid='1249243562' sid='SomeSID' ${more} xmlns='http://jabber.org/protocol/httpbind'>${inner}</body>`

/** XEP-0206, example 1, with what XEP-0124, example 1 has more. */
const BEGIN = `<body content='text/xml; charset=utf-8'
      from='juliet@example.com'
      hold='1'
      rid='1573741820'
      to='example.com'
      route='xmpp:example.com:9999'
      ver='1.6'
      wait='60'
      ack='1'
      xml:lang='en'
      xmpp:version='1.0'
      xmlns='http://jabber.org/protocol/httpbind'
      xmlns:xmpp='urn:xmpp:xbosh'/>`
/** Without the space around the data, which a server has to refuse (RFC 6120 §13.9.1). */
const AUTH = bodyWith(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'
        mechanism='SCRAM-SHA-1'>biwsbj1qdWxpZXQscj1vTXNUQUF3QUFBQU1BQUFBTlAwVEFBQUFBQUJQVTBBQQ==</auth>`)
const RESTART = `<body rid='1573741824'
      sid='SomeSID'
      to='example.com'
      xml:lang='en'
      xmpp:restart='true'
      xmlns='http://jabber.org/protocol/httpbind'
      xmlns:xmpp='urn:xmpp:xbosh'/>`
const BIND = bodyWith(`<iq id='bind_1'
      type='set'
      xmlns='jabber:client'>
    <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>
      <resource>httpclient</resource>
    </bind>
  </iq>`)
const EMPTY = `<body rid='1249243563' sid='SomeSID' xmlns='http://jabber.org/protocol/httpbind'/>`
const TERMINATE = bodyWith(`<presence type='unavailable' xmlns='jabber:client'/>`, `type='terminate'`)
const TWO_MESSAGES = bodyWith(`<message to='contact@example.com'
           xmlns='jabber:client'>
    <body>Good morning!</body>
  </message>
  <message to='friend@example.com'
           xmlns='jabber:client'>
    <body>Hey, what&apos;s up?</body>
  </message>`)

const clients: Client[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close()
})

async function device(username: string): Promise<Client> {
  const client = await connect(optionsFor(server.at('open'), undefined, { username, password: 'secret' }))
  clients.push(client)
  client.send(parseElement(`<presence xmlns='jabber:client'/>`))
  await client.receive()
  return client
}

/** A page with a session that is logged in. */
async function loggedIn(): Promise<Page> {
  const page = new Page()
  await page.begin()
  await page.logIn()
  return page
}

examples('XEP-0124', [1, 2], 'a session is made', async () => {
  const page = new Page()
  const body = await page.begin()
  const names = ['wait', 'inactivity', 'requests', 'hold', 'ack', 'maxpause', 'ver', 'from']
  assert.deepEqual(
    names.map((name) => body.attr(name)),
    ['60', '30', '2', '1', String(page.rid), '120', '1.6', 'example.com'],
  )
  assert.ok(page.sid)
  assertEnd(await page.say(bodyWith('', `type='terminate'`)))
})

examples('XEP-0206', [1, 2, 4, 5, 6, 7, 8, 9, 10, 11], 'features, authentication and binding', async () => {
  const page = new Page()
  const body = await page.begin()
  assert.equal(body.attr('{urn:xmpp:xbosh}version'), '1.0')
  assert.equal(body.attr('{urn:xmpp:xbosh}restartlogic'), 'true')
  const [features] = body.elements()
  const offered = features!.elements().find(({ name }) => name === 'mechanisms')!
  const mechanisms = new Set(offered.elements().map(text))
  for (const name of ['SCRAM-SHA-1', 'PLAIN']) assert.ok(mechanisms.has(name))
  await page.logIn()
  await page.end()
})

examples('XEP-0124', [4, 5, 6, 7], 'payloads go both ways', async () => {
  const [contact, friend] = [await device('contact'), await device('friend')]
  const page = await loggedIn()
  const first = page.ask(TWO_MESSAGES)
  await expect(contact).message({ body: 'Good morning!' })
  await expect(friend).message({ body: "Hey, what's up?" })
  const second = page.ask(EMPTY)
  assert.deepEqual((await bodyOf(first)).children, [])
  contact.send(Message({ to: 'juliet@example.com/httpclient' }, Body({}, 'Good morning to you!')))
  const [message] = (await bodyOf(second)).elements()
  assert.deepEqual([message?.name, message?.ns], ['message', 'jabber:client'])
  assert.equal(text(message && Body.in(message)), 'Good morning to you!')
  await page.end()
})

examples('XEP-0124', [8, 9], 'both sides say what they have got', async () => {
  const page = await loggedIn()
  const held = page.ask(EMPTY)
  const next = page.ask(bodyWith('', `ack='${page.rid - 1}'`))
  // The answer to an older request says which is the newest that has come.
  assert.equal((await bodyOf(held)).attr('ack'), String(page.rid))
  await page.say(bodyWith('', `pause='60'`))
  await next.answer
})

examples('XEP-0124', [11], 'a pause', async () => {
  const page = await loggedIn()
  const held = page.ask(EMPTY)
  assert.deepEqual((await page.say(bodyWith('', `pause='60'`))).children, [])
  assert.deepEqual((await bodyOf(held)).children, [])
  await page.end()
})

examples('XEP-0124', [15, 16], 'the client ends the session', async () => {
  const page = await loggedIn()
  await page.end()
})

examples('XEP-0124', [17], 'a request id that nobody expects', async () => {
  const page = await loggedIn()
  assertEnd(await page.say(EMPTY, page.rid + 10), 'item-not-found')
})

examples('XEP-0124', [18], 'an answer that is not kept any more', async () => {
  const page = await loggedIn()
  assertEnd(await page.say(EMPTY, page.rid - 5), 'item-not-found')
})

/** XEP-0124 §15: the keys of the examples. */
const KEYS = [
  'ca393b51b682f61f98e7877d61146407f3d0a770',
  'bfb06a6f113cd6fd3838ab9d300fdb4fe3da2f7d',
  '6f825e81f4532b2c5fa2d12457d8a1f22e8f838e',
] as const
const PROTECTED = BEGIN.replace('<body', `<body newkey='${KEYS[0]}'`)

examples('XEP-0124', [20, 21, 23], 'a sequence of keys, and the next one', async () => {
  const page = new Page()
  await page.begin(PROTECTED)
  const held = page.ask(bodyWith('', `key='${KEYS[1]}'`))
  const next = page.ask(bodyWith('', `key='${KEYS[2]}' newkey='113f58a37245ec9637266cf2fb6e48bfeaf7964e'`))
  assert.equal((await bodyOf(held)).attr('type'), undefined)
  // The key after the next is not told, so that whoever asks now does not know it.
  assertEnd(await page.say(bodyWith('', `key='${KEYS[2]}'`)), 'item-not-found')
  await next.answer
})

examples('XEP-0124', [22], 'a key that does not fit', async () => {
  const page = new Page()
  await page.begin(PROTECTED)
  assertEnd(await page.say(bodyWith('', `key='${KEYS[2]}'`)), 'item-not-found')
})

allOf('XEP-0124', 35, {
  'a server that does not say from at first, which this one does': [3],
  'reports of answers that did not come, which are optional (§9.2)': [10],
  'a request too many releases an older one; what is beyond the window is an unexpected id': [12],
  'polling and its pace are not limited: requests are held': [13, 14],
  'a formula': [19],
  'several streams in one session, which are optional (§16)': [24, 25, 26, 27, 28, 29, 30, 31],
  'the streams are those of this server, which is not another one that could fail': [32, 33, 34],
  'answers do not fail in a way that a client could repeat': [35],
})
allOf('XEP-0206', 12, {
  'features that come later than the answer to the first request': [3],
  'a stanza and an error at once': [12],
})
