/** Reads `[modules.NAME]`, and checks what modules refer to. */

import { type Settings } from '../settings.ts'
import { type Document, type Table, isTable } from './document.ts'
import { nearest } from './nearest.ts'
import { type Path, shown, valueAt } from './read-settings.ts'
import { poolReferences, referenceModules, shaperKeys, staticDomainsOnly } from './reference/modules.ts'
import { type KnownParts } from './types.ts'

/** The validated settings of each module in the section at `path`. */
export function readModules(document: Document, path: Path, known: KnownParts['modules']): Map<string, unknown> {
  const modules = new Map<string, unknown>()
  for (const name of Object.keys(document.table(path) ?? {})) {
    const at = [...path, name]
    const module = known.get(name)
    if (module !== undefined) modules.set(name, readModule(document, at, name, module.settings))
    else if (Object.hasOwn(referenceModules, name)) document.notBuilt(at, name)
    else document.unknownKey(at, new Set([...known.keys(), ...Object.keys(referenceModules)]))
  }
  return modules
}

function readModule(document: Document, path: Path, name: string, settings: Settings): unknown {
  const written = document.table(path)
  if (written === undefined) return undefined
  const undeclared = (referenceModules[name] ?? []).filter(
    (key) => !Object.hasOwn(settings, key) && Object.hasOwn(written, key),
  )
  for (const key of undeclared) undeclaredKey(document, [...path, key], `${name}.${key}`, written[key])
  const rest = Object.fromEntries(Object.entries(written).filter(([key]) => !undeclared.includes(key)))
  return document.read(settings, path, rest)
}

/** A key of the reference that the module does not declare. */
function undeclaredKey(document: Document, path: Path, name: string, value: unknown): void {
  const key = path.at(-1)
  if (key === 'iqdisc') document.notice(path, 'has no effect here')
  else if (key !== 'backend') document.notBuilt(path, name)
  else if (value === 'mnesia' || value === 'cets') document.notice(path, 'is kept in the main store', value)
  else if (value !== 'rdbms')
    document.problem({ path, message: 'wants "mnesia", "cets" or "rdbms"', value: shown(value) })
}

/** What the modules of a section may refer to. */
export interface References {
  readonly shapers: readonly string[]
  readonly hasPool: (type: string, tag: string) => boolean
  /** Whether domains may be added while the server runs. */
  readonly dynamicDomains: boolean
}

/** Refuses references of the modules at `path` to what isn't there. */
export function checkModules(
  document: Document,
  path: Path,
  modules: ReadonlyMap<string, unknown>,
  has: References,
): void {
  for (const [name, settings] of modules) {
    if (has.dynamicDomains && staticDomainsOnly.has(name)) {
      document.problem({
        path: [...path, name],
        message: 'does not work with host_types: it serves static domains only',
      })
    }
    for (const key of shaperKeys) checkShaper(document, [...path, name, key], valueAt(settings, [key]), has.shapers)
  }
  for (const { module, section, type, tag } of poolReferences) {
    for (const { at, table } of tablesAt(modules.get(module), section, [...path, module])) {
      const needed = 'fixed' in tag ? tag.fixed : table[tag.key]
      if (typeof needed !== 'string' || needed === 'none' || has.hasPool(type, needed)) continue
      const where = 'fixed' in tag ? at : [...at, tag.key]
      document.problem({ path: where, message: `needs the pool [outgoing_pools.${type}.${needed}], which is missing` })
    }
  }
}

/** Refuses a shaper that is none of `shapers`. */
export function checkShaper(document: Document, path: Path, name: unknown, shapers: readonly string[]): void {
  if (typeof name !== 'string' || name === 'none' || shapers.includes(name)) return
  const suggestion = nearest(name, shapers)
  const finding = { path, message: 'wants a shaper that is defined as [shaper.NAME]', value: name }
  document.problem(suggestion === undefined ? finding : { ...finding, suggestion })
}

function tablesAt(value: unknown, keys: readonly string[], at: Path): { at: Path; table: Table }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => tablesAt(item, keys, [...at, index]))
  if (!isTable(value)) return []
  const [key, ...rest] = keys
  return key === undefined ? [{ at, table: value }] : tablesAt(value[key], rest, [...at, key])
}
