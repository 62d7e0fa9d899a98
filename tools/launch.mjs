/**
 * What `npm start`, `npm test` and the other scripts run first: installs what is missing, then runs the task on the
 * Node that npm brought. Plain JavaScript for Node 18 and newer, without dependencies, because nothing is installed yet.
 *
 *     node tools/launch.mjs install|start|test|attacks|check|bench [ARGUMENT...]
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { advice, become, findNode, serverFlags } from '../packages/server/bin/runtime.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'node_modules', '.meerkat-lock')

/** The file that does each task, and where Node keeps its compiled code meanwhile. */
const tasks = {
  install: undefined,
  start: { file: 'packages/server/src/main.ts', cache: 'data/compile-cache' },
  test: { file: 'tools/test.ts', cache: '.build/compile-cache' },
  attacks: { file: 'tools/attacks.ts', cache: '.build/compile-cache' },
  check: { file: 'tools/check.ts', cache: '.build/compile-cache' },
  bench: { file: 'bench/main.ts', cache: '.build/compile-cache' },
}

const read = (...path) => {
  try {
    return readFileSync(join(root, ...path), 'utf8')
  } catch {
    return ''
  }
}

/** What stays equal until the lock file changes; the architecture is in it because npm installs a Node for one. */
const lockHash = () =>
  createHash('sha256').update(`${process.platform} ${process.arch}\n`).update(read('package-lock.json')).digest('hex')

/** Whether `npm install`, which leaves no stamp, has already put in place what the lock file asks for. */
function lockIsMet() {
  const installed = read('node_modules', '.package-lock.json')
  if (!installed) return false
  const have = JSON.parse(installed).packages
  const wanted = Object.entries(JSON.parse(read('package-lock.json')).packages)
  return wanted.every(([path, { version, optional }]) => !path || optional || have[path]?.version === version)
}

function npm(command, ...args) {
  const cli = process.env.npm_execpath ?? ''
  const [program, ...first] = /npm-cli\.c?js$/.test(cli) ? [process.execPath, cli] : ['npm']
  const options = ['--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
  const done = spawnSync(program, [...first, command, ...args, ...options], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return { ...done, code: done.signal ? 128 + constants.signals[done.signal] : (done.status ?? 1) }
}

/** Installs when the lock file asks for something else than what is there. Answers the exit code. */
function install() {
  const hash = lockHash()
  if (read('node_modules', '.meerkat-lock') === hash) return 0
  if (!lockIsMet()) {
    console.error('meerkat: installing packages (npm ci), once ...')
    let done = npm('ci')
    // `ci` wants every other platform's packages in the lock file too, which a registry that lacks them never writes;
    // `install` takes the locked versions all the same, and --no-save leaves the lock file alone.
    if (done.code === 1 && /EUSAGE/.test(done.stderr ?? '')) done = npm('install', '--no-save')
    if (done.code) {
      console.error(done.error?.message ?? done.stderr.trimEnd())
      console.error('meerkat: npm could not install the packages. Is the registry reachable, and the disk not full?')
      return done.code
    }
  }
  writeFileSync(stamp, hash)
  return 0
}

/** Node would make it for its compiled code, and so that other users may read it. */
function makeDataFolder() {
  try {
    mkdirSync(join(root, 'data'), { recursive: true, mode: 0o700 })
  } catch {
    // The server itself says what is wrong with the folder.
  }
}

function main([name, ...args]) {
  if (!name || !Object.hasOwn(tasks, name)) {
    console.error(`usage: node tools/launch.mjs ${Object.keys(tasks).join('|')} [ARGUMENT...]`)
    return 2
  }
  const failed = install()
  if (failed || name === 'install') return failed
  const node = findNode(root)
  if (!node) {
    console.error(advice)
    return 1
  }
  const { file, cache } = tasks[name]
  process.chdir(root)
  if (name === 'start') makeDataFolder()
  become(node, [...(name === 'start' ? serverFlags : []), join(root, file), ...args], {
    ...process.env,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, cache),
    // Whatever a task starts as `node` or as a tool is the repository's own.
    PATH: [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
  })
}

process.exitCode = main(process.argv.slice(2))
