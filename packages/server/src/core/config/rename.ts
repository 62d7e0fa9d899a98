/** Moves what stands under an old name to the name of today, with a notice. */

import { type Document, type Table, isTable } from './document.ts'
import { type LineMap } from './line-map.ts'
import { type Path, valueAt } from './read-settings.ts'
import { type Renamed, renames } from './reference/renamed.ts'

/** Applies the table of renamed and removed keys to a document, in place. */
export function applyRenames(document: Document): void {
  const hosts = valueAt(document.root, ['host_config'])
  const bases: Path[] = [[], ...(Array.isArray(hosts) ? hosts.map((_, index) => ['host_config', index]) : [])]
  for (const base of bases) {
    for (const change of renames) {
      for (const found of places(document.root, base, change.from))
        if (change.when?.(valueAt(document.root, found.path)) !== false) apply(document, base, found, change)
    }
  }
}

/** A place where an old name stands, and the keys that stood for its stars. */
interface Place {
  readonly path: Path
  readonly stars: readonly string[]
}

function places(root: Table, base: Path, pattern: readonly string[]): Place[] {
  let found: Place[] = [{ path: base, stars: [] }]
  for (const key of pattern) found = found.flatMap((place) => step(root, place, key))
  return found
}

/** The places one key further; an array of tables is gone through table by table. */
function step(root: Table, place: Place, key: string): Place[] {
  const value = valueAt(root, place.path)
  if (Array.isArray(value)) {
    return value.flatMap((_, index) => step(root, { ...place, path: [...place.path, index] }, key))
  }
  if (!isTable(value)) return []
  if (key === '*') {
    return Object.keys(value).map((name) => ({ path: [...place.path, name], stars: [...place.stars, name] }))
  }
  return Object.hasOwn(value, key) ? [{ path: [...place.path, key], stars: place.stars }] : []
}

function apply(document: Document, base: Path, { path, stars }: Place, change: Renamed): void {
  const { from, to, since, value = (old) => old } = change
  if (to === undefined) {
    document.notice(path, `was removed in MongooseIM ${since} and has no effect`)
    take(document, path)
    return
  }
  const rest = [...stars]
  const target = to.map((key) => (key === '*' ? rest.shift()! : key))
  const name = target.join('.')
  document.notice(path, since === undefined ? `is written ${name}` : `is called ${name} since MongooseIM ${since}`)
  const shared = from.findIndex((key, index) => key !== to[index])
  // Up to where the names part, the place is the same one, positions in arrays included.
  const parent = path.slice(0, path.length - (from.length - shared))
  const moved = take(document, path)
  if (moved === undefined) return
  const oldName = String(path.at(-1))
  const now = { ...moved, value: value(moved.value) }
  put(document, parent.length === 0 ? base : parent, target.slice(shared), now, oldName)
}

interface Moved {
  readonly value: unknown
  readonly lines: LineMap | undefined
}

function take(document: Document, path: Path): Moved | undefined {
  const table = valueAt(document.root, path.slice(0, -1))
  const key = String(path.at(-1))
  if (!isTable(table)) return undefined
  const value = table[key]
  Reflect.deleteProperty(table, key)
  return { value, lines: linesAt(document.lines, path) }
}

function put(
  document: Document,
  parent: Path,
  keys: readonly string[],
  { value, lines }: Moved,
  oldName: string,
): void {
  let table = valueAt(document.root, parent)
  let map = linesAt(document.lines, parent) ?? document.lines
  const line = lines?.line ?? map.line
  keys.forEach((key, index) => {
    if (!isTable(table)) return
    const last = index === keys.length - 1
    if (last && Object.hasOwn(table, key)) {
      document.problem({ path: [...parent, ...keys], message: `is written twice, once by its old name ${oldName}` })
      return
    }
    table = table[key] ??= last ? value : {}
    const next: LineMap = (last ? lines : map.keys.get(key)) ?? { line, keys: new Map(), items: [] }
    map.keys.set(key, next)
    map = next
  })
}

function linesAt(map: LineMap, path: Path): LineMap | undefined {
  let node: LineMap | undefined = map
  for (const step of path) node = typeof step === 'number' ? node?.items[step] : node?.keys.get(step)
  return node
}
