import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { Body, Message, Presence, makeJid } from '@meerkat/protocol'
import messages from '../../modules/messages.ts'
import { settle, story } from '../../testing/story.ts'
import type { Dns } from './dns.ts'
import type { S2sOptions } from './options.ts'
import { at, elsewhere, federating, header, s2sOptions } from './s2s.fixture.ts'
import { THERE, refused, welcomed } from './shown.fixture.ts'

type Context = Parameters<typeof story>[0]

const ROMEO = `romeo@${THERE}`
const chat = (body: string, to = ROMEO) => Message({ to, type: 'chat', id: body }, Body({}, body))

async function verona(t: Context, changes: Partial<S2sOptions> = {}, dns?: Dns) {
  const scene = await story(t, { modules: [[messages]], users: ['juliet'] })
  const there = await elsewhere(t)
  const s2s = { addresses: at(THERE, there.port), ...changes }
  const { federation } = await federating(t, scene, { s2s, ...(dns !== undefined && { dns }) })
  return { scene, there, federation, juliet: scene.device('juliet') }
}

test('XEP-0220 §2.1: our server shows its domain, and what waited goes in order', async (t) => {
  const { there, juliet, federation } = await verona(t)
  for (const body of ['1', '2', '3']) await juliet.send(chat(body))
  const peer = await welcomed(there)
  await peer.hears(/<body>1<\/body>.*<body>2<\/body>.*<body>3<\/body>/)
  await juliet.send(chat('4'))
  const [stanza] = await peer.hears(/<message [^>]*id='4'.*<\/message>/)
  assert.match(stanza, /from='juliet@example\.com\/1'/)
  assert.doesNotMatch(stanza, /xmlns/)
  assert.deepEqual([there.count(), federation.size], [1, 1])
})

test('S78: what waits for a domain is bounded in stanzas and in bytes', async (t) => {
  const { scene, juliet } = await verona(t, { queueStanzas: 3, queueBytes: 10_000 })
  for (const body of ['1', '2', '3', '4']) await juliet.send(chat(body))
  assert.deepEqual(await refused(scene, 1), ['4 resource-constraint'])
  await juliet.send(chat('x'.repeat(20_000), 'romeo@other.example'))
  assert.match((await refused(scene, 1))[0] ?? '', /x resource-constraint$/)
})

test('S78: what waits for too long goes back, whatever the other server does', async (t) => {
  const { scene, there, juliet } = await verona(t, { queueTimeoutMs: 20_000, stateTimeoutMs: 1_000_000 })
  await juliet.send(chat('1'))
  const silent = await there.next()
  await silent.hears(/<stream:stream/)
  await scene.wait(19)
  assert.deepEqual(juliet.received, [])
  await scene.wait(2)
  assert.deepEqual(await refused(scene, 1), ['1 remote-server-timeout'])
})

test('S78: a domain that nobody serves is not looked for again at once', async (t) => {
  let asked = 0
  const dns: Dns = {
    srv: async () => {
      asked++
      return []
    },
    addresses: async () => [],
  }
  const { scene, juliet } = await verona(t, {}, dns)
  await juliet.send(chat('1', 'romeo@nowhere.example'))
  assert.deepEqual(await refused(scene, 1), ['1 remote-server-not-found'])
  const before = asked
  for (const body of ['2', '3']) await juliet.send(chat(body, 'romeo@nowhere.example'))
  assert.deepEqual(await refused(scene, 2), ['2 remote-server-not-found', '3 remote-server-not-found'])
  assert.equal(asked, before)
  await scene.wait(2)
  await juliet.send(chat('4', 'romeo@nowhere.example'))
  assert.deepEqual(await refused(scene, 1), ['4 remote-server-not-found'])
  assert.equal(asked, before * 2)
})

test('S10: a server that does not go on is given up', async (t) => {
  const { scene, there, juliet } = await verona(t)
  await juliet.send(chat('1'))
  const silent = await there.next()
  await silent.hears(/<stream:stream/)
  await scene.wait(6)
  assert.deepEqual(await refused(scene, 1), ['1 remote-server-timeout'])
  assert.match(await silent.ends(), /<connection-timeout/)
})

test('S73: nothing is said in clear to a server that offers no TLS, unless it may be', async (t) => {
  const tls = { ...s2sOptions().tls, mode: 'starttls_required' } as const
  const { scene, there, juliet } = await verona(t, { tls })
  await juliet.send(chat('secret'))
  const peer = await there.next()
  await peer.hears(/<stream:stream/)
  peer.say(`${header(THERE, 'example.com', " version='1.0' id='s1'")}<stream:features/>`)
  assert.doesNotMatch(await peer.ends(), /db:result|secret/)
  assert.deepEqual(await refused(scene, 1), ['secret remote-server-timeout'])
})

