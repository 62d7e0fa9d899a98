import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  COMMANDS_NS,
  type CommandAnswer,
  CommandTag,
  DiscoInfo,
  DiscoItems,
  ErrorTag,
  Iq,
  buildForm,
  commandError,
  errorCondition,
  parseCommandAnswer,
  parseDiscoInfo,
  parseDiscoItems,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { type ModuleDeclaration, maySeePresence } from '../../core/module.ts'
import { type Device, story } from '../../testing/story.ts'
import disco from '../disco.ts'
import { accountCommands, serverCommands, simpleCommand, stagedCommand } from './hooks.ts'
import adhoc from './index.ts'

const DOMAIN = 'example.com'
const form = (name: string) => buildForm({ type: 'form', title: 'Configure Service' }, [{ var: name }])
const filled = (name: string, value: string) => buildForm({ type: 'submit' }, [{ var: name, value }])

interface Choice {
  readonly stage: 1 | 2
  readonly service: string
}

/** XEP-0050 §2.4.2: configures a service in two stages. */
const configure = stagedCommand<Choice>({
  node: 'config',
  name: 'Configure Service',
  start: () => ({ state: { stage: 1, service: '' }, moves: ['next'], payload: [form('service')] }),
  step({ stage, service }, { move, form: given }) {
    if (move === 'prev') return { state: { stage: 1, service }, moves: ['next'], payload: [form('service')] }
    const chosen = given?.values.get('service')?.[0] ?? service
    if (stage === 1 && chosen === '') throw commandError('bad-payload')
    if (stage === 1)
      return { state: { stage: 2, service: chosen }, moves: ['complete', 'prev'], payload: [form('runlevel')] }
    return { done: true, notes: [{ type: 'info', text: `${chosen} at ${given?.values.get('runlevel')?.[0]}` }] }
  },
})

/** For romeo alone. */
const stop = simpleCommand({
  node: 'stop',
  name: 'Stop Service',
  allows: ({ from }) => from.local === 'romeo',
  run: () => ({ notes: [{ type: 'error', text: 'Cannot be stopped.' }] }),
})

const services: ModuleDeclaration = {
  key: 'mod_services',
  summary: 'Commands for tests.',
  specs: [],
  start: () => ({
    hooks: [
      serverCommands.on((commands) => [...commands, configure, stop]),
      accountCommands.on((commands) => [...commands, stop]),
    ],
  }),
}

async function scenery(t: Parameters<typeof story>[0], section: Record<string, unknown> = {}) {
  const scene = await story(t, {
    modules: [[disco], [adhoc, section], [services]],
    users: ['romeo/1', 'romeo/2', 'juliet'],
  })
  return { scene, romeo: scene.device('romeo/1'), other: scene.device('romeo/2'), juliet: scene.device('juliet') }
}

type Attributes = Readonly<Record<string, string | undefined>>

const send = (device: Device, attributes: Attributes, payload?: Element, to: string = DOMAIN): Promise<Element> =>
  device.request(Iq({ type: 'set', to }, CommandTag(attributes, payload)))

async function run(device: Device, attributes: Attributes, payload?: Element): Promise<CommandAnswer> {
  const answer = await send(device, attributes, payload)
  const command = CommandTag.in(answer)
  if (answer.attr('type') !== 'result' || command === undefined) throw new Error(`refused: ${errorCondition(answer)}`)
  return parseCommandAnswer(command)!
}

/** The general and the special condition of a refusal. */
async function refusal(device: Device, attributes: Attributes, payload?: Element) {
  const error = ErrorTag.in(await send(device, attributes, payload))
  const special = error?.elements().find(({ ns }) => ns === COMMANDS_NS)
  return [error && errorCondition(error), special?.name]
}

const info = async (device: Device, node?: string, to: string = DOMAIN) =>
  device.request(Iq({ type: 'get', to }, DiscoInfo({ node })))
const nodes = async (device: Device, node?: string, to: string = DOMAIN) =>
  parseDiscoItems(DiscoItems.in(await device.request(Iq({ type: 'get', to }, DiscoItems({ node }))))!).map(
    (item) => item.node,
  )

