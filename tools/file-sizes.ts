/**
 * Holds the code to its budgets: lengths of files and functions, comments, a test beside every module.
 * Prints the figures; exits 1 when a hard one is broken. Soft ones (marked `~`) are only reported.
 */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { files, isGenerated, isTest, root } from './files.ts'
import { functionLengths, lineKinds } from './scan.ts'

/** Files that may be longer than `longest`, each with its reason. */
const mayBeLonger = new Map<string, string>([])

const longest = 500
const patterns = [
  'packages/**/*.{ts,mts,tsx}',
  'bench/**/*.ts',
  'e2e/**/*.ts',
  'interop/**/*.ts',
  'tools/**/*.{ts,mjs}',
]

interface Source {
  readonly path: string
  readonly text: string
  readonly lines: number
}

interface Budget {
  readonly name: string
  readonly value: number
  readonly min?: number
  readonly max?: number
  readonly soft?: boolean
}

/** The value below which the given share of the values lies (nearest rank); 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

const readAll = (): Source[] =>
  files(patterns)
    .filter((path) => !isGenerated(path))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return { path, text, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0) }
    })

/** Where a feature lives: its file, or the index of its folder. */
const isModule = (path: string) => /^packages\/server\/src\/modules\/([\w-]+|[\w-]+\/index)\.ts$/.test(path)

/** Whether some test lies beside the module: `ping.test.ts` for `ping.ts`, any for a folder. */
function hasTest(path: string, all: readonly string[]): boolean {
  if (basename(path) !== 'index.ts') return all.includes(path.replace(/\.ts$/, '.test.ts'))
  const folder = path.slice(0, -'index.ts'.length)
  return all.some((other) => other.startsWith(folder) && other.endsWith('.test.ts'))
}

function budgets(source: readonly Source[], tests: readonly Source[]): Budget[] {
  const lines = source.map((file) => file.lines)
  const functions = source.flatMap((file) => functionLengths(file.text).map(({ length }) => length))
  const kinds = source.map((file) => lineKinds(file.text))
  const comments = sum(kinds.map((kind) => kind.comment))
  const modules = source.filter((file) => file.path.startsWith('packages/server/src/modules/'))
  const percent = Math.round((100 * comments) / Math.max(1, comments + sum(kinds.map((kind) => kind.code))))
  return [
    { name: 'lines of a file, median', value: quantile(lines, 0.5), max: 80 },
    { name: 'lines of a file, p90', value: quantile(lines, 0.9), max: 320 },
    { name: 'lines of a function, median', value: quantile(functions, 0.5), max: 10 },
    { name: 'lines of a function, p90', value: quantile(functions, 0.9), max: 40 },
    {
      name: 'lines of a module file, median',
      value: quantile(
        modules.map((file) => file.lines),
        0.5,
      ),
      max: 150,
      soft: true,
    },
    { name: 'comment lines, percent', value: percent, min: 8, max: 25, soft: true },
    {
      name: 'test lines per source line',
      value: Math.round((100 * sum(tests.map((file) => file.lines))) / Math.max(1, sum(lines))) / 100,
      min: 1,
      soft: true,
    },
  ]
}

const kept = ({ value, min = 0, max = Infinity }: Budget) => value >= min && value <= max

function line(budget: Budget): string {
  const limit = [budget.min !== undefined && `>= ${budget.min}`, budget.max !== undefined && `<= ${budget.max}`]
  const mark = kept(budget) ? 'ok' : budget.soft ? '~ ' : 'NO'
  return `${mark} ${budget.name.padEnd(32)} ${String(budget.value).padStart(5)}   (${limit.filter(Boolean).join(', ')})`
}

function main(): number {
  const all = readAll()
  const tests = all.filter((file) => isTest(file.path))
  const source = all.filter((file) => !isTest(file.path))
  const checked = budgets(source, tests)
  const paths = all.map((file) => file.path)
  const untested = paths.filter((path) => isModule(path) && !hasTest(path, paths))
  const tooLong = all.filter((file) => file.lines > longest && !mayBeLonger.has(file.path))
  const stale = [...mayBeLonger.keys()].filter(
    (path) => !all.some((file) => file.path === path && file.lines > longest),
  )

  console.log(
    `${source.length} source files, ${sum(source.map((file) => file.lines))} lines; ${tests.length} test files`,
  )
  for (const budget of checked) console.log(line(budget))
  for (const path of untested) console.log(`~  no test beside ${path}`)
  for (const file of tooLong)
    console.log(`NO ${file.path}: ${file.lines} lines (<= ${longest}, or an entry in this tool with a reason)`)
  for (const path of stale) console.log(`NO ${path}: needs no entry in this tool any more`)
  return tooLong.length + stale.length + checked.filter((budget) => !budget.soft && !kept(budget)).length
}

if (import.meta.main) process.exitCode = main() ? 1 : 0