test('S20: what stands behind proceed in clear is not read', async (t) => {
  const tls = { ...s2sOptions().tls, context: () => createSecureContext() }
  const { scene, there, juliet } = await verona(t, { tls })
  await juliet.send(chat('1'))
  const peer = await there.next()
  await peer.hears(/<stream:stream/)
  const starttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
  peer.say(`${header(THERE, 'example.com', " version='1.0' id='s1'")}<stream:features>${starttls}</stream:features>`)
  await peer.hears(/<starttls/)
  peer.say(`<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><stream:features/>`)
  await peer.ends()
  assert.deepEqual(await refused(scene, 1), ['1 remote-server-timeout'])
})

test('S71: stanzas on a stream of ours, and claims, change nothing', async (t) => {
  const { there, juliet } = await verona(t)
  await juliet.send(chat('1'))
  const peer = await welcomed(there)
  await peer.hears(/<body>1/)
  peer.say(`<message from='${ROMEO}' to='juliet@example.com/1'><body>smuggled</body></message>`)
  peer.say(`<db:result from='other.example' to='example.com' type='valid'/>`)
  await juliet.send(chat('2'))
  await peer.hears(/<body>2/)
  assert.deepEqual(juliet.received, [])
})

test('a stream that the other server has closed is opened again when there is something to say', async (t) => {
  const { there, juliet } = await verona(t)
  await juliet.send(chat('1'))
  const peer = await welcomed(there)
  await peer.hears(/<body>1/)
  peer.say('</stream:stream>')
  await peer.ends()
  await juliet.send(chat('2'))
  await (await welcomed(there)).hears(/<body>2/)
  assert.deepEqual(juliet.received, [])
})

test('what has not left when a connection is lost goes over the next one, in order', async (t) => {
  const { there, juliet } = await verona(t, { queueBytes: 100_000_000 })
  await juliet.send(chat('first'))
  const peer = await welcomed(there)
  await peer.hears(/first/)
  peer.socket.pause()
  const padding = 'x'.repeat(100_000)
  const count = 80
  for (let i = 0; i < count; i++) await juliet.send(chat(`${i} ${padding}`))
  peer.socket.destroy()
  const next = await welcomed(there)
  await next.hears(new RegExp(`<body>${count - 1} `))
  const numbers = [...next.heard.matchAll(/<body>(\d+) /g)].map(([, number]) => Number(number))
  // What the operating system had taken may be lost or not; from the first that it had not, nothing is.
  assert.ok(numbers.length > 10, `${numbers.length} came`)
  assert.deepEqual(
    numbers,
    Array.from({ length: numbers.length }, (_, i) => count - numbers.length + i),
  )
  assert.deepEqual(juliet.received, [])
})

test('an idle connection is closed, and opened again when there is something to say', async (t) => {
  const { scene, there, juliet, federation } = await verona(t, { streamTimeoutMs: 60_000 })
  await juliet.send(chat('1'))
  const peer = await welcomed(there)
  await peer.hears(/<body>1/)
  await scene.wait(61)
  assert.match(await peer.ends(), /<\/stream:stream>$/)
  assert.equal(federation.size, 0)
  await juliet.send(chat('2'))
  await (await welcomed(there)).hears(/<body>2/)
})

test('the shaper of outgoing connections lets so many bytes pass', async (t) => {
  let paused = 0
  const shaper = () => () => (paused++ === 0 ? 5000 : 0)
  const { scene, there, juliet } = await verona(t, { shaper })
  await juliet.send(chat('1'))
  const peer = await welcomed(there)
  await peer.hears(/<body>1/)
  await juliet.send(chat('2'))
  await settle()
  assert.doesNotMatch(peer.heard, /<body>2/)
  await scene.wait(6)
  await peer.hears(/<body>2/)
})

test('host_policy, and what is below our own domains: nobody is asked', async (t) => {
  const { scene, there, juliet } = await verona(t, { allows: (domain) => domain !== THERE })
  await juliet.send(chat('1'))
  await juliet.send(chat('2', 'romeo@rooms.example.com'))
  assert.deepEqual(await refused(scene, 2), ['1 not-allowed', '2 remote-server-not-found'])
  assert.equal(there.count(), 0)
})

test('route_subdomains: subdomains that nobody serves here may be elsewhere', async (t) => {
  const rooms = await elsewhere(t)
  const { juliet } = await verona(t, { routeSubdomains: true, addresses: at('rooms.example.com', rooms.port) })
  await juliet.send(Presence({ to: 'romeo@rooms.example.com' }))
  await (await rooms.next()).hears(/<stream:stream [^>]*to='rooms\.example\.com'/)
})

test('S59: a stanza from elsewhere for elsewhere goes nowhere, and no error comes of it', async (t) => {
  const { scene, there } = await verona(t)
  const [from, to] = [makeJid('x', 'other.example'), makeJid('romeo', THERE)]
  await scene.kernel.router.enter(chat('1').with({ from, to }), from, to, 's2s')
  await settle()
  assert.equal(there.count(), 0)
})
