import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Body, Iq, Message, Ping, Presence } from '@meerkat/protocol'
import messages from '../../modules/messages.ts'
import { settle, story } from '../../testing/story.ts'
import type { AckOptions, S2sOptions } from './options.ts'
import { type Elsewhere, type TestPeer, at, elsewhere, federating, s2sOptions } from './s2s.fixture.ts'
import { THERE, refused, welcomed } from './shown.fixture.ts'

type Context = Parameters<typeof story>[0]

const SM = "xmlns='urn:xmpp:sm:3'"
const REQUEST = `<r ${SM}/>`
const ROMEO = `romeo@${THERE}`
const chat = (body: string) => Message({ to: ROMEO, type: 'chat', id: body }, Body({}, body))

async function verona(t: Context, acks: Partial<AckOptions> = {}, changes: Partial<S2sOptions> = {}) {
  const scene = await story(t, { modules: [[messages]], users: ['juliet'] })
  const there = await elsewhere(t)
  const all = { ...s2sOptions().acks!, ...acks }
  const s2s = { addresses: at(THERE, there.port), acks: all, ...changes }
  const { federation } = await federating(t, scene, { s2s })
  const juliet = scene.device('juliet')
  const say = async (...bodies: readonly string[]) => {
    for (const body of bodies) await juliet.send(chat(body))
  }
  return { scene, there, federation, juliet, say }
}

/** Takes our server's stream, offers acknowledgements, and hears that they are wanted. */
async function counting(there: Elsewhere): Promise<TestPeer> {
  const peer = await welcomed(there, `<sm ${SM}/>`)
  await peer.hears(new RegExp(`<enable ${SM}/>`))
  peer.say(`<enabled ${SM}/>`)
  return peer
}

const acknowledge = (peer: TestPeer, h: number | string): TestPeer => peer.say(`<a ${SM} h='${h}'/>`)
const bodiesOf = (peer: TestPeer): string[] => Array.from(peer.heard.matchAll(/<body>([^<]*)</g), ([, body]) => body!)
const countOf = (text: string, what: string): number => text.split(what).length - 1

test('XEP-0198 §3 and §4: enabled where it is offered; asked behind so many stanzas, or after a second', async (t) => {
  const { scene, there, federation, say } = await verona(t, { askEvery: 3 })
  await say('1', '2', '3', '4')
  const peer = await counting(there)
  await peer.hears(new RegExp(`<body>3</body></message>${REQUEST}<message`))
  await peer.hears(/<body>4</)
  assert.equal(federation.unacknowledged, 4)
  await scene.wait(2)
  assert.equal(countOf(peer.heard, REQUEST), 1, 'one question is under way')
  acknowledge(peer, 3)
  while (federation.unacknowledged > 1) await settle()
  await scene.wait(2)
  await peer.hears(new RegExp(`<body>4</body></message>${REQUEST}$`))
  acknowledge(peer, 4)
  while (federation.unacknowledged > 0) await settle()
  await scene.wait(10)
  assert.equal(countOf(peer.heard, REQUEST), 2, 'there is nothing to ask about')
})

test('XEP-0198 §4: much text is asked about at once', async (t) => {
  const { there, say } = await verona(t)
  await say('x'.repeat(40_000))
  await (await counting(there)).hears(new RegExp(`</message>${REQUEST}`))
})

test('where it is not offered, or refused, nobody is asked', async (t) => {
  const { scene, there, federation, say } = await verona(t, { askEvery: 1 })
  await say('1')
  const first = await welcomed(there)
  await first.hears(/<body>1</)
  assert.doesNotMatch(first.heard, /urn:xmpp:sm/)
  first.say('</stream:stream>')
  await first.ends()
  await say('2')
  const second = await welcomed(there, `<sm ${SM}/>`)
  await second.hears(/<body>2</)
  second.say(`<failed ${SM}><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`)
  while (federation.unacknowledged > 0) await settle()
  await say('3')
  await second.hears(/<body>3</)
  await scene.wait(100)
  assert.equal(second.closed, false)
})

