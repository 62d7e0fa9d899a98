import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Message, Presence } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { Gate, type Held, messageUndelivered } from '../../core/module.ts'
import { settle, story } from '../../testing/story.ts'
import messages from '../messages.ts'
import presence from '../presence/index.ts'
import { gateOf, openGate } from './gate.ts'

/** A device whose gate the test closes. */
async function gated(t: Parameters<typeof story>[0]) {
  const scene = await story(t, { modules: [[messages], [presence]], users: ['juliet/balcony'] })
  const device = scene.device('juliet/balcony')
  const { session } = device
  const gate = gateOf(scene.host, session)
  const ids = (): (string | undefined)[] => device.take().map((stanza) => stanza.attr('id'))
  const send = (id: string, from = 'romeo@example.com/orchard'): void => session.deliver(Message({ id, from }))
  return { scene, session, gate, ids, send }
}

/** Does something when the first stanza has passed. */
class Once extends Gate {
  #does: (() => void) | undefined

  constructor(does: () => void) {
    super()
    this.#does = does
  }

  pass(stanza: Element): void {
    this.onward(stanza)
    const does = this.#does
    this.#does = undefined
    does?.()
  }

  held(): readonly Held[] {
    return []
  }
}

describe('the gate of a device that is served', () => {
  it('holds messages of others until the device has arrived and is served, and lets them through in order', async (t) => {
    const { gate, ids, send } = await gated(t)
    gate.arriving = true
    send('1')
    gate.serving = true
    gate.arriving = false
    send('2')
    assert.deepEqual(ids(), [])
    assert.equal(gate.held().length, 2)
    gate.serving = false
    assert.deepEqual(ids(), ['1', '2'])
    assert.equal(gate.held().length, 0)
    send('3')
    assert.deepEqual(ids(), ['3'])
  })

  it('lets through what is no message of others: presence, and what the account tells its own device', async (t) => {
    const { session, gate, ids, send } = await gated(t)
    gate.serving = true
    session.deliver(Presence({ id: 'presence', from: 'romeo@example.com/orchard' }))
    send('result', 'juliet@example.com')
    assert.deepEqual(ids(), ['presence', 'result'])
  })

  it('S50: holds a thousand messages at most', async (t) => {
    const { gate, ids, send } = await gated(t)
    gate.serving = true
    for (let n = 1; n <= 1000; n++) send(String(n))
    assert.deepEqual(ids(), [])
    send('1001')
    assert.equal(ids().length, 1001)
    assert.equal(gate.held().length, 0)
  })

  it('S50: keeps what is behind a message that ends the session, and it goes on its way again', async (t) => {
    const { session, gate, scene, send, ids } = await gated(t)
    gate.serving = true
    for (const id of ['1', '2', '3', '4']) send(id)
    const away: (string | undefined)[] = []
    const keep = messageUndelivered.on(({ stanza }) => (away.push(stanza.attr('id')), true), 'early')
    scene.host.hooks.add('test', keep)
    session.addGate(new Once(() => scene.kernel.endSession(session, 'too much')), 'late')
    gate.serving = false
    await settle()
    assert.deepEqual([ids(), away], [['1'], ['2', '3', '4']])
  })

  it('lets nothing overtake what it is letting through', async (t) => {
    const { session, gate, ids, send } = await gated(t)
    gate.serving = true
    for (const id of ['1', '2']) send(id)
    session.addGate(new Once(() => send('3')), 'late')
    gate.serving = false
    assert.deepEqual(ids(), ['1', '2', '3'])
  })

  it('is opened when nobody serves any more', async (t) => {
    const { session, gate, ids, send } = await gated(t)
    gate.arriving = true
    gate.serving = true
    send('1')
    openGate(session)
    assert.deepEqual(ids(), ['1'])
  })
})
