import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Message, Presence } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import { type Device, type Story, settle, story } from '../../testing/story.ts'
import messages from '../messages.ts'
import presence from '../presence/index.ts'
import offline from './index.ts'

type Test = Parameters<typeof story>[0]

const chat = (words: string) => Message({ to: 'juliet@example.com', type: 'chat' }, Body({}, words))
const bodies = (device: Device) =>
  device
    .take()
    .filter(({ name }) => name === 'message')
    .map((message) => text(Body.in(message)))

async function verona(t: Test) {
  const modules: Parameters<typeof story>[1]['modules'] = [[messages], [presence], [offline]]
  const scene = await story(t, { modules, users: ['romeo/orchard'], absent: ['juliet'] })
  return { scene, romeo: scene.device('romeo/orchard') }
}

/** Counts the questions to the store from now on. */
function asked(scene: Story): () => number {
  let count = 0
  const { storage } = scene.kernel
  const query = storage.query.bind(storage)
  storage.query = (...args) => (count++, query(...args))
  return () => count
}

describe('the look into a mailbox when a session begins', () => {
  it('of nothing spares the look when the device takes messages', async (t) => {
    const { scene, romeo } = await verona(t)
    const juliet = scene.connect('juliet/balcony')
    await settle()
    const questions = asked(scene)
    await juliet.send(Presence())
    await romeo.send(chat('1'))
    assert.equal(questions(), 0)
    assert.deepEqual(bodies(juliet), ['1'])
  })

  it('is worth nothing once something was stored', async (t) => {
    const { scene, romeo } = await verona(t)
    const juliet = scene.connect('juliet/balcony')
    await settle()
    await romeo.send(chat('1'))
    await settle()
    await juliet.send(Presence())
    await settle()
    assert.deepEqual(bodies(juliet), ['1'])
  })

  it('nor is one that was under way when something was stored', async (t) => {
    const { scene, romeo } = await verona(t)
    const { storage } = scene.kernel
    const query = storage.query.bind(storage)
    const late = Promise.withResolvers<void>()
    storage.query = async (...args) => {
      const rows = await query(...args)
      await late.promise
      return rows as never[]
    }
    const juliet = scene.connect('juliet/balcony')
    storage.query = query
    await settle()
    await romeo.send(chat('1'))
    late.resolve()
    await settle()
    await juliet.send(Presence())
    await settle()
    assert.deepEqual(bodies(juliet), ['1'])
  })

  it('is forgotten with its first use: what another device leaves behind is found', async (t) => {
    const { scene, romeo } = await verona(t)
    const juliet = scene.connect('juliet/balcony')
    await settle()
    await juliet.send(Presence())
    await juliet.send(Presence({ type: 'unavailable' }))
    await romeo.send(chat('1'))
    await juliet.send(Presence())
    await settle()
    assert.deepEqual(bodies(juliet), ['1'])
  })

  it('of nothing is remembered for the next session, until something is stored', async (t) => {
    const { scene, romeo } = await verona(t)
    const before = scene.connect('juliet/balcony')
    await settle()
    await before.disconnect()
    const questions = asked(scene)
    const juliet = scene.connect('juliet/balcony')
    await settle()
    assert.equal(questions(), 0)
    await romeo.send(chat('1'))
    await settle()
    await juliet.send(Presence())
    await settle()
    assert.deepEqual(bodies(juliet), ['1'])
  })

  it('of nothing is remembered for a session that comes and goes, until something is stored', async (t) => {
    const { scene, romeo } = await verona(t)
    const juliet = scene.connect('juliet/balcony')
    await settle()
    const questions = asked(scene)
    for (const type of [undefined, 'unavailable', undefined, 'unavailable']) await juliet.send(Presence({ type }))
    assert.equal(questions(), 0)
    await romeo.send(chat('1'))
    await juliet.send(Presence())
    await settle()
    assert.deepEqual(bodies(juliet), ['1'])
  })

  it('is made at each session where other nodes may store something', async (t) => {
    const { scene } = await verona(t)
    Object.assign(scene.host, { nodes: { ...scene.host.nodes, possible: true } })
    const before = scene.connect('juliet/balcony')
    await settle()
    await before.disconnect()
    const questions = asked(scene)
    scene.connect('juliet/balcony')
    await settle()
    assert.equal(questions(), 1)
  })

  it('that fails is made again', async (t) => {
    const { scene, romeo } = await verona(t)
    await romeo.send(chat('1'))
    const { storage } = scene.kernel
    const query = storage.query.bind(storage)
    storage.query = () => Promise.reject(new Error('the disk is gone'))
    const juliet = scene.connect('juliet/balcony')
    await settle()
    storage.query = query
    await juliet.send(Presence())
    await settle()
    assert.deepEqual(bodies(juliet), ['1'])
  })
})
