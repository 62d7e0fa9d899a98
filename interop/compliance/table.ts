/** The tables of compliance, in Markdown. */
import { type Level, type Requirement, isMet, requirements, suites } from './requirements.ts'

/** What came of a line: `yes`, or why not. */
export type Outcome = (requirement: Requirement) => string

const said = ({ notYet }: Requirement): string => (notYet === undefined ? 'yes' : `not yet: ${notYet}`)

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const [head, ...body] = rows
  return [line(head!), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)]
}

const asked = ({ levels }: Requirement, level: Level): string =>
  levels.includes(level) ? 'asked' : levels.length === 0 ? 'n/a' : ''

/** Every line, with what came of it. */
export function linesOf(outcome: Outcome = said): string[] {
  const rows = requirements.map((line) => [
    line.suite,
    line.feature,
    line.specs.join(', '),
    asked(line, 'server'),
    asked(line, 'advanced'),
    outcome(line),
    line.needs.map((need) => `\`${need}\``).join(', '),
  ])
  return table([['suite', 'feature', 'specifications', 'server', 'advanced server', 'here', 'needs'], ...rows])
}

/** Every suite at both levels. */
export function levelsOf(outcome: Outcome = said): string[] {
  const isThere = (line: Requirement) => outcome(line) === 'yes'
  const word = (suite: (typeof suites)[number], level: Level) => (isMet(suite, level, isThere) ? 'met' : 'not yet')
  const rows = suites.map((suite) => [suite, word(suite, 'server'), word(suite, 'advanced')])
  return table([['suite', 'server', 'advanced server'], ...rows])
}
