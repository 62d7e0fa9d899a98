/**
 * Checks who imports whom, against the table in layers.ts: what the compiler cannot see because npm hoists packages
 * and because all layers of the server are one package.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { files, isTest, root } from './files.ts'
import { doors, drivers, exceptions, layers, schema, smuggled } from './layers.ts'
import { scan } from './scan.ts'

/** One import: where, of what, and whether only of types. */
export interface Import {
  readonly line: number
  readonly from: string
  readonly types: boolean
}

const statement = /^[ \t]*(?:import|export)(?:(?<names>\s*[\w$\s,{}*]*?)\bfrom)?\s*'(?<from>[^'\n]+)'/gm
const call = /\b(?:import|require)\(\s*'(?<from>[^'\n]+)'/g

/** Every import, re-export and literal `import()` of a source. */
export function importsOf(source: string): Import[] {
  const { code, text } = scan(source)
  const found: Import[] = []
  for (const match of [...text.matchAll(statement), ...text.matchAll(call)]) {
    const { names = '', from = '' } = match.groups ?? {}
    const at = match.index + match[0].search(/\S/)
    if (!/^(?:import|export|require)/.test(code.slice(at))) continue // inside a string
    const inner = /^\s*\{(.*)\}\s*$/s
      .exec(names)?.[1]
      ?.split(',')
      .filter((name) => name.trim())
    const types = /^\s+type\b/.test(names) || (inner?.every((name) => /^\s*type\s/.test(name)) ?? false)
    // `typeof import('x')` and `import('x').T` in a type cannot be told from a call, and count as one.
    found.push({ line: code.slice(0, at).split('\n').length, from, types })
  }
  return found
}

