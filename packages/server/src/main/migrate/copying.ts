/** Copies a table of one domain a page at a time. Where it has got to commits together with each page, so that it goes on there another time. */
import type { Write } from '../../core/database.ts'
import type { Source } from './source.ts'
import type { Converted, Table, Target } from './tables.ts'

/** How many rows go in one unit. */
const PAGE = 500
/** How many rows that were left out are told one by one. */
const TOLD = 20

/** Where the progress is kept. */
export const PROGRESS = 'migration'
const OWNER = ''
/** The progress of tables that are copied once, which is not forgotten. */
const ONCE = 'once'

/** What became of the rows of a table. */
export interface Counts {
  copied: number
  /** The same is there already. */
  same: number
  /** Something else is there, and stays. */
  kept: number
  /** Rows that cannot be kept. */
  skipped: number
}

/** How it went with one table of one domain. */
export interface Outcome extends Counts {
  readonly table: string
  readonly domain: string
  /** Rows of the source. */
  rows: number
  /** Rows that are not here though they should be. */
  missing: number
  /** Why rows were left out, some of them. */
  readonly reasons: string[]
  /** How many rows an earlier run had done. */
  readonly before: number
}

/** What is wanted. */
export interface CopyOptions {
  readonly overwrite: boolean
  /** Writes nothing. */
  readonly dryRun: boolean
}

interface Progress extends Counts {
  readonly after: readonly string[]
  readonly reasons: readonly string[]
}

const NOTHING: Progress = { after: [], copied: 0, same: 0, kept: 0, skipped: 0, reasons: [] }

/** Reads the rows behind a key, in its order. */
async function* pagesOf(source: Source, table: Table, domain: string, from: readonly string[]) {
  const names = table.key.map((column) => `t.${column}`).join(', ')
  const places = table.key.map((_, i) => `$${i + 2}`).join(', ')
  for (let after = from; ;) {
    const behind = after.length === 0 ? '' : `AND (${names}) > (${places})`
    const text = `SELECT ${table.columns} FROM ${table.source} t WHERE t.server = $1 ${behind} ORDER BY ${names} LIMIT ${PAGE}`
    const rows = await source.rows<Record<string, string>>(text, domain, ...after)
    if (rows.length === 0) return
    after = table.key.map((column) => rows.at(-1)![column]!)
    yield { rows, after }
  }
}

/** Copies one table of one domain. */
export async function copyTable(
  source: Source,
  target: Target,
  table: Table,
  domain: string,
  options: CopyOptions,
): Promise<Outcome> {
  const place = `${source.name} ${table.source} ${domain}`
  const progress = target.stores.keyedSet(PROGRESS)
  const owner = table.once === true ? ONCE : OWNER
  const text = options.dryRun && owner === OWNER ? undefined : await progress.get(owner, place)
  const begun = text === undefined ? NOTHING : (JSON.parse(text) as Progress)
  const counts: Counts = { copied: begun.copied, same: begun.same, kept: begun.kept, skipped: begun.skipped }
  const reasons = [...begun.reasons]
  for await (const { rows, after } of pagesOf(source, table, domain, begun.after)) {
    const writes: Write[] = []
    for (const row of rows) writes.push(...(await copyRow(target, table, domain, row, { ...options, counts, reasons })))
    const reached: Progress = { ...counts, after, reasons: reasons.slice(0, TOLD) }
    if (!options.dryRun) await target.storage.commit([...writes, progress.put(owner, place, JSON.stringify(reached))])
  }
  const before = begun.copied + begun.same + begun.kept + begun.skipped
  const checked = await check(source, target, table, domain, { ...options, begun, before })
  return { table: table.name, domain, ...counts, ...checked, reasons: reasons.slice(0, TOLD), before }
}

interface Tally extends CopyOptions {
  readonly counts: Counts
  readonly reasons: string[]
}

async function copyRow(
  target: Target,
  table: Table,
  domain: string,
  row: Record<string, string>,
  { overwrite, counts, reasons }: Tally,
): Promise<readonly Write[]> {
  const left = (why: string): readonly Write[] => {
    if (reasons.length < TOLD) reasons.push(`${table.key.map((column) => row[column]).join(' ')}: ${why}`)
    return []
  }
  let converted: Converted
  try {
    converted = await table.convert(row as never, domain, target)
  } catch (error) {
    counts.skipped++
    return left(error instanceof Error ? error.message : String(error))
  }
  const present = await converted.present()
  if (present === converted.value) counts.same++
  else if (present !== undefined && !overwrite) counts.kept++
  else counts.copied++
  if (present === converted.value) return []
  if (present !== undefined && !overwrite) return left('another one is here already, and stays (see --overwrite)')
  return converted.writes()
}

interface Checked extends CopyOptions {
  readonly begun: Progress
  readonly before: number
}

/** Counts what the source has, and looks whether each row that can be kept is here; of what is copied once, the rows that are new. */
async function check(
  source: Source,
  target: Target,
  table: Table,
  domain: string,
  { dryRun, begun, before }: Checked,
): Promise<{ rows: number; missing: number }> {
  const from = table.once === true ? begun.after : []
  const behind =
    from.length === 0 ? '' : `AND (${table.key.join(', ')}) > (${from.map((_, i) => `$${i + 2}`).join(', ')})`
  const counting = `SELECT count(*) AS rows FROM ${table.source} WHERE server = $1 ${behind}`
  const [counted] = await source.rows<{ rows: number }>(counting, domain, ...from)
  const rows = (counted?.rows ?? 0) + (from.length === 0 ? 0 : before)
  let missing = 0
  if (dryRun) return { rows, missing }
  for await (const page of pagesOf(source, table, domain, from))
    for (const row of page.rows) if (await isMissing(target, table, domain, row)) missing++
  return { rows, missing }
}

async function isMissing(target: Target, table: Table, domain: string, row: Record<string, string>): Promise<boolean> {
  try {
    const converted = await table.convert(row as never, domain, target)
    return (await converted.present()) === undefined
  } catch {
    // It was skipped, and that is told.
    return false
  }
}

/** Forgets where copying has got to: all is done, and another time looks at all of it. */
export const forgetProgress = ({ stores }: Target): Write => stores.keyedSet(PROGRESS).clear(OWNER)
