/**
 * Completes package-lock.json with the optional packages of other platforms. npm leaves out of the lock file what its registry does not serve,
 * and `npm ci` then refuses the file everywhere. With `--check` it only says what is missing.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './files.ts'

interface Entry {
  readonly version?: string
  readonly license?: string
  readonly dev?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

interface Lock {
  packages: Record<string, Entry & Record<string, unknown>>
}

const systems = new Set([
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
])
const processors = new Set(['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'])

/** The entry of a platform's package, read from its name: `@oxlint/binding-linux-x64-musl`. */
function platformEntry(name: string, version: string, parent: Entry): Record<string, unknown> {
  const words = name.split(/[/-]/)
  const os = words.find((word) => systems.has(word))
  const cpu = words.find((word) => processors.has(word))
  if (os === undefined || cpu === undefined) throw new Error(`${name}: which platform is this for?`)
  const libc = words.some((word) => word.startsWith('musl'))
    ? { libc: ['musl'] }
    : os === 'linux' && words.some((word) => word.startsWith('gnu'))
      ? { libc: ['glibc'] }
      : {}
  const { license, dev } = parent
  return {
    version: version.replace(/^\D+/, ''),
    cpu: [cpu],
    ...(dev && { dev }),
    ...libc,
    license,
    optional: true,
    os: [os],
  }
}

const file = join(root, 'package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock
const missing: [path: string, entry: Record<string, unknown>][] = []
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const at = `node_modules/${name}`
    if (path !== '' && lock.packages[at] === undefined) missing.push([at, platformEntry(name, version, entry)])
  }
}

if (process.argv.includes('--check')) {
  for (const [path] of missing)
    console.log(`package-lock.json lacks ${path}: run node tools/generate-lock-platforms.ts`)
  process.exitCode = missing.length === 0 ? 0 : 1
} else if (missing.length > 0) {
  const all = [...Object.entries(lock.packages), ...missing].toSorted(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(all) }, null, 2)}\n`)
  console.log(`added ${missing.length} packages of other platforms`)
}
