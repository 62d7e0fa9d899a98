/** Streams of tests between our server and another one, up to where a domain is known. */
import assert from 'node:assert/strict'
import { dialbackKey, errorCondition } from '@meerkat/protocol'
import { type Story, settle } from '../../testing/story.ts'
import { type Elsewhere, type Federating, type TestPeer, header } from './s2s.fixture.ts'

/** The domain of the other server. */
export const THERE = 'montague.example'
/** The other server claims a domain. */
export const claim = (from = THERE, to = 'example.com'): string =>
  `<db:result from='${from}' to='${to}'>key</db:result>`

/** Answers the question of our server about a key, as the authoritative server. */
export async function vouch(there: Elsewhere, type = 'valid', change: (answer: string) => string = (answer) => answer) {
  const asked = await there.next()
  await asked.hears(/<stream:stream/)
  asked.say(`${header(THERE, 'example.com', " version='1.0' id='v1'")}<stream:features/>`)
  const [, from, to, id] = await asked.hears(/<db:verify from='([^']*)' to='([^']*)' id='([^']*)'>key<\/db:verify>/)
  asked.say(change(`<db:verify from='${to}' to='${from}' id='${id}' type='${type}'/>`))
  return asked
}

/** A stream that has shown its domain. */
export async function joined({ there, peer }: { readonly there: Elsewhere } & Federating): Promise<TestPeer> {
  const romeo = peer().say(header(THERE, 'example.com'))
  await romeo.hears(/<\/stream:features>/)
  romeo.say(claim())
  await vouch(there)
  await romeo.hears(/<db:result from='example\.com' to='montague\.example' type='valid'\/>/)
  return romeo
}

/** Takes our server's stream, and its word for who it is. */
export async function welcomed(there: Elsewhere, features = ''): Promise<TestPeer> {
  const peer = await there.next()
  await peer.hears(/<stream:stream [^>]*from='example\.com' to='montague\.example'/)
  peer.say(`${header(THERE, 'example.com', " version='1.0' id='s1'")}<stream:features>${features}</stream:features>`)
  const [, key] = await peer.hears(/<db:result from='example\.com' to='montague\.example'>([0-9a-f]+)<\/db:result>/)
  assert.equal(key, dialbackKey('secret', { receiving: THERE, originating: 'example.com', streamId: 's1' }))
  peer.say(`<db:result from='${THERE}' to='example.com' type='valid'/>`)
  return peer
}

/** The conditions of the errors that come to Juliet. */
export async function refused(scene: Story, count: number): Promise<(string | undefined)[]> {
  const { received } = scene.device('juliet')
  while (received.length < count) await settle()
  return received.splice(0).map((stanza) => `${stanza.attr('id')} ${errorCondition(stanza)}`)
}
