/** Trials of the suites Core and Web. */
import assert from 'node:assert/strict'
import { TLSSocket, connect as connectTls } from 'node:tls'
import { once } from 'node:events'
import { type Client, openSocket } from '@meerkat/client'
import {
  connectDevice,
  expect,
  freshUser,
  openRaw,
  optionsFor,
  removeUser,
  type RawConnection,
} from '@meerkat/client/testing'
import {
  DiscoInfo,
  EventItem,
  EventItems,
  Iq,
  PUBSUB_NS,
  Presence,
  Pubsub,
  PubsubEvent,
  PubsubItem,
  PubsubPublish,
  buildCaps,
  buildDiscoInfo,
  capsHash,
  handshakeProof,
  readCaps,
} from '@meerkat/protocol'
import { type Element, tag } from '@meerkat/xml'
import { type Server } from '../../e2e/harness.ts'
import { Bosh } from '../../e2e/bosh-client.ts'
import { Frames } from '../../e2e/web-socket.ts'
import { SECRET, type Trial, advertises, alone, between, chat, get, portOf, said, services, set } from './stage.ts'

const names = (features: Element): string[] => features.elements().map(({ name, ns }) => `${ns} ${name}`)

/** RFC 6120: streams, resources, the rules for IQs, errors. */
const streams: Trial = between(async ({ alice, bob }, { server }) => {
  advertises(names(alice.features!), 'urn:ietf:params:xml:ns:xmpp-bind bind')
  alice.send(chat(bob.jid, 'from here to there'))
  await expect(bob).message({ body: 'from here to there', from: alice })
  await assert.rejects(alice.request(get(tag('urn:example:unknown', 'query')(), 'localhost')), {
    condition: 'service-unavailable',
  })
  const twin = await connectDevice(server, await freshUser(server, 'twin'))
  twin.sendRaw('<message><body></message>')
  await expect(twin).streamError('not-well-formed')
})

/** RFC 7590: TLS before anything that is worth it, in a version of today, with a certificate for the domain. */
const tls: Trial = async ({ server }) => {
  const user = await freshUser(server, 'alice')
  const client = await openSocket(optionsFor(server, user))
  const clear = names(await client.openStream())
  advertises(clear, 'urn:ietf:params:xml:ns:xmpp-tls starttls')
  assert.ok(!client.features!.elements().some((each) => each.elements().some((one) => one.children.includes('PLAIN'))))
  await client.startTls()
  assert.ok(client.socket instanceof TLSSocket)
  assert.match(client.socket.getProtocol() ?? '', /^TLSv1\.[23]$/)
  assert.equal(client.socket.authorized, true)
  await client.openStream()
  await client.authenticate()
  client.destroy()
  await client.closed
  await removeUser(server, user)
}

/** XEP-0368: TLS from the first byte, also for clients that name their protocol (ALPN). */
const directTls: Trial = async ({ server }) => {
  const { ca, tlsPort: port } = server
  const socket = connectTls({
    host: '127.0.0.1',
    port: port!,
    ca,
    servername: 'localhost',
    ALPNProtocols: ['xmpp-client'],
  })
  await once(socket, 'secureConnect')
  assert.equal(socket.authorized, true)
  socket.destroy()
  const user = await freshUser(server, 'alice')
  const client = await connectDevice(server, user, { tls: 'direct' })
  await expect(client).nothing()
  await client.close()
  await removeUser(server, user)
}

const discovery: Trial = alone(async (alice) => {
  advertises(
    await said(alice),
    'http://jabber.org/protocol/disco#info',
    'http://jabber.org/protocol/disco#items',
    'server/im',
  )
  assert.ok((await services(alice)).includes('upload.localhost'))
  advertises(await said(alice, 'upload.localhost'), 'urn:xmpp:http:upload:0')
  advertises(await said(alice, alice.jid.bare), 'account/registered')
})

/** XEP-0115: the hash in the stream features stands for what the server tells of itself. */
const broadcasts: Trial = alone(async (alice) => {
  const caps = readCaps(alice.features!, ['v1'])!
  advertises(await said(alice), 'http://jabber.org/protocol/caps')
  const query = DiscoInfo.in(await alice.request(get(DiscoInfo({ node: caps.node }), 'localhost')))!
  assert.equal(capsHash(query.with({ node: undefined }), 'v1', caps.algo!), caps.value)
})

