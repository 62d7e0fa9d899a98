import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { root } from './files.ts'

// Answers `npm ci` by putting the running Node where npm would, and counts.
const npm = `
import { appendFileSync, mkdirSync, symlinkSync } from 'node:fs'
appendFileSync('calls', process.argv[2] + '\\n')
mkdirSync('node_modules/.bin', { recursive: true })
try { symlinkSync(process.execPath, 'node_modules/.bin/node') } catch {}
if (process.argv[2] === 'ci' && process.env.CI_SAYS) console.error(process.env.CI_SAYS)
process.exitCode = process.argv[2] === 'ci' ? Number(process.env.CI_EXIT ?? 0) : 0
`

// Stands for a task: what its arguments ask for.
const task = `
const [kind, value] = process.argv.slice(2)
if (kind === 'exit') process.exit(Number(value))
if (kind === 'wait') {
  process.once('SIGTERM', () => process.exit(7))
  setInterval(() => {}, 1000)
}
console.log('running', process.argv.length - 2, process.env.PATH.includes('node_modules/.bin'))
`

/** A folder with the launcher, a lock file, a pretended npm and a pretended task `test`. */
function workspace(t: { after(done: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'launch-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  for (const path of ['tools/launch.mjs', 'packages/server/bin/runtime.mjs', 'packages/server/bin/flags.json'])
    cpSync(join(root, path), join(folder, path))
  write('package-lock.json', '{"packages":{"":{},"node_modules/a":{"version":"1"}}}')
  write('npm-cli.mjs', npm)
  write('npm-cli.js', "import './npm-cli.mjs'")
  write('package.json', '{"type":"module"}')
  write('tools/test.ts', task)

  const start = (args: string[], env: NodeJS.ProcessEnv = {}) => {
    const child = spawn(process.execPath, [join(folder, 'tools/launch.mjs'), ...args], {
      cwd: folder,
      env: { ...process.env, npm_execpath: join(folder, 'npm-cli.js'), ...env },
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text))
    return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number, said })) }
  }
  const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n').length
  return { folder, write, start, run: (...args: string[]) => start(args).ended, calls }
}

test('installs once, again after the lock file changes, and runs the task with its arguments', async (t) => {
  const { write, run, calls } = workspace(t)
  const first = await run('test', 'a', 'b')
  assert.match(first.said, /^meerkat: installing packages.*\nrunning 2 true\n$/)
  assert.equal(first.code, 0)

  assert.equal((await run('test')).said, 'running 0 true\n')
  assert.equal(calls(), 1)

  write('package-lock.json', '{"packages":{"node_modules/a":{"version":"2"}}}')
  await run('test')
  assert.equal(calls(), 2)
})

test('the data folder of a server is for its owner alone', async (t) => {
  const { folder, write, run } = workspace(t)
  write('packages/server/src/main.ts', task)
  assert.equal((await run('start')).code, 0)
  assert.equal(statSync(join(folder, 'data')).mode & 0o777, 0o700)
})

test('what npm install has put in place is not installed again', async (t) => {
  const { write, run } = workspace(t)
  write('node_modules/.package-lock.json', '{"packages":{"node_modules/a":{"version":"1"}}}')
  assert.deepEqual(await run('install'), { code: 0, said: '' })
})

test('a failed installation is told, runs nothing, and is tried again', async (t) => {
  const { start, run } = workspace(t)
  const { code, said } = await start(['test'], { CI_EXIT: '1', CI_SAYS: 'disk full' }).ended
  assert.equal(code, 1)
  assert.match(said, /disk full\nmeerkat: npm could not install/)
  assert.doesNotMatch(said, /running/)
  assert.match((await run('test')).said, /installing.*running/s)
})

test('a lock file without other platforms is good enough', async (t) => {
  const { start, calls } = workspace(t)
  const { code, said } = await start(['test'], { CI_EXIT: '1', CI_SAYS: 'npm error code EUSAGE' }).ended
  assert.deepEqual([code, calls()], [0, 2])
  assert.doesNotMatch(said, /EUSAGE/)
})

test("the exit code is the task's, and an unknown task is refused", async (t) => {
  const { run } = workspace(t)
  assert.equal((await run('test', 'exit', '3')).code, 3)
  assert.equal((await run('dance')).code, 2)
})

test('a signal reaches the task', async (t) => {
  const { start } = workspace(t)
  const { child, ended } = start(['test', 'wait'])
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  assert.equal((await ended).code, 7)
})

test('a Node that cannot replace its process passes signals on and answers the exit code', async (t) => {
  const { folder, start } = workspace(t)
  // Takes away what an old Node lacks.
  writeFileSync(join(folder, 'old.mjs'), 'process.execve = undefined')
  const { child, ended } = start(['test', 'wait'], { NODE_OPTIONS: `--import=${join(folder, 'old.mjs')}` })
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  assert.equal((await ended).code, 7)
})

test("the server's command finds the Node above it", async (t) => {
  const { folder, write, run } = workspace(t)
  await run('install')
  write('packages/server/src/cli/main.ts', "console.log('cli', ...process.argv.slice(2))")
  const bin = join(folder, 'packages/server/bin/meerkat.mjs')
  cpSync(join(root, 'packages/server/bin/meerkat.mjs'), bin)
  chmodSync(bin, 0o755)
  symlinkSync(bin, join(folder, 'mongooseimctl'))
  const child = spawn(join(folder, 'mongooseimctl'), ['status', '--x'], {
    env: { ...process.env, XDG_CACHE_HOME: folder },
  })
  const [said] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  await once(child, 'close')
  assert.equal(said, 'cli status --x\n')
})

test(
  'finds the Node that npm brought where npm 9 or 10 has taken away its link',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const { folder, write } = workspace(t)
    const path = `node_modules/node-linux-${process.arch}/bin/node`
    write(path, '')
    const runtime = join(folder, 'packages/server/bin/runtime.mjs')

    const { findNode } = (await import(runtime)) as { findNode: (folder: string) => string | undefined }

    assert.equal(findNode(join(folder, 'packages', 'server')), join(realpathSync(folder), path))
  },
)