test('stream_management.enabled = false: not asked for', async (t) => {
  const { there, say } = await verona(t, {}, { acks: undefined })
  await say('1')
  const peer = await welcomed(there, `<sm ${SM}/>`)
  await peer.hears(/<body>1</)
  assert.doesNotMatch(peer.heard, /<enable /)
})

test('XEP-0198 §4: what was not acknowledged goes over the next connection, first and in order', async (t) => {
  const { there, federation, juliet, say } = await verona(t)
  await say('1', '2', '3')
  const peer = await counting(there)
  await peer.hears(/<body>3</)
  acknowledge(peer, 1)
  while (federation.unacknowledged !== 2) await settle()
  peer.socket.destroy()
  while (federation.size > 0) await settle()
  await say('4')
  const next = await counting(there)
  await next.hears(/<body>4</)
  assert.deepEqual(bodiesOf(next), ['2', '3', '4'])
  assert.equal(federation.resent, 2)
  acknowledge(next, 3)
  while (federation.unacknowledged > 0) await settle()
  assert.deepEqual(juliet.received, [])
})

test('a server that is away for a while: what was not acknowledged is tried again, and what comes meanwhile waits', async (t) => {
  const { scene, there, federation, juliet, say } = await verona(t, {}, { queueTimeoutMs: 1_000_000 })
  await say('1')
  const peer = await counting(there)
  await peer.hears(/<body>1</)
  peer.socket.destroy()
  const away = await there.next()
  away.socket.destroy()
  await say('2')
  while (there.count() < 3) await scene.wait(1)
  const next = await counting(there)
  await next.hears(/<body>2</)
  assert.deepEqual(bodiesOf(next), ['1', '2'])
  acknowledge(next, 2)
  while (federation.unacknowledged > 0) await settle()
  assert.deepEqual(juliet.received, [])
})

test('a request that changes something is not made twice; those that only ask, answers and presence are', async (t) => {
  const { scene, there, juliet } = await verona(t)
  for (const type of ['set', 'get', 'result'])
    await juliet.send(Iq({ to: `${ROMEO}/x`, type, id: type }, type === 'result' ? undefined : Ping()))
  await juliet.send(Presence({ to: ROMEO, id: 'here' }))
  const peer = await counting(there)
  await peer.hears(/ id='here'/)
  peer.socket.destroy()
  const next = await counting(there)
  await next.hears(/ id='here'/)
  assert.deepEqual(
    Array.from(next.heard.matchAll(/<(?:iq|presence) [^>]*id='(\w+)'/g), ([, id]) => id),
    ['get', 'result', 'here'],
  )
  assert.deepEqual(await refused(scene, 1), ['set remote-server-timeout'])
})

test('S78: a stanza whose connections are lost again and again goes back', async (t) => {
  const { scene, there, federation, say } = await verona(t)
  await say('1')
  for (let i = 0; i < 3; i++) {
    const peer = await counting(there)
    await peer.hears(/<body>1</)
    peer.socket.destroy()
  }
  assert.deepEqual(await refused(scene, 1), ['1 remote-server-timeout'])
  assert.deepEqual([federation.size, there.count(), federation.resent], [0, 3, 2])
})

test('S78: what was not acknowledged, and finds no server any more, goes back in time', async (t) => {
  const { scene, there, say } = await verona(t, {}, { stateTimeoutMs: 1_000_000, queueTimeoutMs: 20_000 })
  await say('1')
  const peer = await counting(there)
  await peer.hears(/<body>1</)
  await scene.wait(30)
  peer.socket.destroy()
  await (await there.next()).hears(/<stream:stream/)
  assert.deepEqual(scene.device('juliet').received, [])
  await scene.wait(21)
  assert.deepEqual(await refused(scene, 1), ['1 remote-server-timeout'])
})