async function joined(server: Server, domain: string): Promise<RawConnection> {
  const raw = await openRaw({ host: '127.0.0.1', port: portOf(server, 'Components') })
  raw.sendRaw(
    `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='${domain}'>`,
  )
  const [, id = ''] = / id='([^']+)'/.exec((await raw.readUntil('>')).toString())!
  raw.sendRaw(`<handshake>${handshakeProof(id, SECRET)}</handshake>`)
  await raw.readUntil('<handshake')
  return raw
}

const components: Trial = alone(async (alice, { server }) => {
  const component = await joined(server, 'robot.localhost')
  assert.ok((await services(alice)).includes('robot.localhost'))
  alice.send(chat('anybody@robot.localhost', 'are you there?'))
  await component.readUntil('are you there?')
  component.sendRaw(`<message from='it@robot.localhost' to='${alice.jid}' type='chat'><body>yes</body></message>`)
  await expect(alice).message({ body: 'yes', from: 'it@robot.localhost' })
  component.destroy()
  await component.closed
})

const MOOD = 'http://jabber.org/protocol/mood'

/** Becomes available as a client that wants events of a node, and tells that when it is asked. */
async function interested(device: Client, node: string): Promise<void> {
  const info = buildDiscoInfo({ identities: [{ category: 'client', type: 'pc' }], features: [`${node}+notify`] })
  device.send(Presence({}, buildCaps('sha-1', 'http://client.example', capsHash(info, 'v1', 'sha-1')!)))
  const asked = await device.receive((stanza) => stanza.attr('type') === 'get' && DiscoInfo.in(stanza) !== undefined)
  device.send(Iq({ type: 'result', id: asked.attr('id'), to: asked.attr('from') }, info))
  await device.barrier()
}

const eventing: Trial = between(async ({ alice, bob }) => {
  const features = ['publish', 'auto-create', 'auto-subscribe', 'filtered-notifications', 'last-published']
  advertises(await said(alice, alice.jid.bare), 'pubsub/pep', ...features.map((name) => `${PUBSUB_NS}#${name}`))
  await interested(bob, MOOD)
  const item = PubsubItem({ id: 'now' }, tag(MOOD, 'mood')({}, tag(MOOD, 'happy')()))
  await alice.request(set(Pubsub({}, PubsubPublish({ node: MOOD }, item))))
  const message = await bob.receive((stanza) => PubsubEvent.in(stanza) !== undefined, { what: 'an event' })
  assert.equal(message.attr('from'), alice.jid.bare.toString())
  assert.equal(EventItem.in(EventItems.in(PubsubEvent.in(message)!)!)?.attr('id'), 'now')
})

/** Both: a user of each writes to the other. */
const browsers: Trial = async ({ server }) => {
  const base = `127.0.0.1:${portOf(server, 'BOSH')}`
  const [romeo, juliet] = [await freshUser(server, 'romeo'), await freshUser(server, 'juliet')]
  const bosh = new Bosh(`http://${base}/http-bind`)
  await bosh.logIn(romeo.username, romeo.password)
  const frames = await Frames.connect(`ws://${base}/ws-xmpp`)
  const to = await frames.logIn('localhost', juliet.username, juliet.password)
  const sent = bosh.ask(`<message xmlns='jabber:client' to='${to}' type='chat'><body>by BOSH</body></message>`)
  assert.match(await frames.next(), /by BOSH/)
  frames.close()
  await bosh.next('', { type: 'terminate' })
  await sent.answer
  for (const user of [romeo, juliet]) await removeUser(server, user)
}

const found: Trial = async ({ server }) => {
  const answer = await fetch(`http://127.0.0.1:${portOf(server, 'WebSocket')}/.well-known/host-meta.json`)
  const { links } = (await answer.json()) as { links: { rel: string; href: string }[] }
  const kinds = new Map(links.map(({ rel, href }) => [rel, href]))
  assert.equal(kinds.get('urn:xmpp:alt-connections:websocket'), 'wss://chat.example/ws-xmpp')
  assert.equal(kinds.get('urn:xmpp:alt-connections:xbosh'), 'https://chat.example/http-bind')
}

/** By the names of the lines, without their specifications. */
export const coreTrials: Readonly<Record<string, Trial>> = {
  'Core: Core features': streams,
  'Core: TLS': tls,
  'Core: Direct TLS': directTls,
  'Core: Feature discovery': discovery,
  'Core: Feature broadcasts': broadcasts,
  'Core: Server extensibility': components,
  'Core: Event publishing': eventing,
  'Web: Web connection mechanisms': browsers,
  'Web: Connection mechanism discovery': found,
}
