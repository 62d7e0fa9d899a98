/**
 * Makes the tarball that `npm install --global` takes: compiled JavaScript, with the workspace's own packages inside.
 *
 *     node tools/pack.ts [FOLDER]      writes meerkat-server-VERSION.tgz there; default: .build
 */
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const STAGE = join(ROOT, '.build', 'package')

/** The packages inside, and where they stand in the tarball. */
const INSIDE: Readonly<Record<string, string>> = {
  xml: 'node_modules/@meerkat/xml',
  protocol: 'node_modules/@meerkat/protocol',
  server: '.',
}

interface Manifest {
  readonly [key: string]: unknown
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout
}

/** Compiles one package; types have been checked by `npm run check`. */
function compile(name: string, target: string): void {
  const source = join(ROOT, 'packages', name)
  const config = join(ROOT, '.build', `pack-${name}.json`)
  const options = {
    composite: false,
    declaration: false,
    emitDeclarationOnly: false,
    incremental: false,
    noCheck: true,
    rewriteRelativeImportExtensions: true,
    rootDir: source,
    outDir: target,
  }
  const files = globSync('src/**/*.ts', { cwd: source })
    .filter((file) => !/(^|\/)(testing|fixtures)\/|\.(test|fixture|contract)\.ts$/.test(file))
    .map((file) => join(source, file))
  const base = join(ROOT, 'tsconfig.base.json')
  writeFileSync(config, JSON.stringify({ extends: base, compilerOptions: options, files }))
  run(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', config], ROOT)
  for (const file of globSync('**/*.js', { cwd: join(target, 'src') })) pointToCompiled(join(target, 'src', file))
}

/** Names of files that are started or read, not imported: the compiler leaves them as they are. */
function pointToCompiled(file: string): void {
  const text = readFileSync(file, 'utf8')
  const changed = text.replaceAll(/(new URL\(\s*(['"`])\.[^'"`]*)\.ts\2/g, '$1.js$2')
  if (changed !== text) writeFileSync(file, changed)
}

/** The manifest of a package in the tarball: its sources are the compiled ones, and nothing is needed for development. */
function manifestOf(name: string): Manifest {
  const { devDependencies: _, scripts: __, ...rest } = readManifest(join(ROOT, 'packages', name))
  return JSON.parse(JSON.stringify(rest).replaceAll(/(\.\/src\/[^"]*)\.ts"/g, '$1.js"')) as Manifest
}

/** Lays out everything that goes into the tarball. */
function stage(): Manifest {
  rmSync(STAGE, { recursive: true, force: true })
  for (const [name, place] of Object.entries(INSIDE)) {
    const target = join(STAGE, place)
    mkdirSync(target, { recursive: true })
    compile(name, target)
    writeFileSync(join(target, 'package.json'), JSON.stringify(manifestOf(name), null, 2))
  }
  cpSync(join(ROOT, 'packages/server/bin'), join(STAGE, 'bin'), {
    recursive: true,
    filter: (file) => !file.includes('.test.'),
  })
  const entry = join(STAGE, 'bin/meerkat.mjs')
  writeFileSync(entry, readFileSync(entry, 'utf8').replaceAll("main.ts'", "main.js'"))
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) cpSync(join(ROOT, file), join(STAGE, file))
  cpSync(join(ROOT, 'packaging'), join(STAGE, 'packaging'), { recursive: true })
  const server = manifestOf('server')
  const own = Object.keys(INSIDE)
    .filter((name) => name !== 'server')
    .map((name) => `@meerkat/${name}`)
  // npm brings Node along, as it does for the repository.
  const { optionalDependencies = {} } = readManifest(ROOT)
  const manifest = {
    ...server,
    optionalDependencies,
    bundleDependencies: own,
    files: ['bin', 'src', 'packaging', 'CHANGELOG.md'],
  }
  writeFileSync(join(STAGE, 'package.json'), JSON.stringify(manifest, null, 2))
  return manifest
}

const folder = resolve(process.argv[2] ?? join(ROOT, '.build'))
const { version } = stage()
run('npm', ['pack', '--silent', '--pack-destination', folder], STAGE)
console.log(join(folder, `meerkat-server-${version}.tgz`))
