import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const UNIT = readFileSync(join(ROOT, 'packaging/meerkat.service'), 'utf8')

const version = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' })
const skip = version.status === 0 ? false : 'there is no systemd-analyze'

/** The unit in a file of its own, with a program that is there in the place of the installed one. */
function unitFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'meerkat.service')
  writeFileSync(file, UNIT.replaceAll('/usr/local/bin/meerkat', process.execPath))
  return file
}

function analyze(...args: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
  return { status, text: stdout + stderr }
}

test('systemd finds nothing wrong with the unit', { skip }, (t) => {
  assert.deepEqual(analyze('verify', '--man=no', unitFile(t)), { status: 0, text: '' })
})

test('the unit leaves the service little that it could do to the machine', { skip }, (t) => {
  // Above 2.5 of 10 the command fails. What remains is what a server needs: the network, and a compiler in memory.
  const { status, text } = analyze('security', '--offline=true', '--threshold=25', '--no-pager', unitFile(t))
  assert.equal(status, 0, text)
})

test('the unit starts the server although something that it can do without is away', () => {
  assert.match(UNIT, /^ExecStartPre=-\S+ .* check$/m)
  assert.match(UNIT, /^StartLimitIntervalSec=0$/m)
})
