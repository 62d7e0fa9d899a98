import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { describeSettings } from '../core/settings.ts'
import { story } from '../testing/story.ts'
import { loadModules } from './modules.ts'

const modules = await loadModules()

describe('every module', () => {
  it('is found by its file, whose name is its key without mod_', () => {
    const files = readdirSync(new URL('../modules/', import.meta.url)).filter(
      (name) => !/\.test\.ts$|\.json$/.test(name),
    )
    const names = files.map((name) => `mod_${name.replace(/\.ts$/, '').replaceAll('-', '_')}`)
    assert.deepEqual([...modules.keys()].toSorted(), names.toSorted())
    for (const [key, module] of modules) assert.equal(module.key, key)
  })

  it('runs on every server when it says so', () => {
    const always = [...modules.values()].filter((module) => module.always === true)
    assert.deepEqual(
      modules.always,
      always.map(({ key }) => key),
    )
  })

  for (const module of modules.values()) {
    it(`${module.key} says what it is, and what each setting means`, () => {
      assert.match(module.summary, /^[A-Z].+\.$/)
      for (const { name, version } of module.specs) assert.match(`${name} ${version ?? ''}`, /^(XEP-\d{4} \d|RFC \d+)/)
      const undocumented = describeSettings(module.config ?? {}).filter(
        ({ path, doc }) => !path.includes('.') && doc === '',
      )
      assert.deepEqual(undocumented, [])
      for (const needed of module.requires ?? []) assert.ok(modules.has(needed), `${needed} exists`)
    })

    it(`${module.key} starts with its defaults, and leaves nothing behind when it stops`, async (t) => {
      const cast = [...needsOf(module.key)].map((key) => [modules.get(key)!] as const)
      const scene = await story(t, { modules: cast })
      const { host, kernel } = scene
      await kernel.modules.stopAll(host)
      const left = [
        host.hooks.list(),
        host.serverFeatures.list(),
        host.accountFeatures.list(),
        host.serverIdentities.list(),
      ]
      assert.deepEqual(left, [[], [], [], []])
      assert.equal(kernel.timers.size, 0)
      // What it answered to can be answered by another one: nothing is routed to it any more.
      await kernel.modules.startAll(host, new Map(cast.map(([{ key }]) => [key, undefined])))
    })
  }
})

/** The module itself, behind everything that it needs. */
function needsOf(key: string, found = new Set<string>()): Set<string> {
  for (const needed of modules.get(key)!.requires ?? []) needsOf(needed, found)
  return found.add(key)
}
