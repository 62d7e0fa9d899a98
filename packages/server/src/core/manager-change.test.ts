import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { story } from '../testing/story.ts'
import { type ModuleDeclaration, defineModule, flag } from './module.ts'

const module = (key: string, requires: string[] = []): ModuleDeclaration =>
  defineModule({
    key,
    summary: 'Does nothing.',
    specs: [],
    config: { broken: flag(false), loud: flag(false) },
    requires,
    start(_host, config) {
      if (config.broken) throw new Error(`${key} is broken`)
      return { features: [`${key}${config.loud ? ' loud' : ''}`] }
    },
  })

const one = module('mod_one')
const two = module('mod_two', ['mod_one'])
const three = module('mod_three')

const plain = { broken: false, loud: false }

describe('a change of the modules that run', () => {
  it('starts, stops and reconfigures what differs, what is required first, and leaves the rest alone', async (t) => {
    const { kernel, host } = await story(t, { modules: [[one], [two], [three]] })
    assert.deepEqual(await kernel.modules.change(host, new Map([['mod_three', { ...plain, loud: true }]])), [
      { key: 'mod_two', what: 'stopped' },
      { key: 'mod_one', what: 'stopped' },
      { key: 'mod_three', what: 'reconfigured' },
    ])
    assert.deepEqual(host.serverFeatures.list(), ['mod_three loud'])
    // What a module requires need not be written.
    assert.deepEqual(await kernel.modules.change(host, new Map([['mod_two', plain]])), [
      { key: 'mod_three', what: 'stopped' },
      { key: 'mod_one', what: 'started' },
      { key: 'mod_two', what: 'started' },
    ])
    assert.deepEqual(await kernel.modules.change(host, new Map([['mod_two', { ...plain }]])), [])
  })

  it('R28: sets everything back when one of them cannot start', async (t) => {
    const { kernel, host } = await story(t, { modules: [[one], [two], [three]] })
    const before = kernel.modules.list(host)
    const wanted = new Map([
      ['mod_one', { ...plain, loud: true }],
      ['mod_three', { ...plain, broken: true }],
    ])
    await assert.rejects(kernel.modules.change(host, wanted), /mod_three is broken/)
    const byKey = (list: typeof before) => new Map(list.map(({ key, settings }) => [key, settings]))
    assert.deepEqual(byKey(kernel.modules.list(host)), byKey(before))
    assert.deepEqual(host.serverFeatures.list().toSorted(), ['mod_one', 'mod_three', 'mod_two'])
  })
})
