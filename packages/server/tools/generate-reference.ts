/**
 * Writes docs/modules.md and docs/configuration.md from what modules, listeners, pools and authentication methods declare. With `--check` it only
 * says whether they are up to date.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { authMethodSettings, authSettings } from '../src/core/config/declarations/auth.ts'
import {
  generalSettings,
  logSettings,
  shaperSettings,
  storageSettings,
} from '../src/core/config/declarations/general.ts'
import { handlerSettings } from '../src/core/config/declarations/http-handlers.ts'
import { listenerSettings } from '../src/core/config/declarations/listeners.ts'
import { poolSettings } from '../src/core/config/declarations/pools.ts'
import { s2sSettings } from '../src/core/config/declarations/s2s.ts'
import type { ModuleDeclaration, Spec } from '../src/core/module.ts'
import { type Settings, describeSettings } from '../src/core/settings.ts'
import { authMethods } from '../src/main/auth.ts'
import { knownParts } from '../src/main/known-parts.ts'
import { loadModules } from '../src/main/modules.ts'

const NOTE = '<!-- Generated from the declarations by packages/server/tools/generate-reference.ts. -->'

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
const code = (text: string): string => (text === '' ? '' : `\`${text}\``)

function table(settings: Settings): string {
  const rows = describeSettings(settings).map(({ path, type, default: value, doc, reload }) => {
    const live = reload === 'live' ? ' *(changes while running)*' : ''
    return `| \`${path}\` | ${cell(type)} | ${cell(code(value))} | ${cell(doc)}${live} |`
  })
  return rows.length === 0 ? 'No settings.' : ['| key | type | default | |', '|---|---|---|---|', ...rows].join('\n')
}

const specText = ({ name, version, status, note }: Spec): string =>
  [name, version, status === 'partial' ? '(in part)' : '', note === undefined ? '' : `(${note})`]
    .filter(Boolean)
    .join(' ')

function moduleText({ key, summary, specs, config = {}, requires = [], always }: ModuleDeclaration): string {
  const facts = [
    always === true ? 'Part of every server; it needs no section.' : `Switched on by \`[modules.${key}]\`.`,
    specs.length === 0 ? '' : `Follows ${specs.map(specText).join(', ')}.`,
    requires.length === 0 ? '' : `Needs ${requires.map((needed) => `\`${needed}\``).join(', ')}.`,
  ]
  return [`## ${key}`, summary, facts.filter(Boolean).join(' '), table(config)].join('\n\n')
}

function modulesPage(modules: Iterable<ModuleDeclaration>): string {
  const sorted = [...modules].toSorted((a, b) => (a.key < b.key ? -1 : 1))
  return [
    NOTE,
    '# Modules',
    'Every module, what it does, the specifications it follows, and its settings.',
    ...sorted.map(moduleText),
  ].join('\n\n')
}

function configurationPage(built: ReturnType<typeof knownParts>): string {
  const parts: [title: string, settings: Settings][] = [
    ['[general]', generalSettings],
    ['[storage]', storageSettings],
    ['[log]', logSettings],
    ['[shaper.NAME]', shaperSettings],
    ['[auth]', authSettings],
    ['[s2s]', s2sSettings],
  ]
  const add = (
    title: (name: string) => string,
    all: Readonly<Record<string, Settings>>,
    known: ReadonlySet<string>,
  ): void => {
    for (const [name, settings] of Object.entries(all)) if (known.has(name)) parts.push([title(name), settings])
  }
  add((name) => `[auth.${name}]`, authMethodSettings, authMethods)
  add((name) => `[[listen.${name}]]`, listenerSettings, built.listeners)
  add((name) => `[[listen.http.handlers.${name}]]`, handlerSettings, built.httpHandlers)
  add((name) => `[outgoing_pools.${name}.TAG]`, poolSettings, built.pools)
  for (const [name, { settings }] of built.services) parts.push([`[services.${name}]`, settings])
  const sections = parts.map(([title, settings]) => `## ${title}\n\n${table(settings)}`)
  const intro =
    'The sections of `meerkat.toml` besides [modules](modules.md). A file is the whole configuration: nothing is merged in.'
  return [NOTE, '# Configuration', intro, ...sections].join('\n\n')
}

const modules = await loadModules()
const docs = join(import.meta.dirname, '../../../docs')
const pages = {
  'modules.md': modulesPage(modules.values()),
  'configuration.md': configurationPage(knownParts(modules)),
}
for (const [name, text] of Object.entries(pages)) {
  const file = join(docs, name)
  if (!process.argv.includes('--check')) writeFileSync(file, `${text}\n`)
  else if (readIfThere(file) !== `${text}\n`) {
    console.log(`docs/${name} is out of date: run node packages/server/tools/generate-reference.ts`)
    process.exitCode = 1
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
