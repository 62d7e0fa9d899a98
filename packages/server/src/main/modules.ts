/** The modules this server has: every file and folder in `modules/` that declares one. */
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { ModuleDeclaration } from '../core/module.ts'
import type { ModuleRegistry } from '../core/manager.ts'
import { OnDemand } from '../core/on-demand.ts'

const FOLDER = new URL('../modules/', import.meta.url)

/** What runs on every server, known without loading the others. */
const ALWAYS = ['mod_messages', 'mod_resent']

/** `import` would have all wait for what a configuration names, which is read at once. */
const require = createRequire(import.meta.url)

/**
 * Finds all modules; each is loaded when it is asked for, since no server runs all of them. The name of the file or folder is the key without
 * `mod_`, with `-` for `_`.
 */
export async function loadModules(): Promise<ModuleRegistry> {
  const files = new Map<string, string>()
  const entries = readdirSync(FOLDER, { withFileTypes: true })
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = moduleFile(entry.name, entry.isDirectory())
    if (file !== undefined) files.set(`mod_${entry.name.replace(`.${SUFFIX}`, '').replaceAll('-', '_')}`, file)
  }
  const found = new OnDemand(files.keys(), (key) => declarationIn(files.get(key)!))
  return Object.assign(found, { always: ALWAYS })
}

function declarationIn(file: string): ModuleDeclaration {
  const loaded = require(fileURLToPath(new URL(file, FOLDER))) as { default: ModuleDeclaration }
  return loaded.default
}

/** The file that declares a module, for an entry of the folder; undefined for everything else. */
function moduleFile(name: string, folder: boolean): string | undefined {
  if (folder) return existsSync(new URL(`${name}/index.${SUFFIX}`, FOLDER)) ? `${name}/index.${SUFFIX}` : undefined
  if (!name.endsWith(`.${SUFFIX}`) || name.includes('.test.') || name.endsWith('.d.ts')) return undefined
  return name
}

/** Sources run as they are in the repository, and compiled in a published package. */
const SUFFIX = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
