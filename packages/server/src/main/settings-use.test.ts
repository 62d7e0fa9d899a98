/** No setting is accepted and then ignored in silence: something reads it, or writing it is answered with a notice. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { generalSettings, instrumentationSettings, storageSettings } from '../core/config/declarations/general.ts'
import { handlerSettings } from '../core/config/declarations/http-handlers.ts'
import { listenerSettings } from '../core/config/declarations/listeners.ts'
import { poolSettings } from '../core/config/declarations/pools.ts'
import type { Settings } from '../core/settings.ts'
import { knownParts } from './known-parts.ts'
import { loadModules } from './modules.ts'

const modules = await loadModules()
const known = knownParts(modules)

/** Words of the sources that are not declarations; a setting by the name of a common word is not found out by this. */
function wordsOfSources(): Set<string> {
  const source = join(import.meta.dirname, '..')
  const files = globSync('**/*.ts', { cwd: source }).filter(
    (file) => !/\.(?:test|fixture|generated)\.ts$|^testing|config\/(?:declarations|reference|testing)/.test(file),
  )
  return new Set(
    files.flatMap((file) => withoutDeclarations(readFileSync(join(source, file), 'utf8')).match(/\w+/g) ?? []),
  )
}

/** Without the names that begin an entry of an object, as those of settings do. */
const withoutDeclarations = (text: string): string => text.replace(/^ +\w+: /gm, '')

/** Nothing else may be written. */
const ONE_VALUE: ReadonlySet<string> = new Set(['proto'])

function unread(settings: Settings, words: ReadonlySet<string>, path: string): string[] {
  return Object.entries(settings).flatMap(([name, setting]) => {
    const at = `${path}.${name}`
    if (setting.remark !== undefined || ONE_VALUE.has(name)) return []
    const { inside } = setting
    const within = inside.kind === 'section' || inside.kind === 'tables' ? unread(inside.settings, words, at) : []
    return words.has(name) ? within : [at].concat(within)
  })
}

it('every setting is read somewhere, or says that it has no effect', () => {
  const words = wordsOfSources()
  const sections: [string, Settings][] = [
    ['general', generalSettings],
    ['storage', storageSettings],
    ['instrumentation', instrumentationSettings],
    ['s2s', known.s2s!],
    ...Object.entries(listenerSettings).map(([kind, settings]): [string, Settings] => [`listen.${kind}`, settings]),
    ...Object.entries(handlerSettings).map(([kind, settings]): [string, Settings] => [kind, settings]),
    ...[...known.pools].map((type): [string, Settings] => [type, poolSettings[type as keyof typeof poolSettings]]),
    ...Array.from(known.services, ([key, { settings }]): [string, Settings] => [key, settings]),
    ...Array.from(modules, ([key, { config = {} }]): [string, Settings] => [key, config]),
  ]
  assert.deepEqual(
    sections.flatMap(([name, settings]) => unread(settings, words, name)),
    [],
  )
})
