/**
 * Finds a Node that can run Meerkat, and hands the process over to it.
 * Plain JavaScript: these lines must also run on the old Node that a distribution ships.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'

const WANTED = [24, 15]

/**
 * What Node is told when it runs the server: V8 lets its young generation grow to 64 MiB and more under load, and does not give it back; 16 MiB
 * hold what waits for a commit (docs/performance.md). With switches that change what V8 compiles, such as --expose-gc, Node would compile its own
 * files at each start.
 */
export const serverFlags = JSON.parse(readFileSync(new URL('./flags.json', import.meta.url), 'utf8'))

/** Whether the running Node can run the server itself. */
export function newEnough(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number)
  return major > WANTED[0] || (major === WANTED[0] && minor >= WANTED[1])
}

// npm's packages of Node are built for Linux with glibc: on musl the file is there and cannot start.
const loaders = { x64: '/lib64/ld-linux-x86-64.so.2', arm64: '/lib/ld-linux-aarch64.so.1' }
const runsBundled = () => process.platform === 'linux' && existsSync(loaders[process.arch] ?? '')

/**
 * The Node in a `node_modules`: its link or, because npm 9 and 10 take the link away together with the package for the
 * other processor, itself.
 */
const bundledIn = (modules) =>
  [join(modules, '.bin', 'node'), join(modules, `node-linux-${process.arch}`, 'bin', 'node')].find(existsSync)

/** The Node which npm installed in `folder` or above it, or the running one if it is new enough, or undefined. */
export function findNode(folder) {
  for (let at = folder; runsBundled(); at = dirname(at)) {
    const bundled = bundledIn(join(at, 'node_modules'))
    if (bundled) return realpathSync(bundled)
    if (at === dirname(at)) break
  }
  return newEnough() ? process.execPath : undefined
}

/** What to tell somebody for whom `findNode` found nothing. */
export const advice =
  `Meerkat needs Node ${WANTED.join('.')} or newer and this is ${process.versions.node}. npm brings it along on Linux ` +
  `with glibc (x64, arm64); on macOS, Alpine and others install it first, then run the same command again.`

/**
 * Runs `node` with `args` in place of this process, or as its child where Node cannot do that: then signals are
 * passed on, and the exit code is the child's (128 + number when a signal ended it).
 */
export function become(node, args, env = process.env) {
  if (process.execve) return process.execve(node, [node, ...args], env)

  const child = spawn(node, args, { stdio: 'inherit', env })
  // On a terminal Ctrl-C reaches the child by itself, and twice would mean "at once".
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`meerkat: cannot run ${node}: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal]
  })
}