const inside = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`)
const layerOf = (path: string) => Object.entries(layers).find(([, layer]) => inside(path, layer.path))?.[0]

/** The module a path belongs to: `ping` for modules/ping.ts, ping.test.ts and ping/…. */
const featureOf = (path: string) => /^packages\/server\/src\/modules\/([^/.]+)/.exec(path)?.[1]

interface Manifest {
  readonly name: string
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
  readonly optionalDependencies?: Record<string, string>
}

/** Checks the files below `folder`; answers one line for each import which the table forbids. */
export function check(folder: string, paths: readonly string[]): string[] {
  const problems: string[] = []
  const read = (path: string) => readFileSync(join(folder, path), 'utf8')
  const manifests = new Map(
    files(['package.json', 'bench/package.json', 'packages/*/package.json'], folder).map((path) => [
      dirname(path),
      JSON.parse(read(path)) as Manifest,
    ]),
  )
  const homeOf = (path: string) => [...manifests.keys()].find((home) => home !== '.' && inside(path, home)) ?? '.'
  const packages = new Map([...manifests].map(([home, manifest]) => [manifest.name, home]))

  /** Why this import is wrong, or undefined. */
  function fault(path: string, { from, types }: Import): string | undefined {
    const name = layerOf(path)
    const layer = name ? layers[name] : undefined
    if (!name || !layer || exceptions.has(`${path} -> ${from}`)) return undefined
    if (from.startsWith('node:')) return nodeFault(path, layer.node, from, types)
    if (from.startsWith('.')) return oursFault(path, name, join(dirname(path), from), types, true)
    const target = /^(?:@[^/]+\/)?[^/]+/.exec(from)?.[0] ?? from
    const undeclared = undeclaredFault(path, target)
    if (undeclared) return undeclared
    const home = packages.get(target)
    if (home) return oursFault(path, name, home === 'packages/server' ? serverFile(from) : home, types, false)
    return npmFault(path, name, layer.npm, target, types)
  }

  const serverFile = (from: string) =>
    from.endsWith('/api-types') ? 'packages/server/src/api' : 'packages/server/src/core'

  function nodeFault(path: string, allowed: readonly string[], from: string, types: boolean): string | undefined {
    const fine =
      types || isTest(path) || from === 'node:test' || allowed.includes('*') || allowed.includes(from.slice(5))
    return fine ? undefined : `${from} is not for ${layerOf(path)}`
  }

  function npmFault(path: string, name: string, allowed: readonly string[], target: string, types: boolean) {
    if (isTest(path) || allowed.includes('*') || allowed.includes(target)) return undefined
    if (drivers.test(target)) return `the driver ${target} belongs in pools`
    return types ? undefined : `the package ${target} is not for ${name}`
  }

  function undeclaredFault(path: string, target: string): string | undefined {
    const home = homeOf(path)
    const own = manifests.get(home)
    if (own?.name === target || (home === '.' && packages.has(target))) return undefined
    const development = isTest(path) || !path.includes('/src/') || home === '.'
    const root = manifests.get('.')
    const declared = {
      ...own?.dependencies,
      ...own?.optionalDependencies,
      ...(development ? { ...own?.devDependencies, ...root?.devDependencies } : {}),
    }
    // Foreign clients for interop are declared where the benchmarks are, so that `npm start` never needs them.
    const borrowed =
      inside(path, 'interop') || inside(path, 'e2e') ? manifests.get('bench')?.devDependencies : undefined
    return target in { ...declared, ...borrowed }
      ? undefined
      : `${target} is not in the dependencies of ${join(home, 'package.json')}`
  }

  function oursFault(
    path: string,
    name: string,
    target: string,
    types: boolean,
    relative: boolean,
  ): string | undefined {
    const other = layerOf(target)
    const allowed = layers[name]?.ours ?? []
    if (allowed.includes('*')) return undefined
    if (!other) return `${target} is no part of any layer`
    if (relative && homeOf(path) !== homeOf(target)) return `reaches into ${homeOf(target)}: import its package`
    if (name === 'cli' && schema.test(target)) return undefined
    const tests = isTest(path) && homeOf(path) === 'packages/server' && homeOf(target) === 'packages/server'
    if (tests) return other === 'main' ? 'main.ts is for nobody' : undefined
    if (name === other) return name === 'modules' ? neighbourFault(path, target) : undefined
    if (!allowed.includes(other) && !(types && allowed.includes(`${other} types`))) {
      return allowed.includes(`${other} types`)
        ? `${name} may import only types of ${other}`
        : `${name} must not import ${other}`
    }
    if (other === 'modules' && name === 'api' && !target.endsWith('/api.ts'))
      return `of a module only its api.ts: ${target}`
    return undefined
  }

  /** What a module imports of another. */
  function neighbourFault(path: string, target: string): string | undefined {
    const [own, other] = [featureOf(path), featureOf(target)]
    if (own === other || !own || !other) return undefined
    if (!doors.test(target)) return `of another module only hooks.ts or api.ts: ${target}`
    const key = `mod_${other.replaceAll('-', '_')}`
    return requiresOf(own).includes(`'${key}'`) ? undefined : `${own} does not name ${key} in \`requires\``
  }

  function requiresOf(feature: string): string {
    const stem = `packages/server/src/modules/${feature}`
    const path = [`${stem}.ts`, `${stem}/index.ts`].find((candidate) => existsSync(join(folder, candidate)))
    return (path && /\b(?:requires|optional):\s*\[[^\]]*\]/g.exec(scan(read(path)).text)?.[0]) || ''
  }

  for (const path of paths) {
    const source = read(path)
    for (const found of importsOf(source)) {
      const why = fault(path, found)
      if (why) problems.push(`${path}:${found.line}: ${why}`)
    }
    if (layerOf(path) !== 'modules' || isTest(path)) continue
    const { code } = scan(source)
    for (const match of code.matchAll(smuggled)) {
      const line = code.slice(0, match.index).split('\n').length
      problems.push(`${path}:${line}: a module asks the host or a pool instead of calling ${match[0]}`)
    }
  }
  return problems
}

if (import.meta.main) {
  const paths = files('{packages,e2e,interop,bench,tools}/**/*.{ts,mts,tsx,mjs}')
  const problems = check(root, paths)
  for (const problem of problems) console.log(problem)
  console.log(`${paths.length} files, ${problems.length} forbidden imports`)
  process.exitCode = problems.length ? 1 : 0
}