describe('XEP-0050 §2: discovering commands', () => {
  it('§2.1: server and accounts announce the feature', async (t) => {
    const { romeo } = await scenery(t)
    for (const to of [DOMAIN, `romeo@${DOMAIN}`])
      assert.ok(parseDiscoInfo(DiscoInfo.in(await info(romeo, undefined, to))!).features.includes(COMMANDS_NS))
  })

  it('§2.2: the list has what the asker may run', async (t) => {
    const { romeo, juliet } = await scenery(t)
    assert.deepEqual(await nodes(romeo, COMMANDS_NS), ['ping', 'config', 'stop'])
    assert.deepEqual(await nodes(juliet, COMMANDS_NS), ['ping', 'config'])
    assert.deepEqual(await nodes(romeo, COMMANDS_NS, `romeo@${DOMAIN}`), ['stop'])
    const { identities } = parseDiscoInfo(DiscoInfo.in(await info(romeo, COMMANDS_NS))!)
    assert.deepEqual([identities[0]!.category, identities[0]!.type], ['automation', 'command-list'])
  })

  it('§2.2: a command says what it is, but not to those who may not run it', async (t) => {
    const { romeo, juliet } = await scenery(t)
    const told = parseDiscoInfo(DiscoInfo.in(await info(romeo, 'stop'))!)
    assert.deepEqual(
      told.identities.map(({ category, type, name }) => [category, type, name]),
      [['automation', 'command-node', 'Stop Service']],
    )
    assert.deepEqual(told.features, [COMMANDS_NS, 'jabber:x:data'])
    assert.deepEqual(await nodes(romeo, 'ping'), [])
    assert.equal(errorCondition(await info(juliet, 'stop')), 'forbidden')
    assert.equal(errorCondition(await info(juliet, 'nothing')), 'item-not-found')
  })

  it('MongooseIM: report_commands_node lists the node among the items', async (t) => {
    const hidden = await scenery(t)
    const shown = await scenery(t, { report_commands_node: true })
    for (const to of [DOMAIN, `romeo@${DOMAIN}`]) {
      assert.deepEqual(await nodes(hidden.romeo, undefined, to), [])
      assert.deepEqual(await nodes(shown.romeo, undefined, to), [COMMANDS_NS])
    }
  })
})

