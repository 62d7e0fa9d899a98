import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Iq, Message, Ping, Presence, StreamError, errorCondition } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { type Device, settle, story } from '../testing/story.ts'
import { Gate, type Held } from './gate.ts'
import type { Registration } from './hooks.ts'
import type { ModuleDeclaration } from './module.ts'
import { connectionLost, sessionKept } from './session.ts'
import { messageToUser } from './stanza-path.ts'

const chat = (body: string) => Message({ type: 'chat', from: 'romeo@example.com/1' }, Body({}, body))
const bodies = (stanzas: readonly Element[]) => stanzas.map((stanza) => text(Body.in(stanza)))
const test = (...hooks: Registration[]): ModuleDeclaration => ({
  key: 'mod_test',
  summary: '',
  specs: [],
  start: () => ({ hooks }),
})

/** Marks what passes, or holds it back. */
class Marker extends Gate {
  readonly mark: string
  holds = false
  #held: Held[] = []

  constructor(mark: string) {
    super()
    this.mark = mark
  }

  pass(stanza: Element): void {
    if (this.holds) this.#held.push({ stanza, at: 1 })
    else this.onward(stanza.withChildren([Body({}, text(Body.in(stanza)) + this.mark)]))
  }

  held(): readonly Held[] {
    return this.#held
  }
}

function gated(device: Device, ...gates: readonly [Marker, 'early' | 'normal' | 'late'][]): void {
  for (const [gate, place] of gates) device.session.addGate(gate, place)
}

describe('gates between a session and its connection', () => {
  it('are passed in the order of their places, whenever they were added', async (t) => {
    const juliet = (await story(t, { modules: [], users: ['juliet'] })).device('juliet')
    juliet.session.deliver(chat('one'))
    gated(juliet, [new Marker(' late'), 'late'], [new Marker(' early'), 'early'], [new Marker(' normal'), 'normal'])
    juliet.session.deliver(chat('two'))
    assert.deepEqual(bodies(juliet.take()), ['one', 'two early normal late'])
  })

  it('hold back what is, seen from the client, oldest first', async (t) => {
    const juliet = (await story(t, { modules: [], users: ['juliet'] })).device('juliet')
    const [early, late] = [new Marker(''), new Marker('')]
    gated(juliet, [early, 'early'], [late, 'late'])
    late.holds = true
    juliet.session.deliver(chat('one'))
    early.holds = true
    juliet.session.deliver(chat('two'))
    assert.deepEqual(bodies(juliet.session.held().map(({ stanza }) => stanza)), ['one', 'two'])
  })
})

describe('a session that has lost its connection', () => {
  it('ends, when nobody keeps it', async (t) => {
    const scene = await story(t, { modules: [], users: ['juliet'] })
    await scene.device('juliet').lose()
    assert.equal(scene.device('juliet').session.closed, true)
    assert.equal(scene.host.directory.size, 0)
  })

  it('is kept by a listener, and ends when it is closed, but not for its silence', async (t) => {
    const kept: unknown[] = []
    const module = test(
      connectionLost.on(() => true),
      sessionKept.on((session) => void kept.push(session)),
    )
    const scene = await story(t, { modules: [[module]], users: ['juliet'] })
    const { session } = scene.device('juliet')
    await scene.device('juliet').lose()
    await scene.device('juliet').lose()
    assert.deepEqual([kept, session.lost, session.closed], [[session], true, false])
    session.connection.close(new StreamError('connection-timeout'))
    assert.equal(session.closed, false)
    session.connection.close(new StreamError('not-authorized'))
    assert.deepEqual([session.closed, scene.host.directory.size], [true, 0])
  })

  it('its client is told when the connection was taken from it', async (t) => {
    const scene = await story(t, { modules: [[test(connectionLost.on(() => true))]], users: ['juliet'] })
    const juliet = scene.device('juliet')
    scene.kernel.loseConnection(juliet.session, 'test', new StreamError('conflict'))
    assert.equal(juliet.closedWith?.condition, 'conflict')
  })
})

describe('what a session held when it ended', () => {
  /** Juliet's session ends with `stanza` held; what Romeo gets for that. */
  async function ended(t: { after(end: () => Promise<void>): void }, stanza: Element): Promise<Element[]> {
    const scene = await story(t, { modules: [], users: ['juliet', 'romeo'] })
    const [juliet, romeo] = [scene.device('juliet'), scene.device('romeo')]
    const gate = new Marker('')
    gate.holds = true
    gated(juliet, [gate, 'late'])
    juliet.session.deliver(stanza)
    await juliet.disconnect()
    return romeo.take()
  }

  it('RFC 6120 §8.2.3: a request is answered with an error', async (t) => {
    const request = Iq({ type: 'get', id: 'x', from: 'romeo@example.com/1', to: 'juliet@example.com/1' }, Ping())
    assert.deepEqual((await ended(t, request)).map(errorCondition), ['service-unavailable'])
  })

  it('answers and presence are of no use to anybody else', async (t) => {
    assert.deepEqual(await ended(t, Iq({ type: 'result', id: 'x', from: 'romeo@example.com/1' })), [])
    assert.deepEqual(await ended(t, Presence({ from: 'romeo@example.com/1' })), [])
  })

  it('is waited for when the server stops', async (t) => {
    const taken: string[] = []
    const slow = messageToUser.on(async ({ stanza }) => {
      await settle()
      taken.push(...bodies([stanza]))
      return true
    })
    const scene = await story(t, { modules: [[test(slow)]], users: ['juliet', 'romeo'] })
    const gate = new Marker('')
    gate.holds = true
    gated(scene.device('juliet'), [gate, 'late'])
    scene.device('juliet').session.deliver(chat('hey'))
    scene.kernel.endSessions(new StreamError('system-shutdown'))
    assert.equal(await scene.kernel.router.idle(5), true)
    assert.deepEqual(taken, ['hey'])
    assert.equal(scene.device('romeo').closedWith?.condition, 'system-shutdown')
    assert.equal(scene.host.directory.size, 0)
  })
})
