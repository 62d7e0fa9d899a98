/** The examples of specifications about connections, as they are written there: RFC 6120 §9.1, RFC 7395, XEP-0156, XEP-0440. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Socket, connect as connectTcp } from 'node:net'
import { it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { connect } from '@meerkat/client'
import { expect, optionsFor } from '@meerkat/client/testing'
import { Body, Message } from '@meerkat/protocol'
import { clientMechanism } from '@meerkat/protocol/sasl'
import { parseElement } from '@meerkat/xml'
import { startServer } from './harness.ts'
import { Frames } from './web-socket.ts'

const handler = (kind: string, path: string): string => `
[[listen.http.handlers.mongoose_${kind}_handler]]
host = "_"
path = "${path}"
allow_plain_without_tls = true
url = "https://web.example.com:443${path}"`

const server = await startServer({
  domains: ['example.com', 'im.example.com', 'example.net'],
  listeners: { main: { tls: 'starttls_required' }, open: { tls: 'none' } },
  extra: `
[[listen.http]]
port = 0
ip_address = "127.0.0.1"
${handler('bosh', '/webclient')}
${handler('websocket', '/ws').replace('https:', 'wss:')}
[services.service_bosh]
`,
})
await server.createUser('juliet', 'r0m30myr0m30', 'im.example.com')
await server.createUser('romeo', 'secret', 'example.net')

const placeOf = (kind: string): string => new RegExp(`${kind} +(\\S+)$`, 'm').exec(server.stdout)![1]!

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** What a connection says, step by step. */
class Talk {
  #socket: Socket
  #heard = ''
  #wake = (): void => {}

  constructor(socket: Socket) {
    this.#socket = socket
    this.#listen()
  }

  /** Says something, and resolves with what the server says up to the end of the answer; nothing of it is heard again. */
  async say(words: string, end: RegExp): Promise<string> {
    this.#socket.write(words)
    return this.hears(end)
  }

