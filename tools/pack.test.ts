import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

function run(command: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(command, args, { encoding: 'utf8' })
}

test('the tarball holds compiled code that runs, and nothing of the tests', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { stdout, stderr } = run(process.execPath, join(ROOT, 'tools/pack.ts'), folder)
  const tarball = stdout.trim()
  const files = run('tar', '-tzf', tarball).stdout.split('\n')
  assert.ok(files.includes('package/src/main.js'), stderr)
  assert.ok(files.includes('package/node_modules/@meerkat/protocol/src/index.js'))
  assert.ok(files.includes('package/packaging/meerkat.service'))
  assert.deepEqual(
    files.filter((file) => /\.ts$|\.test\.|fixture|contract/.test(file)),
    [],
  )

  // What was packed, beside the repository's dependencies, so that nothing has to be installed.
  const meerkat = (...args: string[]) => run(process.execPath, join(ROOT, '.build/package/bin/meerkat.mjs'), ...args)
  const config = join(folder, 'meerkat.toml')
  assert.equal(meerkat('init', config).status, 0)
  const checked = meerkat('-c', config, 'check')
  assert.match(checked.stdout, /^ok +.*meerkat\.toml can be read$/m, checked.stderr)
})
