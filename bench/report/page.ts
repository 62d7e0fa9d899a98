/** Writes bench/README.md: the template's text with the figures of the last results. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { judgeAims } from './aims.ts'
import { disturbance } from '../meters/disturbance.ts'
import { number, table } from './format.ts'
import { Results } from './results.ts'
import { tables } from './tables.ts'
import { sections } from '../sections.ts'

const folder = join(import.meta.dirname, '..')

function aims(results: Results): string {
  const mark = (reached: boolean | undefined) =>
    reached === undefined ? 'not measured' : reached ? 'reached' : '**not reached**'
  const lines = judgeAims(results).map(({ work, aim, meerkat, rival, router, reached }) => [
    work,
    aim,
    meerkat,
    rival,
    router,
    mark(reached),
  ])
  return table(['work', 'aim', 'Meerkat', 'better rival', 'bare router', ''], lines)
}

function version(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}

const debian = (name: string) => `${name} ${version('dpkg-query', '-W', '-f', '${Version}', name) || '(not installed)'}`

/** What every figure depends on. */
function circumstances(results: Results): string {
  const rows = sections.flatMap(({ name }) => results.rows(name, {}))
  if (rows.length === 0) return 'Nothing has been measured yet.'
  const seen = (field: string) => [...new Set(rows.map((row) => row[field]).filter(Boolean))].join(', ')
  const days = [...new Set(rows.map((row) => String(row['at']).slice(0, 10)))].join(', ')
  const calibrations = rows.map((row) => Number(row['calib_ms'])).filter((value) => value > 0)
  const noisy = rows.filter((row) => disturbance(row) > 1).length
  const judged = rows.filter((row) => row['other_cpu_pct'] !== undefined).length
  return [
    `Measured ${days} at commit ${seen('commit')} with Node ${seen('node')}, ${debian('ejabberd')}, ${debian('prosody')}.`,
    `${cpus().length} cores of ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB.`,
    `The calibration took ${number(Math.min(...calibrations))} to ${number(Math.max(...calibrations))} ms.`,
    `Runs beside which unrelated processes used more than 30 % of a core, or whose time the host gave to others for more than 10 %: ${noisy} of ${judged}.`,
  ].join('\n')
}

/** Writes the page from the results in a folder; beside them when they are not the repository's own. */
export function writePage(from: string): void {
  const results = Results.read(from)
  const own = from === join(folder, 'results')
  const template = readFileSync(join(folder, 'README.template.md'), 'utf8')
  const text = template
    .replace('<!-- circumstances -->', () => circumstances(results))
    .replace('<!-- aims -->', () => aims(results))
    .replace('<!-- tables -->', () => tables(results) || 'None yet.')
  const page = own ? join(folder, 'README.md') : join(from, 'README.md')
  mkdirSync(from, { recursive: true })
  writeFileSync(page, text)
  console.log(`wrote ${page}`)
}
