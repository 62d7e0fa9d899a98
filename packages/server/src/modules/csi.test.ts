import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, CsiActive, CsiInactive, Iq, Message, Ping, Presence, Show, errorCondition } from '@meerkat/protocol'
import { type Element, tag, text } from '@meerkat/xml'
import { streamFeatures } from '../core/module.ts'
import { DOMAIN, story } from '../testing/story.ts'
import csi from './csi.ts'
import messages from './messages.ts'
import offline from './offline/index.ts'
import ping from './ping.ts'
import presence from './presence/index.ts'
import streamManagement from './stream-management/index.ts'
import { enable, resume } from './stream-management/balcony.fixture.ts'

const JULIET = `juliet@${DOMAIN}`
const chat = (body: string): Element => Message({ to: JULIET, type: 'chat' }, Body({}, body))
const online = (show: string): Element => Presence({ to: `${JULIET}/1` }, Show({}, show))

/** Juliet's phone rests; Romeo is there. */
async function night(t: { after(end: () => Promise<void>): void }, section: Record<string, unknown> = {}) {
  const scene = await story(t, {
    modules: [[messages], [presence], [offline], [ping], [csi, section], [streamManagement]],
    users: ['romeo/1', 'juliet/1'],
  })
  const [romeo, juliet] = [scene.device('romeo/1'), scene.device('juliet/1')]
  await juliet.send(Presence())
  juliet.take()
  await juliet.say(CsiInactive())
  return { scene, romeo, juliet }
}

/** What the stanzas say, in a word each. */
const words = (stanzas: readonly Element[]): string[] =>
  stanzas.map((stanza) => text(Body.in(stanza)) || text(Show.in(stanza)) || `${stanza.name} ${stanza.attr('type')}`)

describe('XEP-0352 §4: an inactive client', () => {
  it('is something the server knows about, and tells nobody', async (t) => {
    const { scene, romeo } = await night(t)
    const features = await scene.host.hooks.fold(streamFeatures, [], DOMAIN)
    assert.ok(features.some(({ name, ns }) => name === 'csi' && ns === 'urn:xmpp:csi:0'))
    assert.deepEqual(romeo.take(), [])
    assert.equal(await romeo.say(tag('urn:xmpp:csi:0', 'asleep')()), false)
  })

  it('gets nothing until it is active, and then everything in order', async (t) => {
    const { romeo, juliet } = await night(t)
    await romeo.send(chat('1'))
    await romeo.send(online('away'))
    await romeo.send(chat('2'))
    assert.deepEqual(juliet.take(), [])
    await juliet.say(CsiActive())
    assert.deepEqual(words(juliet.take()), ['1', 'away', '2'])
    await romeo.send(chat('3'))
    assert.deepEqual(words(juliet.take()), ['3'])
  })

  it('gets all of it when there is more than buffer_max, and then waits again', async (t) => {
    const { romeo, juliet } = await night(t, { buffer_max: 2 })
    for (const body of ['1', '2']) await romeo.send(chat(body))
    assert.deepEqual(juliet.take(), [])
    for (const body of ['3', '4']) await romeo.send(chat(body))
    assert.deepEqual(words(juliet.take()), ['1', '2', '3'])
  })

  it('§3.2: of a contact it gets the latest presence only; subscriptions and rooms are another matter', async (t) => {
    const { scene, romeo, juliet } = await night(t)
    const other = scene.connect('romeo/2')
    for (const show of ['away', 'dnd']) await romeo.send(online(show))
    await other.send(online('xa'))
    await romeo.send(online('chat'))
    const room = Presence({ from: 'room@muc.example/romeo' }, tag('http://jabber.org/protocol/muc#user', 'x')())
    for (let i = 0; i < 2; i++) juliet.session.deliver(room)
    for (let i = 0; i < 2; i++) juliet.session.deliver(Presence({ from: romeo.jid.bare, type: 'subscribe' }))
    await juliet.say(CsiActive())
    const room2 = ['presence undefined', 'presence undefined']
    assert.deepEqual(words(juliet.take()), ['xa', 'chat', ...room2, 'presence subscribe', 'presence subscribe'])
  })

  it('gets requests and answers at once, behind what waits', async (t) => {
    const { romeo, juliet } = await night(t)
    await romeo.send(chat('1'))
    await romeo.send(Iq({ type: 'get', id: 'x', to: juliet.jid }, Ping()))
    assert.deepEqual(words(juliet.take()), ['1', 'iq get'])
    await romeo.send(chat('2'))
    assert.deepEqual(juliet.take(), [])
  })

  it('§5.1: gets what waits before the answer to what it sends', async (t) => {
    const { romeo, juliet } = await night(t)
    await romeo.send(chat('1'))
    await juliet.send(Iq({ type: 'get', id: 'x', to: DOMAIN }, Ping()))
    assert.deepEqual(words(juliet.take()), ['1', 'iq result'])
    await romeo.send(chat('2'))
    await juliet.send(Message({ to: romeo.jid, type: 'chat' }, Body({}, 'half asleep')))
    assert.deepEqual(words(juliet.take()), ['2'])
    assert.deepEqual(words(romeo.take()), ['half asleep'])
  })

  it('loses nothing when it goes: others get it, or it is kept', async (t) => {
    const { scene, romeo, juliet } = await night(t)
    await romeo.send(chat('1'))
    await juliet.disconnect()
    assert.deepEqual(romeo.take().map(errorCondition), [])
    assert.equal(await scene.host.stores.log('offline').count(JULIET), 1)
  })
})

describe('XEP-0352 §5.2: stream management', () => {
  it('what is held back is neither counted nor acknowledged before it is sent, whichever was first', async (t) => {
    const { scene, romeo, juliet } = await night(t)
    await romeo.send(chat('1'))
    const id = await enable(juliet)
    await romeo.send(chat('2'))
    await juliet.say(CsiActive())
    assert.deepEqual(words(juliet.take().filter(({ name }) => name === 'message')), ['1', '2'])
    await juliet.lose()
    const again = await resume(scene, id, 1)
    assert.deepEqual(words(again.received.filter(({ name }) => name === 'message')), ['2'])
  })

  it('a client that resumes is active, and gets what was held back behind what it had been sent', async (t) => {
    const { scene, romeo } = await night(t)
    const tablet = scene.connect('juliet/2')
    const say = (body: string): Promise<void> => romeo.send(chat(body).with({ to: tablet.jid }))
    const id = await enable(tablet)
    await say('1')
    await tablet.say(CsiInactive())
    tablet.take()
    await say('2')
    assert.deepEqual(tablet.take(), [], 'not even a request')
    await tablet.lose()
    await say('3')
    const again = await resume(scene, id, 0)
    await say('4')
    assert.deepEqual(words(again.received.filter(({ name }) => name === 'message')), ['1', '2', '3', '4'])
  })
})

describe('mod_csi, stopped and started', () => {
  it('lets go of what it holds when it stops, and is there again', async (t) => {
    const { scene, romeo, juliet } = await night(t)
    await romeo.send(chat('1'))
    await scene.reconfigure(csi, { buffer_max: 1 })
    assert.deepEqual(words(juliet.take()), ['1'])
    await juliet.say(CsiInactive())
    for (const body of ['2', '3']) await romeo.send(chat(body))
    assert.deepEqual(words(juliet.take()), ['2', '3'])
  })
})
