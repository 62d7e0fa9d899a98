/**
 * Writes docs/specs.md and doap.xml from the specifications that modules, listeners and the kernel declare. With `--check` it only says whether
 * they are up to date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ModuleDeclaration, Spec } from '../src/core/module.ts'
import { specs as kernelSpecs } from '../src/core/specs.ts'
import { specs as boshSpecs } from '../src/listeners/bosh/specs.ts'
import { specs as c2sSpecs } from '../src/listeners/c2s/specs.ts'
import { specs as componentSpecs } from '../src/listeners/component/specs.ts'
import { specs as s2sSpecs } from '../src/listeners/s2s/specs.ts'
import { specs as websocketSpecs } from '../src/listeners/websocket/specs.ts'
import { loadModules } from '../src/main/modules.ts'

const ROOT = join(import.meta.dirname, '../../..')
const SOURCES = 'packages/server/src'
const BY = 'Generated from the declarations by packages/server/tools/generate-specs.ts.'
/** The version that first had all of this. */
const SINCE = '0.1.0'

/** A specification, what follows it, and where. */
export interface Followed extends Spec {
  /** A module's key, or what else it belongs to. */
  readonly part: string
  /** From the root of the repository. */
  readonly file: string
}

/** The specifications that are no module's, by the folder that declares them. */
const BUILT_IN: readonly (readonly [part: string, folder: string, specs: readonly Spec[]])[] = [
  ['kernel', 'core', kernelSpecs],
  ['clients', 'listeners/c2s', c2sSpecs],
  ['WebSocket', 'listeners/websocket', websocketSpecs],
  ['BOSH', 'listeners/bosh', boshSpecs],
  ['components', 'listeners/component', componentSpecs],
  ['other servers', 'listeners/s2s', s2sSpecs],
]

/** The file that declares a module: its name follows from the key. */
function moduleFile(key: string): string {
  const name = key.replace(/^mod_/, '').replaceAll('_', '-')
  return existsSync(join(ROOT, SOURCES, 'modules', name, 'index.ts')) ? `${name}/index.ts` : `${name}.ts`
}

/** All that is followed, in the order of names. Throws when a file is not there. */
export function followed(modules: Iterable<ModuleDeclaration>): readonly Followed[] {
  const found: Followed[] = []
  const add = (part: string, folder: string, spec: Spec, own: string): void => {
    const file = normalize(join(SOURCES, folder, spec.file ?? own))
    if (!existsSync(join(ROOT, file)))
      throw new Error(`${part}: ${spec.name} is said to be in ${file}, which is not there`)
    found.push({ ...spec, part, file })
  }
  for (const [part, folder, specs] of BUILT_IN) for (const spec of specs) add(part, folder, spec, '')
  for (const { key, specs } of modules) for (const spec of specs) add(key, 'modules', spec, moduleFile(key))
  return found.toSorted((a, b) => compare(a.name, b.name) || compare(a.part, b.part))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** What is published of a specification, as a whole: RFCs and XEPs have their addresses from their numbers. */
function addressOf(name: string): string {
  const [kind, number = ''] = name.split(/[- ]/)
  if (kind === 'XEP') return `https://xmpp.org/extensions/xep-${number}.html`
  return `https://www.rfc-editor.org/rfc/rfc${number}`
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

function row({ name, version = '', status, part, note = '', file }: Followed): string {
  const place = `[${file.slice(file.lastIndexOf('src/') + 4)}](../${file})`
  return `| [${name}](${addressOf(name)}) | ${version} | ${status} | ${cell(part)} | ${cell(note)} | ${place} |`
}

/** docs/specs.md. */
export function specsPage(all: readonly Followed[]): string {
  const table = (kind: string): string =>
    [
      '| specification | version | status | part | note | file |',
      '|---|---|---|---|---|---|',
      ...all.filter(({ name }) => name.startsWith(kind)).map(row),
    ].join('\n')
  return [
    `<!-- ${BY} -->`,
    '# Specifications',
    'What this server follows. "partial" is what lacks something that the specification asks of a server; the note says what there is. ' +
      'A part that begins with `mod_` has to be switched on: see [modules](modules.md).',
    '## RFCs',
    table('RFC'),
    '## XEPs',
    'The same for programs: [doap.xml](../doap.xml).',
    table('XEP'),
  ]
    .map((block) => `${block}\n`)
    .join('\n')
}

/** What DOAP says of one XEP: several parts may follow pieces of it. */
export function merged(all: readonly Followed[]): readonly Spec[] {
  const xeps = new Map<string, Spec>()
  for (const { name, version = '', status, note } of all) {
    if (!name.startsWith('XEP')) continue
    const known = xeps.get(name)
    if (known !== undefined && known.version !== version)
      throw new Error(`${name} is declared with the versions ${known.version} and ${version}`)
    const notes = [known?.note, note].filter((text) => text !== undefined)
    xeps.set(name, {
      name,
      version,
      status: known?.status === 'complete' ? 'complete' : status,
      ...(notes.length > 0 && { note: notes.join('; ') }),
    })
  }
  return [...xeps.values()]
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('`', '')

function supported({ name, version = '', status, note }: Spec): string {
  return [
    '    <implements>',
    '      <xmpp:SupportedXep>',
    `        <xmpp:xep rdf:resource="${addressOf(name)}"/>`,
    `        <xmpp:version>${version}</xmpp:version>`,
    `        <xmpp:status>${status}</xmpp:status>`,
    `        <xmpp:since>${SINCE}</xmpp:since>`,
    ...(note === undefined ? [] : [`        <xmpp:note xml:lang="en">${escaped(note)}</xmpp:note>`]),
    '      </xmpp:SupportedXep>',
    '    </implements>',
  ].join('\n')
}

/** doap.xml, as https://xmpp.org/extensions/xep-0453.html has it. */
export function doap(all: readonly Followed[]): string {
  const rfcs = new Set(all.filter(({ name }) => name.startsWith('RFC')).map(({ name }) => addressOf(name)))
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<!-- ${BY} -->`,
    '<rdf:RDF xmlns="http://usefulinc.com/ns/doap#" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"',
    '         xmlns:xmpp="https://linkmauve.fr/ns/xmpp-doap#">',
    '  <Project>',
    '    <name>Meerkat</name>',
    '    <shortdesc xml:lang="en">A messaging server for mobile and web products</shortdesc>',
    '    <license rdf:resource="https://spdx.org/licenses/Apache-2.0"/>',
    '    <programming-language>TypeScript</programming-language>',
    '    <os>Linux</os>',
    '    <category rdf:resource="https://linkmauve.fr/ns/xmpp-doap#category-server"/>',
    '    <category rdf:resource="https://linkmauve.fr/ns/xmpp-doap#category-xmpp"/>',
    ...[...rfcs].map((address) => `    <implements rdf:resource="${address}"/>`),
    ...merged(all).map(supported),
    '  </Project>',
    '</rdf:RDF>',
    '',
  ].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const all = followed((await loadModules()).values())
  for (const [name, text] of Object.entries({ 'docs/specs.md': specsPage(all), 'doap.xml': doap(all) })) {
    const file = join(ROOT, name)
    if (!process.argv.includes('--check')) writeFileSync(file, text)
    else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
      console.log(`${name} is out of date: run node packages/server/tools/generate-specs.ts`)
      process.exitCode = 1
    }
  }
}
