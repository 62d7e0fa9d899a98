import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { Body, dialbackKey } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import { generate } from 'selfsigned'
import messages from '../../modules/messages.ts'
import { settle, story } from '../../testing/story.ts'
import { type Elsewhere, type Federating, at, elsewhere, federating, header } from './s2s.fixture.ts'
import { THERE, claim, joined, vouch } from './shown.fixture.ts'

type Context = Parameters<typeof story>[0]

const error = (condition: string): RegExp =>
  new RegExp(`<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>.*</stream:stream>$`)
const message = (from: string, to = 'juliet@example.com/1', body = 'hi'): string =>
  `<message from='${from}' to='${to}' type='chat'><body>${body}</body></message>`

/** Juliet at our server, and a server elsewhere that answers for its domain. */
async function verona(
  t: Context,
): Promise<{ there: Elsewhere; scene: Awaited<ReturnType<typeof story>> } & Federating> {
  const scene = await story(t, { modules: [[messages]], users: ['juliet'] })
  const there = await elsewhere(t)
  return { scene, there, ...(await federating(t, scene, { s2s: { addresses: at(THERE, there.port) } })) }
}

async function bodies(scene: Awaited<ReturnType<typeof story>>, count: number): Promise<string[]> {
  const { received } = scene.device('juliet')
  while (received.length < count) await settle()
  return received.splice(0).map((stanza) => text(Body.in(stanza)))
}

test('XEP-0220 §2.1: a domain is known once its own server has said so, and stanzas come from then on', async (t) => {
  const city = await verona(t)
  const romeo = await joined(city)
  romeo.say(message(`romeo@${THERE}/x`, 'juliet@example.com/1', 'hello &amp; more'))
  assert.deepEqual(await bodies(city.scene, 1), ['hello & more'])
})

test('XEP-0220 §2.1.1: a key that is not that of its domain ends the stream', async (t) => {
  const { there, peer, scene } = await verona(t)
  const romeo = peer().say(`${header(THERE, 'example.com')}${claim()}`)
  await vouch(there, 'invalid')
  assert.match(await romeo.ends(), /type='invalid'\/><\/stream:stream>$/)
  assert.equal(scene.kernel.counters.s2sAuthFailed, 1)
})

test('S71: answers that nobody has asked for make no domain known', async (t) => {
  const { there, peer } = await verona(t)
  for (const name of ['result', 'verify']) {
    const romeo = peer().say(header(THERE, 'example.com'))
    romeo.say(`<db:${name} from='${THERE}' to='example.com' id='x' type='valid'/>${message(`romeo@${THERE}`)}`)
    assert.match(await romeo.ends(), /<policy-violation/)
  }
  assert.equal(there.count(), 0)
})

test('S71: an answer about another domain, or another stream, is none', async (t) => {
  const { there, peer, scene } = await verona(t)
  const wrong: ((answer: string) => string)[] = [
    (answer) => answer.replace(`from='${THERE}'`, "from='other.example'"),
    (answer) => answer.replace(/ id='[^']*'/, " id='another'"),
  ]
  for (const change of wrong) {
    const romeo = peer().say(`${header(THERE, 'example.com')}${claim()}`)
    await vouch(there, 'valid', change)
    await settle()
    await scene.wait(6)
    assert.match(await romeo.ends(), /type='error'><error .*remote-server-timeout/)
  }
})

test('XEP-0220 §2.2: keys of our own are known, those of others are not', async (t) => {
  const { peer } = await verona(t)
  const asking = peer().say(header('other.example', 'example.com'))
  const key = dialbackKey('secret', { receiving: 'other.example', originating: 'example.com', streamId: 's1' })
  const ask = (words: string, id: string): string =>
    `<db:verify from='other.example' to='example.com' id='${id}'>${words}</db:verify>`
  asking.say(ask(key, 's1'))
  await asking.hears(/<db:verify from='example\.com' to='other\.example' id='s1' type='valid'\/>/)
  asking.say(ask(key, 's2'))
  await asking.hears(/id='s2' type='invalid'\/>/)
  asking.say(`<db:verify from='other.example' to='nowhere.example' id='s3'>${key}</db:verify>`)
  await asking.hears(/id='s3' type='error'><error type='cancel'><item-not-found/)
})

const { private: key, cert } = await generate([{ name: 'commonName', value: 'example.com' }], { algorithm: 'sha256' })
const context = () => createSecureContext({ key, cert })

test('S73: where TLS is required nothing but STARTTLS is offered, and no dialback is taken in clear', async (t) => {
  const scene = await story(t, { modules: [], users: [] })
  const { peer } = await federating(t, scene, { listener: { tls: { mode: 'starttls_required', context } } })
  const romeo = peer().say(header(THERE, 'example.com'))
  const [features] = await romeo.hears(/<stream:features>.*<\/stream:features>/)
  assert.match(features, /^<stream:features><starttls [^>]*><required\/><\/starttls><\/stream:features>$/)
  romeo.say(claim())
  assert.match(await romeo.ends(), /<policy-violation/)
})

test('S20: what stands behind starttls in clear ends the connection', async (t) => {
  const scene = await story(t, { modules: [], users: [] })
  const { peer } = await federating(t, scene, { listener: { tls: { mode: 'starttls_required', context } } })
  const romeo = peer().say(
    `${header(THERE, 'example.com')}<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>${claim()}`,
  )
  assert.doesNotMatch(await romeo.ends(), /proceed|db:result/)
})

