/** What differs between two configurations, and which of it a running server can take over. */
import { inspect, isDeepStrictEqual } from 'node:util'
import type { Setting, Settings } from '../settings.ts'
import { generalSettings, logSettings, storageSettings } from './declarations/general.ts'
import { listenerSettings } from './declarations/listeners.ts'
import { printPath } from './problem.ts'
import type { Path } from './read-settings.ts'
import type { Config, HostTypeConfig, Listener } from './types.ts'

/** A difference. */
export interface Change {
  /** The place in the configuration. */
  readonly path: string
  readonly reload: 'live' | 'restart'
}

/** All differences between two configurations except those of modules, which the module manager finds. */
export function changesBetween(before: Config, after: Config): Change[] {
  return [
    ...changedSettings(generalSettings, before.general, after.general, ['general']),
    ...changedSettings(storageSettings, before.storage, after.storage, ['storage']),
    ...changedSettings(logSettings, before.log, after.log, ['log']),
    ...changedListeners(before.listen, after.listen),
    ...differs(before.shapers, after.shapers, 'shaper', 'live'),
    ...differs(before.pools, after.pools, 'outgoing_pools', 'restart'),
    ...differs(before.services, after.services, 'services', 'restart'),
    ...differs(before.internalDatabases, after.internalDatabases, 'internal_databases', 'live'),
    ...differs(before.instrumentation, after.instrumentation, 'instrumentation', 'restart'),
    ...changedHostTypes(before.hostTypes, after.hostTypes),
  ]
}

function changedSettings(settings: Settings, before: unknown, after: unknown, path: Path): Change[] {
  return Object.entries(settings).flatMap(([name, setting]) =>
    changedSetting(setting, valueOf(before, name), valueOf(after, name), [...path, name]),
  )
}

const valueOf = (values: unknown, name: string): unknown => (values as Readonly<Record<string, unknown>>)[name]

function changedSetting(setting: Setting<unknown>, before: unknown, after: unknown, path: Path): Change[] {
  if (isDeepStrictEqual(before, after)) return []
  const { inside, reload } = setting
  if (inside.kind === 'section' && before !== undefined && after !== undefined)
    return changedSettings(inside.settings, before, after, path)
  return [{ path: printPath(path), reload }]
}

/** Listeners are compared by their order in the file. */
function changedListeners(before: readonly Listener[], after: readonly Listener[]): Change[] {
  const kinds = (listeners: readonly Listener[]): string[] => listeners.map(({ kind }) => kind)
  if (!isDeepStrictEqual(kinds(before), kinds(after))) return [{ path: 'listen', reload: 'restart' }]
  return before.flatMap((listener, index) => {
    const path = ['listen', listener.kind, before.slice(0, index).filter(({ kind }) => kind === listener.kind).length]
    const other = after[index]!
    return [
      ...changedSettings(listenerSettings[listener.kind], listener.settings, other.settings, path),
      ...differs(listener.handlers, other.handlers, printPath([...path, 'handlers']), 'restart'),
    ]
  })
}

function changedHostTypes(
  before: ReadonlyMap<string, HostTypeConfig>,
  after: ReadonlyMap<string, HostTypeConfig>,
): Change[] {
  // That `general.hosts` or `general.host_types` has changed is found there.
  return Array.from(before.values(), (one) => {
    const other = after.get(one.name)
    if (other === undefined) return []
    return [
      ...differs(one.auth, other.auth, `auth of ${one.name}`, 'live'),
      ...differs(one.general, other.general, `general of ${one.name}`, 'restart'),
      ...differs(one.s2s, other.s2s, `s2s of ${one.name}`, 'restart'),
      // Compiled rules hold functions, which only their text can compare.
      ...differs(printed(one.access.rules), printed(other.access.rules), `acl and access of ${one.name}`, 'live'),
    ]
  }).flat()
}

const printed = (value: unknown): string => inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null })

const differs = (before: unknown, after: unknown, path: string, reload: Change['reload']): Change[] =>
  isDeepStrictEqual(before, after) ? [] : [{ path, reload }]