test('S78: what may be on its way is bounded in stanzas and in bytes; the rest waits', async (t) => {
  for (const acks of [{ stanzas: 2 }, { characters: 2500 }]) {
    const { scene, there, federation, say } = await verona(t, acks, { queueStanzas: 3 })
    const padding = 'x'.repeat(1000)
    await say('0')
    const peer = await counting(there)
    await peer.hears(/<body>0</)
    acknowledge(peer, 1)
    while (federation.unacknowledged > 0) await settle()
    await say(...[1, 2, 3, 4, 5, 6].map((number) => `${number}${padding}`))
    await peer.hears(/<body>2/)
    assert.deepEqual([bodiesOf(peer).length, federation.unacknowledged], [3, 2])
    assert.deepEqual(await refused(scene, 1), [`6${padding} resource-constraint`])
    acknowledge(peer, 2)
    await peer.hears(/<body>3/)
    acknowledge(peer, 4)
    await peer.hears(/<body>5/)
    assert.equal(federation.unacknowledged, 2)
  }
})

test('a server that does not answer is given up, and another connection is made', async (t) => {
  const { scene, there, federation, say } = await verona(t, { askEvery: 2, timeoutMs: 30_000 })
  await say('1', '2')
  const silent = await counting(there)
  await silent.hears(/<r /)
  await scene.wait(20)
  acknowledge(silent, 1)
  while (federation.unacknowledged > 1) await settle()
  await scene.wait(2)
  await silent.hears(/<r .*<r /)
  await scene.wait(25)
  assert.equal(silent.closed, false, 'it has answered in between')
  await scene.wait(8)
  const next = await counting(there)
  await next.hears(/<body>2</)
  assert.deepEqual(bodiesOf(next), ['2'])
  assert.match(await silent.ends(), /<connection-timeout.*<\/stream:stream>$/)
})

test('S49, XEP-0198 §6: who acknowledges more than it was sent, or no number, loses the stream', async (t) => {
  const { there, say } = await verona(t)
  await say('1')
  for (const h of ['2', 'x']) {
    const peer = await counting(there)
    await peer.hears(/<body>1</)
    acknowledge(peer, h)
    assert.match(await peer.ends(), /<undefined-condition.*<handled-count-too-high [^>]*send-count='1'/)
  }
  await (await counting(there)).hears(/<body>1</)
})

test('XEP-0198 §4: an old acknowledgement changes nothing, and over our stream nothing comes that is handled', async (t) => {
  const { there, federation, say } = await verona(t)
  await say('1', '2')
  const peer = await counting(there)
  await peer.hears(/<body>2</)
  acknowledge(acknowledge(peer, 2), 1)
  peer.say(`<message from='${ROMEO}' to='juliet@example.com/1'><body>smuggled</body></message>${REQUEST}`)
  await peer.hears(new RegExp(`<a ${SM} h='0'/>`))
  assert.equal(federation.unacknowledged, 0)
})

test('R20: a server that stops has its last stanzas acknowledged before it leaves', async (t) => {
  const { there, federation, juliet, say } = await verona(t)
  await say('1')
  const peer = await counting(there)
  await peer.hears(/<body>1</)
  const closed = federation.close()
  await peer.hears(/<r /)
  assert.doesNotMatch(peer.heard, /<\/stream:stream>/)
  acknowledge(peer, 1)
  assert.match(await peer.ends(), /<\/stream:stream>$/)
  await closed
  assert.deepEqual(juliet.received, [])
})

test('an idle connection is not closed before it is acknowledged what was sent', async (t) => {
  const { scene, there, say } = await verona(t, { timeoutMs: Infinity }, { streamTimeoutMs: 10_000 })
  await say('1')
  const peer = await counting(there)
  await peer.hears(/<body>1</)
  await scene.wait(60)
  await peer.hears(/<r /)
  assert.equal(peer.closed, false)
  acknowledge(peer, 1)
  await settle()
  await scene.wait(21)
  assert.match(await peer.ends(), /<\/stream:stream>$/)
})