test('S74: stanzas come only from domains that were shown on this stream, and to those they were shown to', async (t) => {
  const city = await verona(t)
  for (const [stanza, condition] of [
    [message('romeo@other.example'), 'invalid-from'],
    [message('juliet@example.com'), 'invalid-from'],
    [message(`romeo@${THERE}`, 'juliet@elsewhere.example'), 'host-unknown'],
    [`<message to='juliet@example.com'/>`, 'improper-addressing'],
    [`<message from='romeo@${THERE}'/>`, 'improper-addressing'],
    [`<message from='romeo@${THERE}' to='@@'/>`, 'improper-addressing'],
  ] as const) {
    const romeo = await joined(city)
    romeo.say(stanza)
    assert.match(await romeo.ends(), error(condition))
  }
  assert.deepEqual(city.scene.device('juliet').received, [])
})

test('S18: a stanza before any domain is known ends the stream', async (t) => {
  const { peer } = await verona(t)
  const romeo = peer().say(`${header(THERE, 'example.com')}${message(`romeo@${THERE}`)}`)
  assert.match(await romeo.ends(), error('not-authorized'))
})

test('RFC 6120 §4.9: headers that are for nobody here, of another kind or another age', async (t) => {
  const { peer } = await verona(t)
  const client = header(THERE, 'example.com').replace('jabber:server', 'jabber:client')
  for (const [words, condition] of [
    [header(THERE, 'nowhere.example'), 'host-unknown'],
    [header(THERE, undefined), 'improper-addressing'],
    [header('@', 'example.com'), 'improper-addressing'],
    [header(THERE, 'example.com', ''), 'unsupported-version'],
    [client, 'invalid-namespace'],
    [`${header(THERE, 'example.com')}<x/>`, 'not-authorized'],
  ] as const)
    assert.match(await peer().say(words).ends(), error(condition))
})

test('S5: before a domain is known an element has 8 KiB', async (t) => {
  const { peer } = await verona(t)
  const romeo = peer().say(`${header(THERE, 'example.com')}<db:result from='`)
  romeo.say('x'.repeat(9000))
  assert.match(await romeo.ends(), error('policy-violation'))
})

test('S10: who shows no domain has half a minute, whatever else it says', async (t) => {
  const { peer, scene } = await verona(t)
  const romeo = peer().say(header(THERE, 'example.com'))
  await romeo.hears(/<\/stream:features>/)
  await scene.wait(20)
  romeo.say(' ')
  await settle()
  await scene.wait(11)
  assert.match(await romeo.ends(), error('connection-timeout'))
})

test('S9: connections of one address that have shown no domain are bounded', async (t) => {
  const scene = await story(t, { modules: [], users: [] })
  const { peer } = await federating(t, scene, { listener: { maxUnauthenticatedPerIp: 2 } })
  const two = [peer(), peer()].map((each) => each.say(header(THERE, 'example.com')))
  for (const each of two) await each.hears(/<\/stream:features>/)
  assert.equal(await peer().say(header(THERE, 'example.com')).ends(), '')
  assert.equal(scene.kernel.counters.connectionsRefused, 1)
})

test('S77: nobody claims a domain of ours, and our own are never asked', async (t) => {
  const { peer, there } = await verona(t)
  const romeo = peer().say(`${header('example.com', 'example.com')}${claim('example.com')}`)
  assert.match(await romeo.ends(), /type='error'><error type='cancel'><not-allowed/)
  assert.equal(there.count(), 0)
})

test('S59: an error from elsewhere is never answered, whoever it is for', async (t) => {
  const city = await verona(t)
  const romeo = await joined(city)
  romeo.say(`<message from='romeo@${THERE}' to='nobody@example.com' type='error'/>`)
  romeo.say(`<iq from='romeo@${THERE}' to='nobody@example.com' type='result' id='q'/>`)
  romeo.say(message(`romeo@${THERE}/x`))
  assert.deepEqual(await bodies(city.scene, 1), ['hi'])
  // The one connection was for the key: nothing was to be sent back.
  assert.equal(city.there.count(), 1)
})

test('S58: a request with no child, and a malformed recipient, are answered; the stream goes on', async (t) => {
  const city = await verona(t)
  const romeo = await joined(city)
  romeo.say(`<iq from='romeo@${THERE}' to='juliet@example.com' type='get' id='q1'/>`)
  const back = await city.there.next()
  await back.hears(/<stream:stream/)
  back.say(`${header(THERE, 'example.com', " version='1.0' id='b1'")}<stream:features/>`)
  await back.hears(/<db:result/)
  back.say(`<db:result from='${THERE}' to='example.com' type='valid'/>`)
  await back.hears(/<iq [^>]*id='q1'.*<bad-request/)
  romeo.say(message(`romeo@${THERE}`, `juliet@example.com/${'x'.repeat(2000)}`))
  await back.hears(/<jid-malformed/)
  romeo.say(message(`romeo@${THERE}`))
  assert.deepEqual(await bodies(city.scene, 1), ['hi'])
})

test('S77: a stream that has shown nothing makes our server ask about two domains at once, no more', async (t) => {
  const others = ['a.example', 'b.example', 'c.example']
  const names = { srv: () => new Promise<never>(() => undefined), addresses: async () => [] }
  const scene = await story(t, { modules: [] })
  const slow = await federating(t, scene, { dns: names })
  const romeo = slow.peer().say(header(THERE, 'example.com') + others.map((domain) => claim(domain)).join(''))
  assert.match(await romeo.ends(), /to='c\.example' type='error'><error type='cancel'><resource-constraint/)
})
