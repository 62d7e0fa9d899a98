import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Iq, Ping, errorCondition, result } from '@meerkat/protocol'
import { type Device, type Story, story } from '../testing/story.ts'
import { ModuleManager } from './manager.ts'
import { type ModuleDeclaration, defineModule, flag, iqGet, sessionActive } from './module.ts'

const ask = Iq({ type: 'get', to: 'example.com' }, Ping())

/** A module that answers pings, and records how it is started and stopped. */
function answering(key: string, journal: string[] = [], requires: string[] = []): ModuleDeclaration {
  return defineModule({
    key,
    summary: 'Answers pings.',
    specs: [],
    config: { broken: flag(false), loud: flag(false) },
    requires,
    start(_host, config) {
      if (config.broken) throw new Error(`${key} is broken`)
      journal.push(`start ${key}${config.loud ? ' loudly' : ''}`)
      return {
        iq: requires.length === 0 ? [iqGet(Ping, (iq) => result(iq))] : [],
        features: [key],
        hooks: [sessionActive.on(() => undefined)],
        stop: () => void journal.push(`stop ${key}`),
      }
    },
  })
}

const answers = async (device: Device) => errorCondition(await device.request(ask)) ?? 'pong'
const manager = (scene: Story) => scene.kernel.modules

describe('module manager', () => {
  it('puts in what a module adds, and takes all of it out while sessions stay', async (t) => {
    const scene = await story(t, { modules: [[answering('mod_one')]], users: ['juliet'] })
    const juliet = scene.device('juliet')
    assert.equal(await answers(juliet), 'pong')
    assert.deepEqual(scene.host.serverFeatures.list(), ['mod_one'])

    await manager(scene).stop(scene.host, 'mod_one')
    assert.equal(await answers(juliet), 'service-unavailable')
    assert.deepEqual([scene.host.serverFeatures.list(), scene.host.hooks.list()], [[], []])

    await manager(scene).start(scene.host, 'mod_one')
    assert.equal(await answers(juliet), 'pong')
    assert.equal(juliet.session.closed, false)
  })

  it('starts what is required first, and stops it last', async (t) => {
    const journal: string[] = []
    const [base, top] = [answering('mod_base', journal), answering('mod_top', journal, ['mod_base'])]
    const scene = await story(t, { modules: [[top], [base]] })
    assert.deepEqual(journal, ['start mod_base', 'start mod_top'])
    await assert.rejects(manager(scene).stop(scene.host, 'mod_base'), /mod_top requires mod_base/)
    await manager(scene).stopAll(scene.host)
    assert.deepEqual(journal.slice(2), ['stop mod_top', 'stop mod_base'])
  })

  it('says which modules require each other in a circle', async (t) => {
    const circle = [answering('mod_a', [], ['mod_b']), answering('mod_b', [], ['mod_a'])]
    await assert.rejects(story(t, { modules: circle.map((module) => [module] as const) }), /mod_a → mod_b → mod_a/)
  })

  it('undoes a start in which a module fails', async (t) => {
    const journal: string[] = []
    const modules = [[answering('mod_one', journal)], [answering('mod_two'), { broken: true }]] as const
    await assert.rejects(story(t, { modules }), /mod_two is broken/)
    assert.deepEqual(journal, ['start mod_one', 'stop mod_one'])
  })

  it('refuses two handlers for one payload, and leaves the first alone', async (t) => {
    const scene = await story(t, { modules: [[answering('mod_one')]], users: ['juliet'] })
    const second = answering('mod_two')
    const both = new Map([['mod_two', second]])
    await assert.rejects(
      new ModuleManager(both, scene.kernel.hosts).start(scene.host, 'mod_two'),
      /two handlers for iq .*ping/,
    )
    assert.equal(await answers(scene.device('juliet')), 'pong')
  })

  it('gives new settings to a running module, and keeps the old ones when the new do not work', async (t) => {
    const journal: string[] = []
    const module = answering('mod_one', journal)
    const scene = await story(t, { modules: [[module]], users: ['juliet'] })
    await scene.reconfigure(module, { loud: true })
    await assert.rejects(scene.reconfigure(module, { broken: true }), /mod_one is broken/)
    assert.deepEqual(journal, [
      'start mod_one',
      'stop mod_one',
      'start mod_one loudly',
      'stop mod_one',
      'start mod_one loudly',
    ])
    assert.equal(await answers(scene.device('juliet')), 'pong')
  })
})
