/**
 * Runs the tests: `npm test`, `npm test -- PATTERN...`, `npm test -- e2e`, `npm test -- nodes`, `npm test -- interop`.
 *
 * A pattern is part of a path or, when no path has it, a regular expression for test names. Without a suite's name,
 * `unit` and `e2e` run, side by side. A test whose service is absent is skipped and named at the end; with
 * MEERKAT_NO_SKIP=1 it counts as failed. The last line is `N passed, M failed`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { files, root } from './files.ts'
import { type Result } from './test-reporter.ts'
import { startedFile } from './test-started.ts'

/** Tests that are run together, in one way. */
export interface Suite {
  readonly name: string
  readonly patterns: readonly string[]
  readonly options: readonly string[]
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Whether it runs when no suite is named. */
  readonly usual: boolean
  /** Whether its tests are those of another suite, run in another way: it runs only when it is named. */
  readonly again?: boolean
}

/**
 * Files of `e2e` that are no part of `nodes`, and why: where two nodes make no sense, not where they are difficult. Of the others every test runs.
 */
export const onOneNodeOnly: Readonly<Record<string, string>> = {
  'e2e/crash/verdict.test.ts': 'starts no server: it is about how the crash tests judge',
  'e2e/two-nodes.test.ts': 'has two nodes in any case, and runs so in `e2e`',
}

/** All suites. */
export const suites: readonly Suite[] = [
  {
    name: 'unit',
    patterns: ['packages/**/*.test.ts', 'tools/**/*.test.ts', 'bench/**/*.test.ts'],
    options: ['--test-isolation=none'],
    usual: true,
  },
  { name: 'e2e', patterns: ['e2e/**/*.test.ts'], options: ['--test-concurrency=2'], usual: true },
  {
    // Everything of e2e once more, with the clients on two nodes in turn, which a network joins that delays, repeats and loses.
    name: 'nodes',
    patterns: ['e2e/**/*.test.ts'],
    options: ['--test-concurrency=2'],
    env: { MEERKAT_NODES: '2' },
    usual: false,
    again: true,
  },
  { name: 'interop', patterns: ['interop/**/*.test.ts'], options: ['--test-concurrency=1'], usual: false },
]

/** The test files of a suite. */
export const filesOf = ({ patterns, again = false }: Suite): string[] =>
  files(patterns).filter((path) => !again || !Object.hasOwn(onOneNodeOnly, path))

/** A test may take this long, and a run may be silent a little longer; both in milliseconds. */
const patience = Number(process.env['MEERKAT_TEST_PATIENCE'] ?? 120_000)

/** Results of a file of records; a line cut off by a killed process is left out. */
function readResults(record: string): Result[] {
  const lines = readFileSync(record, { encoding: 'utf8', flag: 'a+' }).split('\n')
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Result)
}

/** Kills a run that neither ends nor reports, because a handle was left open or a test blocks; `end` gets the reason. */
function watchdog(child: ChildProcess, record: string, end: (why: string) => void): NodeJS.Timeout {
  const startedAt = Date.now()
  return setInterval(() => {
    const lastNews = statSync(record, { throwIfNoEntry: false })?.mtimeMs ?? startedAt
    if (Date.now() - lastNews < patience + 30_000) return
    const last = readFileSync(startedFile(record), { encoding: 'utf8', flag: 'a+' })
    end(`it did not end: a handle is open, or a test blocks${last && `; the last to start was ${last}`}`)
    child.kill('SIGKILL')
  }, 5_000)
}

const argumentsFor = (suite: Suite, names: readonly string[]) => [
  '--test',
  ...suite.options,
  ...(suite.options.includes('--test-isolation=none')
    ? [`--import=${join(import.meta.dirname, 'test-started.ts')}`]
    : []),
  `--test-timeout=${patience}`,
  `--test-reporter=${join(import.meta.dirname, 'test-reporter.ts')}`,
  '--test-reporter-destination=stdout',
  ...names.map((name) => `--test-name-pattern=${name}`),
]

/** Runs one suite; resolves with all its results, and with one more failure when the run itself went wrong. */
export function run(
  suite: Suite,
  paths: readonly string[],
  names: readonly string[],
  folder: string,
): Promise<Result[]> {
  const record = join(folder, suite.name)
  const child = spawn(process.execPath, [...argumentsFor(suite, names), ...paths], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...suite.env, MEERKAT_TEST_RECORD: record },
  })
  process.once('SIGTERM', () => child.kill())
  let problem = ''
  const guard = watchdog(child, record, (why) => (problem = why))
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearInterval(guard)
      const results = readResults(record).filter(
        (result) => !names.length || result.reason !== 'there is no test in it',
      )
      const broken = code !== 0 && !results.some((result) => result.outcome === 'failed')
      if (broken || problem) {
        const reason = problem || `it ended with ${signal ?? `exit code ${code}`}, though no test failed`
        results.push({ outcome: 'failed', name: `the run of ${suite.name}`, file: '', reason })
        console.log(`\nFAILED the run of ${suite.name}: ${reason}`)
      }
      resolve(results)
    })
  })
}

const count = (results: readonly Result[], outcome: Result['outcome']) =>
  results.filter((result) => result.outcome === outcome).length

/** Prints the summary; answers how many failed. */
export function summarize(
  bySuite: ReadonlyMap<string, readonly Result[]>,
  noSkip: boolean,
  print = console.log,
): number {
  const all = [...bySuite.values()].flat()
  const skipped = all.filter((result) => result.outcome === 'skipped')
  for (const { name, file } of all.filter((result) => result.outcome === 'failed')) print(`failed: ${file}: ${name}`)
  for (const { name, file, reason } of skipped) print(`skipped: ${file}: ${name} (${reason})`)
  for (const [name, results] of bySuite) {
    const [passed, failed] = [count(results, 'passed'), count(results, 'failed')]
    print(`${name.padEnd(8)} ${passed} passed, ${failed} failed, ${count(results, 'skipped')} skipped`)
  }
  const failed = count(all, 'failed') + (noSkip ? skipped.length : 0)
  if (skipped.length) {
    const names = [...new Set(skipped.map((result) => result.name))].join('; ')
    print(`${skipped.length} skipped${noSkip ? ', which counts as failed here' : ''}: ${names}`)
  }
  print(`${count(all, 'passed')} passed, ${failed} failed`)
  return failed
}

async function main(args: readonly string[]): Promise<number> {
  const named = suites.filter((suite) => args.includes(suite.name))
  const patterns = args.filter((arg) => !suites.some((suite) => suite.name === arg))
  const wanted = named.length ? named : suites.filter(({ usual, again }) => usual || (patterns.length && !again))
  const found = new Map(wanted.map((suite) => [suite, filesOf(suite)]))
  const matches = (path: string) => patterns.some((pattern) => path.includes(relative(root, join(root, pattern))))
  const byPath = patterns.length > 0 && [...found.values()].flat().some(matches)
  const names = byPath ? [] : patterns
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-test-'))
  try {
    const runs = [...found].map(async ([suite, paths]) => {
      const chosen = byPath ? paths.filter(matches) : paths
      return [suite.name, chosen.length ? await run(suite, chosen, names, folder) : []] as const
    })
    const bySuite = new Map((await Promise.all(runs)).filter(([, results]) => results.length))
    if (bySuite.size === 0 && patterns.length) {
      console.log(`no test matches ${args.join(' ')}`)
      console.log('0 passed, 1 failed')
      return 1
    }
    return summarize(bySuite, process.env['MEERKAT_NO_SKIP'] === '1') ? 1 : 0
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
