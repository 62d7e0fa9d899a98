/** Reads what may differ between host types, and merges each `[[host_config]]` into what holds for all. */

import { type AccessEntry, type AclEntry, accessList, aclList, compileAccess } from '../access.ts'
import { type Settings, type Values, domain, record, text } from '../settings.ts'
import { type generalSettings, hostGeneralSettings } from './declarations/general.ts'
import { type Document } from './document.ts'
import { readAuth } from './read-auth.ts'
import { readModules } from './read-modules.ts'
import { readPools } from './read-pools.ts'
import { type Path, valueAt } from './read-settings.ts'
import { type Auth, type HostTypeConfig, type KnownParts, type Pool } from './types.ts'

/** Sections as they are written at the top of the file or in a `[[host_config]]`; undefined where nothing is written. */
export interface Sections {
  /** The top of the file, or the place of the `[[host_config]]`. */
  readonly path: Path
  readonly general: Values<typeof hostGeneralSettings> | undefined
  readonly auth: Auth | undefined
  readonly modules: ReadonlyMap<string, unknown> | undefined
  readonly pools: readonly Pool[]
  readonly acl: ReadonlyMap<string, readonly AclEntry[]>
  readonly access: ReadonlyMap<string, readonly AccessEntry[]>
  readonly s2s: unknown
}

/** Reads the sections at the top of the file (`path` is empty) or of a `[[host_config]]`. */
export function readSections(document: Document, path: Path, known: KnownParts): Sections {
  const has = (name: string): boolean => valueAt(document.root, [...path, name]) !== undefined
  const top = path.length === 0
  return {
    path,
    general: !top && has('general') ? document.read(hostGeneralSettings, [...path, 'general']) : undefined,
    auth: top || has('auth') ? readAuth(document, [...path, 'auth'], known.auth) : undefined,
    modules: top || has('modules') ? readModules(document, [...path, 'modules'], known.modules) : undefined,
    pools: readPools(document, [...path, 'outgoing_pools'], known.pools),
    acl: readNamed(document, path, 'acl', { acl: record(aclList) })?.acl ?? new Map(),
    access: readNamed(document, path, 'access', { access: record(accessList) })?.access ?? new Map(),
    s2s: has('s2s') ? readS2s(document, [...path, 's2s'], known.s2s) : undefined,
  }
}

function readNamed<S extends Settings>(
  document: Document,
  path: Path,
  name: string,
  settings: S,
): Values<S> | undefined {
  return document.read(settings, path, { [name]: valueAt(document.root, [...path, name]) ?? {} })
}

function readS2s(document: Document, path: Path, settings: Settings | undefined): unknown {
  if (settings !== undefined) return document.read(settings, path)
  document.notBuilt(path, 's2s')
  return undefined
}

const hostKeys = ['host', 'host_type', 'general', 'auth', 'modules', 'outgoing_pools', 'acl', 'access', 's2s']

/** Reads every `[[host_config]]`, by the host type that it is for. */
export function readHostConfigs(
  document: Document,
  known: KnownParts,
  hostTypes: ReadonlySet<string>,
): Map<string, Sections> {
  const configs = new Map<string, Sections>()
  for (const path of document.tablePaths(['host_config'])) {
    const keys = Object.keys(document.table(path) ?? {})
    for (const key of keys) if (!hostKeys.includes(key)) document.unknownKey([...path, key], hostKeys)
    const sections = readSections(document, path, known)
    const name = nameOf(document, path)
    if (name === undefined) continue
    const key = keys.includes('host') ? 'host' : 'host_type'
    if (!hostTypes.has(name)) {
      document.problem({
        path: [...path, key],
        message: 'wants one of general.hosts or general.host_types',
        value: name,
      })
    } else if (configs.has(name)) {
      document.problem({ path: [...path, key], message: 'has a host_config already', value: name })
    } else configs.set(name, sections)
  }
  return configs
}

function nameOf(document: Document, path: Path): string | undefined {
  const { host, host_type } = document.table(path) ?? {}
  const read = document.read({ host: domain(), host_type: text() }, path, {
    ...(host !== undefined && { host }),
    ...(host_type !== undefined && { host_type }),
  })
  if (read === undefined) return undefined
  if ((read.host === undefined) === (read.host_type === undefined)) {
    document.problem({ path, message: 'wants either host or host_type' })
    return undefined
  }
  return read.host ?? read.host_type
}

/** Merges what is written for all host types with what is written for one. */
export function mergeHostType(
  name: string,
  general: Values<typeof generalSettings>,
  common: Sections,
  own: Sections | undefined,
): HostTypeConfig | undefined {
  const auth = own?.auth ?? common.auth
  if (auth === undefined) return undefined
  const hosted = new Set(general.hosts)
  return {
    name,
    domains: hosted.has(name) ? [name] : [],
    general: {
      replaced_wait_timeout: own?.general?.replaced_wait_timeout ?? general.replaced_wait_timeout,
      route_subdomains: own?.general?.route_subdomains ?? general.route_subdomains,
    },
    // These replace the common section as a whole.
    auth,
    modules: own?.modules ?? common.modules ?? new Map(),
    s2s: own?.s2s ?? common.s2s,
    access: compileAccess(
      mergeNamed(common.acl, own?.acl, (ours, theirs) => [...ours, ...theirs]),
      mergeNamed(common.access, own?.access, mergeClauses),
      (served) => hosted.has(served),
    ),
  }
}

function mergeNamed<T>(
  common: ReadonlyMap<string, readonly T[]>,
  own: ReadonlyMap<string, readonly T[]> | undefined,
  merge: (common: readonly T[], own: readonly T[]) => readonly T[],
): Map<string, readonly T[]> {
  const merged = new Map(common)
  for (const [name, entries] of own ?? []) merged.set(name, merge(common.get(name) ?? [], entries))
  return merged
}

/** The host's clauses come after the common ones, but before a last one that allows everyone. */
function mergeClauses(common: readonly AccessEntry[], own: readonly AccessEntry[]): readonly AccessEntry[] {
  const last = common.at(-1)
  if (last?.acl !== 'all' || last.value !== 'allow') return [...common, ...own]
  return [...common.slice(0, -1), ...own, last]
}
