/** The modules this server has: every file and folder in `modules/` that declares one. */
import { existsSync, readdirSync } from 'node:fs'
import type { ModuleDeclaration } from '../core/module.ts'
import type { ModuleRegistry } from '../core/manager.ts'

const FOLDER = new URL('../modules/', import.meta.url)

/** Imports all modules; the name of the file or folder is the key without `mod_`, with `-` for `_`. */
export async function loadModules(): Promise<ModuleRegistry> {
  const registry = new Map<string, ModuleDeclaration>()
  for (const entry of readdirSync(FOLDER, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = moduleFile(entry.name, entry.isDirectory())
    if (file === undefined) continue
    const { default: declaration } = (await import(new URL(file, FOLDER).href)) as { default: ModuleDeclaration }
    registry.set(declaration.key, declaration)
  }
  return registry
}

/** The file that declares a module, for an entry of the folder; undefined for everything else. */
function moduleFile(name: string, folder: boolean): string | undefined {
  if (folder) return existsSync(new URL(`${name}/index.${SUFFIX}`, FOLDER)) ? `${name}/index.${SUFFIX}` : undefined
  if (!name.endsWith(`.${SUFFIX}`) || name.includes('.test.') || name.endsWith('.d.ts')) return undefined
  return name
}

/** Sources run as they are in the repository, and compiled in a published package. */
const SUFFIX = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