describe('XEP-0050 §2.4: running commands', () => {
  it('§2.4.1: ping answers Pong and is done', async (t) => {
    const { romeo, scene } = await scenery(t)
    const { status, notes, sessionId } = await run(romeo, { node: 'ping', action: 'execute' })
    assert.deepEqual([status, notes], ['completed', [{ type: 'info', text: 'Pong' }]])
    assert.notEqual((await run(romeo, { node: 'ping' })).sessionId, sessionId)
    assert.equal(scene.kernel.timers.size, 0)
  })

  it('§2.4.2: two stages, forward, back and to the end', async (t) => {
    const { romeo, scene } = await scenery(t)
    const first = await run(romeo, { node: 'config', action: 'execute' })
    assert.deepEqual([first.status, first.moves], ['executing', ['next']])
    const at = { node: 'config', sessionid: first.sessionId }
    const second = await run(romeo, at, filled('service', 'httpd'))
    assert.deepEqual(
      [second.status, second.moves, second.sessionId],
      ['executing', ['complete', 'prev'], first.sessionId],
    )
    assert.deepEqual((await run(romeo, { ...at, action: 'prev' })).moves, ['next'])
    await run(romeo, { ...at, action: 'next' })
    const last = await run(romeo, { ...at, action: 'complete' }, filled('runlevel', '3'))
    assert.deepEqual([last.status, last.notes?.[0]?.text], ['completed', 'httpd at 3'])
    assert.deepEqual(await refusal(romeo, at), ['not-allowed', 'session-expired'])
    assert.equal(scene.kernel.timers.size, 0)
  })

  it('§2.4.3: cancelling ends the session', async (t) => {
    const { romeo } = await scenery(t)
    const { sessionId } = await run(romeo, { node: 'config' })
    const at = { node: 'config', sessionid: sessionId }
    assert.equal((await run(romeo, { ...at, action: 'cancel' })).status, 'canceled')
    assert.deepEqual(await refusal(romeo, at), ['not-allowed', 'session-expired'])
  })

  it('§4.4: what cannot be done is refused, and can be done better', async (t) => {
    const { romeo, juliet } = await scenery(t)
    const { sessionId } = await run(romeo, { node: 'config' })
    const at = { node: 'config', sessionid: sessionId }
    assert.deepEqual(await refusal(romeo, { ...at, action: 'prev' }), ['bad-request', 'bad-action'])
    assert.deepEqual(await refusal(romeo, { ...at, action: 'dance' }), ['bad-request', 'malformed-action'])
    assert.deepEqual(await refusal(romeo, at, form('service')), ['bad-request', 'bad-payload'])
    assert.deepEqual(await refusal(romeo, at), ['bad-request', 'bad-payload'])
    assert.equal((await run(romeo, at, filled('service', 'httpd'))).status, 'executing')
    assert.deepEqual(await refusal(romeo, { node: 'ping', action: 'complete' }), ['bad-request', 'bad-action'])
    assert.deepEqual(await refusal(romeo, { node: 'nothing' }), ['item-not-found', undefined])
    assert.deepEqual(await refusal(juliet, { node: 'stop' }), ['forbidden', undefined])
  })

  it('of an account: only by those who may see it; others learn not even whether it is there', async (t) => {
    const { scene, romeo, juliet } = await scenery(t)
    const refused = async (device: Device, to: string) =>
      errorCondition(await send(device, { node: 'stop' }, undefined, `${to}@${DOMAIN}`))
    assert.equal(await refused(juliet, 'romeo'), 'service-unavailable')
    assert.equal(await refused(juliet, 'nobody'), 'service-unavailable')
    assert.equal(await refused(juliet, 'juliet'), 'forbidden')
    scene.host.hooks.add(
      'test',
      maySeePresence.on(() => true),
    )
    assert.equal((await send(romeo, { node: 'stop' }, undefined, `juliet@${DOMAIN}`)).attr('type'), 'result')
  })

  it('§2.4: a failure is a completed command with a note', async (t) => {
    const { romeo } = await scenery(t)
    const answer = await send(romeo, { node: 'stop' }, undefined, `romeo@${DOMAIN}`)
    const { status, notes } = parseCommandAnswer(CommandTag.in(answer)!)!
    assert.deepEqual([status, notes?.[0]?.type], ['completed', 'error'])
  })
})

describe('XEP-0050 §3.1: sessions', () => {
  it('belong to one requester, responder and command', async (t) => {
    const { romeo, other, juliet } = await scenery(t)
    const { sessionId: sessionid } = await run(romeo, { node: 'config' })
    for (const device of [other, juliet])
      assert.deepEqual(await refusal(device, { node: 'config', sessionid }), ['bad-request', 'bad-sessionid'])
    assert.deepEqual(await refusal(romeo, { node: 'ping', sessionid }), ['bad-request', 'bad-sessionid'])
    assert.deepEqual(await refusal(romeo, { node: 'config', sessionid: 'made up' }), ['bad-request', 'bad-sessionid'])
    assert.equal((await run(romeo, { node: 'config', sessionid, action: 'cancel' })).status, 'canceled')
  })

  it('are forgotten after ten minutes, and a user has ten at most', async (t) => {
    const { scene, romeo, juliet } = await scenery(t)
    const begun = []
    for (let i = 0; i < 10; i++) begun.push(await run(romeo, { node: 'config' }))
    assert.deepEqual(await refusal(romeo, { node: 'config' }), ['resource-constraint', undefined])
    assert.equal((await run(juliet, { node: 'config' })).status, 'executing')
    assert.equal(scene.kernel.timers.size, 11)
    await scene.wait(601)
    assert.equal(scene.kernel.timers.size, 0)
    const late = { node: 'config', sessionid: begun[0]!.sessionId }
    assert.deepEqual(await refusal(romeo, late), ['not-allowed', 'session-expired'])
    assert.equal((await run(romeo, { node: 'config' })).status, 'executing')
  })
})
