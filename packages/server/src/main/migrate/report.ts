/** What `meerkat migrate` prints. */
import type { Outcome } from './copying.ts'
import { type MigrateOptions, type MigrateReport, isComplete } from './index.ts'

/** The report for people. */
export function printReport({ outcomes, notes, complete }: MigrateReport, { dryRun }: MigrateOptions): string {
  const lines = outcomes.flatMap((outcome) => linesOf(outcome, dryRun))
  const end = dryRun
    ? 'Nothing was written (--dry-run).'
    : complete
      ? 'All counts agree.'
      : 'The counts do not agree: see above; the same command goes on.'
  return [...lines, ...notes, end].join('\n')
}

function linesOf(outcome: Outcome, dryRun: boolean): string[] {
  const { table, domain, rows, copied, same, kept, skipped, missing, reasons, before } = outcome
  const left = kept + skipped - reasons.length
  return [
    `${domain}, ${table}: ${rows} rows; ${dryRun ? 'to copy' : 'copied'} ${copied}, here already ${same}, ` +
      `kept what is here ${kept}, skipped ${skipped}${before > 0 ? ` (${before} of them by an earlier run)` : ''}`,
    ...reasons.map((reason) => `  ${reason}`),
    ...(left > 0 ? [`  and ${left} more`] : []),
    ...(missing > 0 ? [`  WRONG: ${missing} rows are not here`] : []),
    ...(isComplete(outcome) ? [] : ['  WRONG: not every row was seen']),
  ]
}
