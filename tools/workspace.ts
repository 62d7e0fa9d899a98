/** The packages of the workspace and what they declare, for the check of imports. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { files, isDevelopment } from './files.ts'

type Versions = Readonly<Record<string, string>>

interface Manifest {
  readonly name: string
  readonly dependencies?: Versions
  readonly devDependencies?: Versions
  readonly optionalDependencies?: Versions
}

/** The workspace below one folder. */
export interface Workspace {
  /** A file's text; empty when there is none. */
  read(path: string): string
  /** The folder of the package that a path belongs to, `.` for the root's. */
  homeOf(path: string): string
  /** The folder of a package of ours, by name. */
  folderOf(name: string): string | undefined
  /** Whether the file's package declares that it uses the package `name`. */
  declares(path: string, name: string): boolean
}

/** Whether a path is a folder or below it. */
export const inside = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`)

/** Reads the manifests below `folder`. */
export function openWorkspace(folder: string): Workspace {
  const read = (path: string) => (existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8') : '')
  const manifests = new Map<string, Manifest>()
  for (const path of files(['package.json', 'bench/package.json', 'packages/*/package.json'], folder)) {
    manifests.set(dirname(path), JSON.parse(read(path)) as Manifest)
  }
  const folders = new Map([...manifests].map(([home, { name }]) => [name, home]))
  const homeOf = (path: string) => [...manifests.keys()].find((home) => home !== '.' && inside(path, home)) ?? '.'

  /** All the lists of dependencies that a file may lean on. */
  function listsFor(path: string): (Versions | undefined)[] {
    const own = manifests.get(homeOf(path))
    const lists = [own?.dependencies, own?.optionalDependencies]
    const development = isDevelopment(path)
    if (development || !path.includes('/src/')) lists.push(own?.devDependencies, manifests.get('.')?.devDependencies)
    // Rivals and foreign clients are declared where the benchmarks are, so that no product brings them along.
    if (development) lists.push(manifests.get('bench')?.devDependencies)
    return lists
  }

  return {
    read,
    homeOf,
    folderOf: (name) => folders.get(name),
    declares(path, name) {
      const home = homeOf(path)
      // The root cannot depend on its own workspaces, and npm links them all.
      if (folders.get(name) === home || (home === '.' && folders.has(name))) return true
      return listsFor(path).some((list) => list && name in list)
    },
  }
}
