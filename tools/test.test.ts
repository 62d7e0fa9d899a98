import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Result } from './test-reporter.ts'
import { filesOf, onOneNodeOnly, suites, summarize } from './test.ts'

const sample = `
import { describe, it, test } from 'node:test'
describe('broker', { skip: 'RabbitMQ does not answer' }, () => { it('never runs', () => {}) })
describe('room', () => {
  it('opens', () => {})
  it('closes', () => { console.log('seen'); throw new Error('stuck door') })
  it('is to do', { todo: true }, () => { throw new Error('not yet') })
  it('late', (t) => t.skip('no database'))
})
test('outer', async (t) => { await t.test('inner', () => {}) })
`

/** Runs files by `node --test` with the reporter; answers what it printed and recorded. */
function report(sources: Record<string, string>, ...options: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'reporter-'))
  try {
    for (const [name, source] of Object.entries(sources)) writeFileSync(join(folder, name), source)
    const reporter = join(import.meta.dirname, 'test-reporter.ts')
    const args = [
      '--test',
      ...options,
      `--test-reporter=${reporter}`,
      ...Object.keys(sources).map((name) => join(folder, name)),
    ]
    const { NODE_TEST_CONTEXT: _, ...env } = process.env // or it would think that it is part of this run
    const record = join(folder, 'record')
    const { stdout } = spawnSync(process.execPath, args, {
      cwd: folder,
      encoding: 'utf8',
      env: { ...env, MEERKAT_TEST_RECORD: record },
    })
    const results = readFileSync(record, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Result)
    return { stdout, results: results.map((r) => `${r.outcome} ${r.file} ${r.name}${r.reason && ` (${r.reason})`}`) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const expected = [
  'skipped a.test.mjs broker (RabbitMQ does not answer)',
  'passed a.test.mjs room > opens',
  'failed a.test.mjs room > closes',
  'skipped a.test.mjs room > is to do (to do)',
  'skipped a.test.mjs room > late (no database)',
  'passed a.test.mjs outer > inner',
  'passed a.test.mjs outer',
]

for (const isolation of ['none', 'process']) {
  test(`each test is counted once, with its reason (isolation ${isolation})`, () => {
    const { stdout, results } = report({ 'a.test.mjs': sample }, `--test-isolation=${isolation}`)
    assert.deepEqual(results, expected)
    assert.match(stdout, /FAILED room > closes\n {2}at a\.test\.mjs:6\n.*stuck door/s)
    assert.ok(!stdout.includes('opens'))
  })

  test(`a file that cannot be loaded, or has no test, fails (isolation ${isolation})`, () => {
    const sources = { 'b.test.mjs': "import './missing.mjs'", 'c.test.mjs': 'export {}' }
    const { results } = report(sources, `--test-isolation=${isolation}`)
    assert.deepEqual(
      results.map((line) => line.split(' ').slice(0, 2).join(' ')),
      ['failed b.test.mjs', 'failed c.test.mjs'],
    )
  })
}

const result = (outcome: Result['outcome'], name: string): Result => ({
  outcome,
  name,
  file: 'x.test.ts',
  reason: 'down',
})

test('the summary ends in the total, and names what was skipped', () => {
  const bySuite = new Map([
    ['unit', [result('passed', 'a'), result('failed', 'b')]],
    ['e2e', [result('skipped', 'rabbit')]],
  ])
  const lines: string[] = []
  assert.equal(
    summarize(bySuite, false, (line: string) => lines.push(line)),
    1,
  )
  assert.equal(lines.at(-1), '1 passed, 1 failed')
  assert.equal(lines.at(-2), '1 skipped: rabbit')
  assert.ok(lines.includes('failed: x.test.ts: b'))

  assert.equal(
    summarize(bySuite, true, (line: string) => lines.push(line)),
    2,
  )
  assert.equal(lines.at(-1), '1 passed, 2 failed')
})

test('the suite `nodes` has all files of `e2e` but those of which it is said why', () => {
  const of = (name: string): string[] => filesOf(suites.find((suite) => suite.name === name)!)
  const left = of('e2e').filter((path) => !of('nodes').includes(path))
  assert.deepEqual(left, Object.keys(onOneNodeOnly).toSorted())
})