  async hears(end: RegExp): Promise<string> {
    for (;;) {
      const found = end.exec(this.#heard)
      const heard = this.#heard
      if (found !== null) {
        this.#heard = heard.slice(found.index + found[0].length)
        return heard.slice(0, found.index + found[0].length)
      }
      assert.ok(!this.#socket.destroyed, `gone after ${heard}`)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  async secure(servername: string): Promise<void> {
    this.#socket.removeAllListeners('data')
    this.#socket = connectTls({ socket: this.#socket, ca: server.ca, servername })
    this.#listen()
    await once(this.#socket, 'secureConnect')
  }

  #listen(): void {
    this.#socket.on('data', (bytes: Buffer) => {
      this.#heard += bytes.toString()
      this.#wake()
    })
    this.#socket.on('close', () => this.#wake())
  }
}

const HEADER = `<stream:stream
       from='juliet@im.example.com'
       to='im.example.com'
       version='1.0'
       xml:lang='en'
       xmlns='jabber:client'
       xmlns:stream='http://etherx.jabber.org/streams'>`

it('RFC 6120 §9.1: TLS, SASL, binding, a message each way, and the end', async () => {
  const romeo = await connect({
    ...optionsFor(server.at('open'), undefined, { username: 'romeo', password: 'secret' }),
    domain: 'example.net',
  })
  const { host, port } = server.at('main')
  const juliet = new Talk(connectTcp(port, host))
  // §9.1.1, steps 1 to 5
  const first = await juliet.say(HEADER, /<\/stream:features>/)
  for (const part of [`from='im.example.com'`, `to='juliet@im.example.com'`, `version='1.0'`, `xml:lang='en'`])
    assert.ok(first.includes(part), `${part} in ${first}`)
  assert.match(first, /<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required\/><\/starttls>/)
  assert.equal(
    await juliet.say(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`, />/),
    `<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`,
  )
  await juliet.secure('im.example.com')
  // §9.1.2, steps 7 to 12
  const features = await juliet.say(HEADER, /<\/stream:features>/)
  for (const name of ['SCRAM-SHA-1-PLUS', 'SCRAM-SHA-1', 'PLAIN'])
    assert.ok(features.includes(`<mechanism>${name}</mechanism>`), name)
  // XEP-0440 §3, example 1, without the type that it does not have
  assert.match(
    features,
    /<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'\/><\/sasl-channel-binding>/,
  )
  const exchange = clientMechanism('SCRAM-SHA-1', {
    username: 'juliet',
    password: 'r0m30myr0m30',
    nonce: () => 'oMsTAAwAAAAMAAAANP0TAAAAAABPU0AA',
  })
  const initial = 'biwsbj1qdWxpZXQscj1vTXNUQUF3QUFBQU1BQUFBTlAwVEFBQUFBQUJQVTBBQQ=='
  assert.equal(base64(exchange.initial()), initial)
  const sasl = `xmlns='urn:ietf:params:xml:ns:xmpp-sasl'`
  const challenge = await juliet.say(`<auth ${sasl} mechanism='SCRAM-SHA-1'>${initial}</auth>`, /<\/challenge>/)
  const asked = Buffer.from(/>([^<]*)</.exec(challenge)![1]!, 'base64')
  assert.match(asked.toString(), /^r=oMsTAAwAAAAMAAAANP0TAAAAAABPU0AA[^,]+,s=[^,]+,i=4096/)
  const proof = base64(await exchange.respond(asked))
  const success = await juliet.say(`<response ${sasl}>${proof}</response>`, /<\/success>/)
  exchange.finish(Buffer.from(/>([^<]*)</.exec(success)![1]!, 'base64'))
  // §9.1.3, steps 13 to 16
  assert.match(
    await juliet.say(HEADER, /<\/stream:features>/),
    /<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'(\/>|><required\/><\/bind>)/,
  )
  const bound = await juliet.say(
    `<iq id='yhc13a95' type='set'>
       <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>
         <resource>balcony</resource>
       </bind>
     </iq>`,
    /<\/iq>/,
  )
  assert.match(bound, /^<iq [^>]*id='yhc13a95'/)
  assert.match(bound, /<jid>juliet@im\.example\.com\/balcony<\/jid>/)
  // §9.1.4: Romeo has the resource that the server gave him, and both are on one server.
  const said = await juliet.say(
    `<message from='juliet@im.example.com/balcony' id='ju2ba41c' to='${romeo.jid}' type='chat' xml:lang='en'>
       <body>Art thou not Romeo, and a Montague?</body>
     </message><iq id='done' type='get' to='im.example.com'><ping xmlns='urn:xmpp:ping'/></iq>`,
    /id='done'[^>]*>/,
  )
  assert.match(said, /^<iq /)
  await expect(romeo).message({ from: 'juliet@im.example.com/balcony', body: 'Art thou not Romeo, and a Montague?' })
  romeo.send(
    Message(
      { to: 'juliet@im.example.com/balcony', type: 'chat', id: 'ju2ba41c' },
      Body({}, 'Neither, fair saint, if either thee dislike.'),
    ),
  )
  assert.match(await juliet.hears(/<\/message>/), /<body>Neither, fair saint, if either thee dislike\.<\/body>/)
  // §9.1.5
  assert.equal(await juliet.say('</stream:stream>', /<\/stream:stream>/), '</stream:stream>')
  await romeo.close()
})

it('RFC 7395 §3.3 to §3.6: opening, stanzas and closing', async () => {
  const frames = await Frames.connect(placeOf('WebSocket').replace(/^http/, 'ws'))
  assert.equal(frames.protocol, 'xmpp')
  frames.send(`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing"
             to="example.com"
             version="1.0" />`)
  const open = await frames.element()
  assert.deepEqual(
    [open.name, open.ns, open.attr('from'), open.attr('version'), open.attr('xml:lang')],
    ['open', 'urn:ietf:params:xml:ns:xmpp-framing', 'example.com', '1.0', 'en'],
  )
  const features = await frames.element()
  assert.deepEqual([features.name, features.ns], ['features', 'http://etherx.jabber.org/streams'])
  frames.send(`<close xmlns="urn:ietf:params:xml:ns:xmpp-framing" />`)
  assert.deepEqual(await frames.rest(), [`<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>`])
})

it('XEP-0156 §3, examples 1 and 2: addresses in both notations', async () => {
  const base = new URL('/', placeOf('BOSH')).href
  const links = [
    ['urn:xmpp:alt-connections:xbosh', 'https://web.example.com:443/webclient'],
    ['urn:xmpp:alt-connections:websocket', 'wss://web.example.com:443/ws'],
  ] as const
  const xrd = parseElement((await (await fetch(`${base}.well-known/host-meta`)).text()).replace(/^<\?xml[^>]*>\s*/, ''))
  assert.deepEqual([xrd.name, xrd.ns], ['XRD', 'http://docs.oasis-open.org/ns/xri/xrd-1.0'])
  assert.deepEqual(
    new Set(xrd.elements().map((link) => `${link.name} ${link.attr('rel')} ${link.attr('href')}`)),
    new Set(links.map(([rel, href]) => `Link ${rel} ${href}`)),
  )
  const json = (await (await fetch(`${base}.well-known/host-meta.json`)).json()) as { links: unknown[] }
  assert.deepEqual(
    new Set(json.links.map((link) => JSON.stringify(link))),
    new Set(links.map(([rel, href]) => JSON.stringify({ rel, href }))),
  )
})
