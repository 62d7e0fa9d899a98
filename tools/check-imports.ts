/**
 * Checks who imports whom, against the table in layers.ts: what the compiler cannot see because npm hoists packages
 * and because all layers of the server are one package.
 */
import { dirname, join } from 'node:path'
import { files, isDevelopment, isTest, root } from './files.ts'
import { type Import, importsOf } from './imports.ts'
import { doors, drivers, exceptions, type Layer, layers, pure, schema, smuggled } from './layers.ts'
import { scan } from './scan.ts'
import { inside, openWorkspace, type Workspace } from './workspace.ts'

/** The file whose imports are judged. */
interface Importer {
  readonly path: string
  readonly name: string
  readonly layer: Layer
  readonly workspace: Workspace
}

const layerOf = (path: string) => Object.entries(layers).find(([, layer]) => inside(path, layer.path))

const server = 'packages/server'
const modules = `${server}/src/modules`

/** The module a path belongs to: `ping` for modules/ping.ts, ping.test.ts and all of ping/. */
const featureOf = (path: string) =>
  inside(path, modules) ? path.slice(modules.length + 1).split(/[/.]/)[0] : undefined

/** Why this import is wrong, or undefined. */
function fault(by: Importer, found: Import): string | undefined {
  const { from, types } = found
  if (exceptions.has(`${by.path} -> ${from}`)) return undefined
  if (from.startsWith('node:')) return nodeFault(by, found)
  if (from.startsWith('.')) {
    const target = join(dirname(by.path), from)
    const home = by.workspace.homeOf(target)
    const reaches = by.workspace.homeOf(by.path) !== home && !by.layer.ours.includes('*')
    return reaches ? `reaches into ${home}: import its package` : oursFault(by, target, types)
  }
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(from)?.[0] ?? from
  const folder = by.workspace.folderOf(name)
  if (!by.workspace.declares(by.path, name)) {
    return `${name} is not in the dependencies of ${join(by.workspace.homeOf(by.path), 'package.json')}`
  }
  if (folder !== server) return folder ? oursFault(by, folder, types) : npmFault(by, name, types)
  return oursFault(by, `${server}/src/${from.endsWith('/api-types') ? 'api' : 'core'}`, types)
}

function nodeFault({ path, name, layer }: Importer, { from, names, types }: Import): string | undefined {
  const allowed =
    types || isDevelopment(path) || layer.node.includes('*') || layer.node.includes(from.slice('node:'.length))
  if (allowed || (names.length && names.every((one) => pure.has(one)))) return undefined
  return `${from} is not for ${name}`
}

function npmFault({ path, name, layer }: Importer, target: string, types: boolean): string | undefined {
  if (isDevelopment(path) || layer.npm.includes('*') || layer.npm.includes(target)) return undefined
  if (drivers.test(target)) return `the driver ${target} belongs in pools`
  return types ? undefined : `the package ${target} is not for ${name}`
}

/** What one layer imports of another, or a module of another. */
function oursFault(by: Importer, target: string, types: boolean): string | undefined {
  const { path, name, layer, workspace } = by
  const other = layerOf(target)?.[0]
  if (layer.ours.includes('*') || (name === 'cli' && schema.test(target))) return undefined
  if (!other) return `${target} is in no layer`
  // Tests of the server may use all of it, but nobody imports main.ts.
  if (isTest(path) && inside(path, server) && inside(target, server) && other !== 'main') return undefined
  if (name === other) return name === 'modules' ? neighbourFault(path, target, workspace) : undefined
  if (layer.ours.includes(other)) {
    return name === 'api' && other === 'modules' && !target.endsWith('/api.ts')
      ? `of a module only its api.ts: ${target}`
      : undefined
  }
  if (!layer.ours.includes(`${other} types`)) return `${name} must not import ${other}`
  return types ? undefined : `${name} may import only types of ${other}`
}

/** What a module imports of another. */
function neighbourFault(path: string, target: string, workspace: Workspace): string | undefined {
  const [own, other] = [featureOf(path), featureOf(target)]
  if (own === other || !own || !other) return undefined
  if (!doors.test(target)) return `of another module only hooks.ts or api.ts: ${target}`
  const key = `mod_${other.replaceAll('-', '_')}`
  const { text } = scan(workspace.read(`${modules}/${own}.ts`) || workspace.read(`${modules}/${own}/index.ts`))
  const required = /\brequires:\s*\[[^\]]*\]/.exec(text)?.[0] ?? ''
  return required.includes(`'${key}'`) ? undefined : `${own} does not name ${key} in \`requires\``
}

/** Timers and sockets that a module takes from the globals. */
function smuggles(source: string): { line: number; why: string }[] {
  const { code } = scan(source)
  return [...code.matchAll(smuggled)].map((match) => ({
    line: code.slice(0, match.index).split('\n').length,
    why: `a module asks the host or a pool instead of calling ${match[0]}`,
  }))
}

/** Checks files below `folder`; answers one line for each import that the table forbids. */
export function check(folder: string, paths: readonly string[]): string[] {
  const workspace = openWorkspace(folder)
  return paths.flatMap((path) => {
    const [name, layer] = layerOf(path) ?? []
    if (!name || !layer) return []
    const source = workspace.read(path)
    const found = importsOf(source).flatMap((one) => {
      const why = fault({ path, name, layer, workspace }, one)
      return why ? [{ line: one.line, why }] : []
    })
    if (name === 'modules' && !isTest(path)) found.push(...smuggles(source))
    return found.map(({ line, why }) => `${path}:${line}: ${why}`)
  })
}

if (import.meta.main) {
  const paths = files('{packages,e2e,interop,bench,tools}/**/*.{ts,mts,tsx,mjs}')
  const problems = check(root, paths)
  for (const problem of problems) console.log(problem)
  console.log(`${paths.length} files, ${problems.length} forbidden imports`)
  process.exitCode = problems.length ? 1 : 0
}
