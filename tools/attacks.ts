/**
 * Runs the tests of attacks and faults: `npm run attacks`, or `npm run attacks -- S5 R3` for some rows.
 *
 * A test belongs to the rows of `attack-rows.ts` that its title names, such as `S5: …` or `R1, R3: …`, in whichever
 * suite it is. Prints a table of the rows, which docs/security.md explains. Ends with 1 when a row has failed, or has
 * no test although nothing of it waits to be built.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AttackRow, attackRows } from './attack-rows.ts'
import { files, root } from './files.ts'
import { type Result } from './test-reporter.ts'
import { run, suites, summarize } from './test.ts'

/** What can be said of a row after a run. */
export type RowState = 'passed' | 'in part' | 'FAILED' | 'skipped' | 'not built' | 'NO TEST'

/** A line of the table. */
export interface RowResult {
  readonly row: AttackRow
  readonly tests: number
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly state: RowState
}

const ROW = /(?<=^|[\s(])[SR]\d{1,2}(?=[:,)\s])/g
// In a source a title begins behind a quote; the names of the rows stand before a colon or a comma.
const IN_SOURCE = /(?<=(?:test|it|describe)\(\s*[^\n]*[\s('"`])[SR]\d{1,2}(?=[:,])/g

/** The rows that the title of a test names. */
export function rowsIn(title: string): string[] {
  return [...new Set(title.match(ROW))]
}

/** The rows that titles in the source of a test file name, once for each time. */
export function rowsInSource(source: string): string[] {
  return source.match(IN_SOURCE) ?? []
}

/** Whether a row ends the run badly. */
export const isBad = ({ state }: RowResult): boolean => state === 'FAILED' || state === 'NO TEST'

/** What became of every row. */
export function judge(rows: readonly AttackRow[], results: readonly Result[]): RowResult[] {
  const byRow = Map.groupBy(
    results.flatMap((result) => rowsIn(result.name).map((row) => ({ row, outcome: result.outcome }))),
    ({ row }) => row,
  )
  return rows.map((row) => {
    const own = byRow.get(row.row) ?? []
    const count = (outcome: Result['outcome']) => own.filter((result) => result.outcome === outcome).length
    const counts = { tests: own.length, passed: count('passed'), failed: count('failed'), skipped: count('skipped') }
    return { row, ...counts, state: stateOf(row, counts) }
  })
}

function stateOf(row: AttackRow, { tests, passed, failed }: Pick<RowResult, 'tests' | 'passed' | 'failed'>): RowState {
  if (failed > 0) return 'FAILED'
  if (tests === 0) return row.notBuilt.length > 0 ? 'not built' : 'NO TEST'
  if (passed === 0) return 'skipped'
  return row.notBuilt.length > 0 ? 'in part' : 'passed'
}

/** The table as text. */
export function table(judged: readonly RowResult[]): string {
  const line = (...[row, state, ...rest]: (string | number)[]) => {
    const [tests, passed, failed, skipped, about] = rest
    const numbers = [tests, passed, failed, skipped].map((number) => String(number).padStart(7)).join(' ')
    return `${String(row).padEnd(4)} ${String(state).padEnd(9)} ${numbers}  ${about}`
  }
  const head = line('row', 'state', 'tests', 'passed', 'failed', 'skipped', 'what is tried')
  const body = judged.map((one) =>
    line(one.row.row, one.state, one.tests, one.passed, one.failed, one.skipped, one.row.tried),
  )
  return [head, ...body].join('\n')
}

/** The test files that name one of the rows anywhere, so that no server is started for others. */
function pathsOf(patterns: readonly string[], rows: readonly AttackRow[]): string[] {
  const names = new RegExp(`\\b(?:${rows.map(({ row }) => row).join('|')})[:,]`)
  return files(patterns).filter((path) => names.test(readFileSync(join(root, path), 'utf8')))
}

async function main(wanted: readonly string[]): Promise<number> {
  const rows = attackRows.filter(({ row }) => wanted.length === 0 || wanted.includes(row))
  const unknown = wanted.filter((name) => !rows.some(({ row }) => row === name))
  if (unknown.length > 0) {
    console.log(`no such row: ${unknown.join(', ')}; rows are in tools/attack-rows.ts`)
    return 2
  }
  const names = wanted.length === 0 ? '[SR]\\d{1,2}' : `(?:${wanted.join('|')})`
  const inTitle = `(?<=^|[\\s(])${names}(?=[:,)\\s])`
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-attacks-'))
  try {
    const runs = suites
      .filter(({ again }) => !again)
      .map(async (suite) => {
        const paths = pathsOf(suite.patterns, rows)
        return [suite.name, paths.length > 0 ? await run(suite, paths, [inTitle], folder) : []] as const
      })
    return tell(rows, new Map(await Promise.all(runs)))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Prints what came of a run; answers the exit code. */
function tell(rows: readonly AttackRow[], bySuite: ReadonlyMap<string, readonly Result[]>): number {
  const judged = judge(rows, [...bySuite.values()].flat())
  console.log(`\n${table(judged)}\n`)
  const bad = judged.filter(isBad)
  for (const { row, state } of bad) console.log(`${row.row}: ${state}`)
  for (const name of strangers([...bySuite.values()].flat())) console.log(`not in tools/attack-rows.ts: ${name}`)
  const failed = summarize(bySuite, process.env['MEERKAT_NO_SKIP'] === '1')
  return failed > 0 || bad.length > 0 ? 1 : 0
}

/** Rows that tests name and the list does not know. */
function strangers(results: readonly Result[]): string[] {
  const known = new Set(attackRows.map(({ row }) => row))
  return [...new Set(results.flatMap(({ name }) => rowsIn(name)))].filter((row) => !known.has(row)).sort()
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
