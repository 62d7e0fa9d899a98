import assert from 'node:assert/strict'
import { test } from 'node:test'
import mam from '../../modules/mam/index.ts'
import messages from '../../modules/messages.ts'
import { heldDatabase } from '../../modules/stream-management/balcony.fixture.ts'
import { type StoryOptions, settle, story } from '../../testing/story.ts'
import { type FederatingOptions, type TestPeer, at, elsewhere, federating, header } from './s2s.fixture.ts'
import { THERE, joined, welcomed } from './shown.fixture.ts'

type Context = Parameters<typeof story>[0]

const SM = "xmlns='urn:xmpp:sm:3'"
const ENABLE = `<enable ${SM}/>`
const REQUEST = `<r ${SM}/>`
const failed = (condition: string): RegExp => new RegExp(`<failed ${SM}><${condition} [^>]*/></failed>`)
const message = (to = 'juliet@example.com/1', body = 'hi'): string =>
  `<message from='romeo@${THERE}/x' to='${to}' type='chat'><body>${body}</body></message>`

async function verona(t: Context, options: FederatingOptions = {}, more: Partial<StoryOptions> = {}) {
  const scene = await story(t, { modules: [[messages]], users: ['juliet'], ...more })
  const there = await elsewhere(t)
  const s2s = { addresses: at(THERE, there.port), ...options.s2s }
  return { scene, there, ...(await federating(t, scene, { ...options, s2s })) }
}

/** A stream whose stanzas are counted. */
async function counted(city: Awaited<ReturnType<typeof verona>>): Promise<TestPeer> {
  const romeo = await joined(city)
  romeo.say(ENABLE)
  await romeo.hears(new RegExp(`<enabled ${SM}/>`))
  return romeo
}

test('XEP-0198 §2 and §3: offered where stanzas may come next; enabling has to wait for a domain', async (t) => {
  const city = await verona(t)
  const romeo = city.peer().say(header(THERE, 'example.com') + ENABLE)
  await romeo.hears(new RegExp(`<stream:features>.*<sm ${SM}/></stream:features>`))
  await romeo.hears(failed('unexpected-request'))
  await counted(city)
})

test('XEP-0198 §4: whatever has come counts from then on, also what goes nowhere', async (t) => {
  const city = await verona(t)
  const romeo = await joined(city)
  romeo.say(message() + REQUEST + ENABLE + message() + REQUEST)
  await romeo.hears(new RegExp(`<enabled ${SM}/><a ${SM} h='1'/>`))
  romeo.say(message('nobody@example.com') + message(`juliet@example.com/${'x'.repeat(2000)}`))
  romeo.say(`<message from='@${THERE}' to='juliet@example.com'/>`)
  romeo.say(`<presence from='romeo@${THERE}' to='juliet@example.com'/>${REQUEST}`)
  await romeo.hears(/ h='5'/)
  assert.doesNotMatch(romeo.heard, / h='0'/, 'who has enabled nothing is told nothing')
})

/** Messages are archived, in a store that the test can hold up. */
async function archiving(t: Context) {
  const storage = heldDatabase()
  const access = { mam_lookup_messages: 'default' } as const
  const city = await verona(t, {}, { modules: [[messages], [mam, { pm: {} }]], storage, access })
  return { storage, city, juliet: city.scene.device('juliet'), romeo: await counted(city) }
}

test('design §1.2: acknowledged means stored; what others send need not wait for that', async (t) => {
  const { storage, juliet, romeo } = await archiving(t)
  const release = storage.hold()
  romeo.say(message('juliet@example.com/1', 'kept') + REQUEST)
  romeo.say(`<iq from='tybalt@${THERE}' to='juliet@example.com/1' type='result' id='q'/>${REQUEST}`)
  while (juliet.received.length === 0) await settle()
  assert.equal(juliet.received[0]!.name, 'iq')
  assert.doesNotMatch(romeo.heard, /<a /)
  release()
  await romeo.hears(/<a [^>]* h='2'/)
  assert.equal(juliet.received.length, 2)
})

test('design §1.2: a stanza whose commit fails is handled: its sender is told', async (t) => {
  const { storage, juliet, romeo, city } = await archiving(t)
  storage.fail()
  romeo.say(message('juliet@example.com', 'lost') + REQUEST)
  await romeo.hears(/<a [^>]* h='1'/)
  const back = await welcomed(city.there)
  await back.hears(/<message [^>]*type='error'[^>]*>.*<internal-server-error/)
  assert.deepEqual(juliet.received, [])
})

test('XEP-0198 §7: a stream that ends says how much was handled, when that is stored', async (t) => {
  const { storage, romeo } = await archiving(t)
  const release = storage.hold()
  romeo.say(`${message('juliet@example.com', 'last words')}</stream:stream>`)
  await settle()
  assert.doesNotMatch(romeo.heard, /<a |<\/stream:stream>/)
  release()
  assert.match(await romeo.ends(), new RegExp(`<a ${SM} h='1'/></stream:stream>$`))
})

test('R20: a store that does not answer keeps no stream from ending', async (t) => {
  const { storage, romeo, city } = await archiving(t)
  const release = storage.hold()
  romeo.say(`${message('juliet@example.com', 'last words')}</stream:stream>`)
  while (city.scene.kernel.traffic.elements('s2s', 'example.com').in.messages === 0) await settle()
  await settle()
  await city.scene.wait(4)
  assert.match(await romeo.ends(), new RegExp(`<a ${SM} h='0'/></stream:stream>$`))
  release()
})

test('XEP-0198 §3, §5 and §6: what fails is told, and the stream goes on', async (t) => {
  const city = await verona(t)
  const romeo = await counted(city)
  romeo.say(ENABLE)
  await romeo.hears(failed('unexpected-request'))
  romeo.say(`<resume ${SM} previd='x' h='0'/>`)
  await romeo.hears(failed('feature-not-implemented'))
  romeo.say(message() + REQUEST)
  await romeo.hears(/ h='1'/)
})

test('S49, XEP-0198 §6: over this stream nothing was sent that could be acknowledged', async (t) => {
  const city = await verona(t)
  for (const h of ['1', '', '-1', '4294967296']) {
    const romeo = await counted(city)
    romeo.say(`<a ${SM} h='0'/><a ${SM} h='${h}'/>`)
    assert.match(await romeo.ends(), /<undefined-condition.*<handled-count-too-high [^>]*send-count='0'/)
  }
})

test('S49: what is no element of stream management ends the stream', async (t) => {
  const romeo = await counted(await verona(t))
  assert.match(await romeo.say(`<x ${SM}/>`).ends(), /<unsupported-stanza-type/)
})

test('stream_management.enabled = false: not offered, and not taken', async (t) => {
  const city = await verona(t, { s2s: { acks: undefined } })
  const romeo = await joined(city)
  assert.doesNotMatch(romeo.heard, /<sm /)
  romeo.say(ENABLE)
  await romeo.hears(failed('feature-not-implemented'))
  romeo.say(message() + REQUEST)
  while (city.scene.device('juliet').received.length === 0) await settle()
  assert.doesNotMatch(romeo.heard, /<a /)
})
