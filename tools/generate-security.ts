/**
 * Writes the tables of docs/security.md from tools/attack-rows.ts, with the files whose tests name each row; everything
 * around the tables is written by hand. With `--check` it writes nothing and fails when the tables are out of date; that
 * another file names a row as well is no reason, that one which stands there does not any more is.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attackChapters, type AttackRow } from './attack-rows.ts'
import { rowsInSource } from './attacks.ts'
import { files, root } from './files.ts'
import { suites } from './test.ts'

const [BEGIN, END] = ['<!-- tables: node tools/generate-security.ts -->', '<!-- end of tables -->']
const DOCUMENT = join(root, 'docs/security.md')
const NOT_BUILT = 'Parts of rows without a test, because what they are about is not there:'
/** How many files stand in a line; there may be more. */
const SHOWN = 3

/** Test files by row: those over sockets first, then by name, so that another test in a file changes nothing here. */
function filesByRow(): ReadonlyMap<string, readonly string[]> {
  const found = files(suites.flatMap((suite) => suite.patterns)).flatMap((path) => {
    const rows = path === 'tools/attacks.test.ts' ? ['S15'] : rowsInSource(readFileSync(join(root, path), 'utf8'))
    return [...new Set(rows)].map((row) => ({ row, path }))
  })
  found.sort((one, other) => Number(isStory(other.path)) - Number(isStory(one.path)))
  return new Map(
    [...Map.groupBy(found, ({ row }) => row)].map(([row, places]) => [row, places.map(({ path }) => path)]),
  )
}

const isStory = (path: string): boolean => path.startsWith('e2e/')

function chapter(
  [title, rows]: [string, readonly AttackRow[]],
  places: ReadonlyMap<string, readonly string[]>,
): string {
  const lines = rows.map(({ row, tried, answer }) => {
    const links = (places.get(row) ?? []).map((path) => `[${path.split('/').slice(-2).join('/')}](../${path})`)
    return `| ${row} | ${tried} | ${answer} | ${links.join(', ')} |`
  })
  return [
    `### ${title}`,
    '',
    '| row | what is tried | what the server does | tests |',
    '|---|---|---|---|',
    ...lines,
  ].join('\n')
}

function tables(places: ReadonlyMap<string, readonly string[]>): string {
  const chapters = Object.entries(attackChapters).map((entry) => chapter(entry, places))
  const missing = Object.values(attackChapters)
    .flat()
    .filter(({ notBuilt }) => notBuilt.length > 0)
    .map(({ row, notBuilt }) => `- ${row}: ${notBuilt.join('; ')}`)
  return [...chapters, ['### Not built yet', '', NOT_BUILT, '', ...missing].join('\n')].join('\n\n')
}

/** The files that the document shows for each row, and where one of them is out of date, or there are none, those of now. */
function shownIn(document: string, places: ReadonlyMap<string, readonly string[]>): Map<string, readonly string[]> {
  const shown = document.matchAll(/^\| ([SR]\d+) \|.*\| ([^|]*) \|$/gm).map(([, row = '', links = '']) => {
    const paths = [...links.matchAll(/\(\.\.\/([^)]+)\)/g)].map(([, path = '']) => path)
    const current = paths.length > 0 && paths.every((path) => places.get(row)?.includes(path))
    return [row, current ? paths : firstOf(places.get(row))] as const
  })
  return new Map(shown)
}

const firstOf = (paths: readonly string[] = []): readonly string[] => paths.slice(0, SHOWN)

const check = process.argv.includes('--check')
const old = readFileSync(DOCUMENT, 'utf8')
const [from, to] = [old.indexOf(BEGIN), old.indexOf(END)]
if (from < 0 || to < from) throw new Error(`docs/security.md has no place for the tables: ${BEGIN} … ${END}`)
const now = filesByRow()
const places = check ? shownIn(old, now) : new Map(now.entries().map(([row, paths]) => [row, firstOf(paths)]))
const wanted = `${old.slice(0, from)}${BEGIN}\n\n${tables(places)}\n\n${old.slice(to)}`
if (!check) writeFileSync(DOCUMENT, wanted)
else if (wanted !== old) {
  console.log('docs/security.md is out of date: run node tools/generate-security.ts')
  process.exitCode = 1
}
