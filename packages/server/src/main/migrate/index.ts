/** `meerkat migrate mongooseim`: copies accounts and what is kept of them from a MongooseIM's PostgreSQL while no server runs here. */
import { mkdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Config } from '../../core/config/types.ts'
import type { Database } from '../../core/database.ts'
import { silentLog } from '../../core/log.ts'
import { lockFolder } from '../../storage/sqlite/folder-lock.ts'
import { openStores } from '../../storage/stores.ts'
import { openStorage } from '../storage.ts'
import { type Outcome, copyTable, forgetProgress } from './copying.ts'
import { copyAdmins, copyDomains } from './domains.ts'
import { LATER_TABLES } from './later-tables.ts'
import { Source, SourceError, parseSource } from './source.ts'
import { TABLES, type Target } from './tables.ts'

/** How the command is used. */
export const MIGRATE_USAGE =
  'meerkat migrate mongooseim --from postgres://USER:PASSWORD@HOST:PORT/DATABASE [--domain D]... [--dry-run] [--overwrite]'

/** What the command is told. */
export interface MigrateOptions {
  readonly from: string
  /** Empty: all domains of the configuration. */
  readonly domains: readonly string[]
  readonly dryRun: boolean
  readonly overwrite: boolean
}

/** What was done. */
export interface MigrateReport {
  readonly outcomes: readonly Outcome[]
  /** What else is worth telling. */
  readonly notes: readonly string[]
  /** Whether everything is here that can be. */
  readonly complete: boolean
}

/** Reads the words behind `migrate`; throws SourceError on what is not understood. */
export function parseMigrate(words: readonly string[]): MigrateOptions {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        from: { type: 'string' },
        domain: { type: 'string', multiple: true },
        'dry-run': { type: 'boolean' },
        overwrite: { type: 'boolean' },
      },
    })
    if (positionals.join(' ') !== 'mongooseim' || values.from === undefined) throw new Error(`usage: ${MIGRATE_USAGE}`)
    const { from, domain = [], overwrite = false } = values
    return { from, domains: domain, dryRun: values['dry-run'] ?? false, overwrite }
  } catch (error) {
    throw new SourceError(error instanceof Error ? error.message : String(error))
  }
}

/** Copies into the store of a configuration. Throws when a server runs, or when one of the two databases cannot be used. */
export async function migrateMongooseim(config: Config, options: MigrateOptions): Promise<MigrateReport> {
  const { data_dir: folder } = config.general
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const lock = lockFolder(folder)
  try {
    const source = await Source.open(parseSource(options.from))
    try {
      const storage = await openStorage(config, 'meerkat@localhost', silentLog())
      try {
        return await copyInto(config, storage, source, options)
      } finally {
        await storage.close()
      }
    } finally {
      await source.close()
    }
  } finally {
    lock.release()
  }
}

async function copyInto(
  config: Config,
  storage: Database,
  source: Source,
  options: MigrateOptions,
): Promise<MigrateReport> {
  const added = await copyDomains(source, storage, config, options)
  const hostTypes = new Map([
    ...Array.from(config.hostTypes.values(), ({ name, domains }) =>
      domains.map((domain) => [domain, name] as const),
    ).flat(),
    ...added.domains,
  ])
  const targetOf = (domain: string): Target | undefined => {
    const password = config.hostTypes.get(hostTypes.get(domain) ?? '')?.auth.password
    return password && { storage, stores: openStores(storage), password }
  }
  const domains = domainsOf(options, [...hostTypes.keys()])
  const admins = await copyAdmins(source, storage, domains, options)
  const report = await copy(source, targetOf, { ...options, domains })
  return { ...report, notes: [...added.notes, ...admins, ...report.notes] }
}

function domainsOf({ domains }: MigrateOptions, served: readonly string[]): readonly string[] {
  const unknown = domains.find((domain) => !served.includes(domain))
  if (unknown !== undefined)
    throw new SourceError(`${unknown} is no domain of this configuration, which has ${served.join(', ')}`)
  return domains.length === 0 ? served : domains
}

/** Copies domain after domain. */
export async function copy(
  source: Source,
  targetOf: (domain: string) => Target | undefined,
  options: Omit<MigrateOptions, 'from'>,
): Promise<MigrateReport> {
  const outcomes: Outcome[] = []
  const notes = await leftOut(source, options.domains)
  for (const domain of options.domains) {
    const target = targetOf(domain)
    if (target === undefined) continue
    await refuseWhileErasing(target)
    for (const table of [...TABLES, ...LATER_TABLES])
      if (await source.has(table.source)) outcomes.push(await copyTable(source, target, table, domain, options))
      else notes.push(`${table.name}: MongooseIM has no table ${table.source} there`)
  }
  const complete = outcomes.every(isComplete)
  const last = targetOf(options.domains.at(-1) ?? '')
  if (complete && !options.dryRun && last !== undefined) await last.storage.commit([forgetProgress(last)])
  return { outcomes, notes: [...new Set(notes)], complete }
}

/** Whether each row was seen, and each that can be kept is here. */
export const isComplete = ({ rows, copied, same, kept, skipped, missing }: Outcome): boolean =>
  missing === 0 && rows === copied + same + kept + skipped

/** What is being erased would go once more at the next start. */
async function refuseWhileErasing({ stores }: Target): Promise<void> {
  const names = [...(await stores.keyedSet('erasing').page('', { limit: 1 })).keys()]
  if (names.length > 0)
    throw new SourceError(`${names[0]} is being erased: start the server for a minute, stop it, and try again`)
}

/** Domains of the source that are not copied. */
async function leftOut(source: Source, domains: readonly string[]): Promise<string[]> {
  if (!(await source.has('users'))) throw new SourceError('the database has no table users: it is no MongooseIM')
  const found = await source.rows<{ server: string; users: number }>(
    'SELECT server, count(*) AS users FROM users GROUP BY server ORDER BY server',
  )
  return found
    .filter(({ server }) => !domains.includes(server))
    .map(({ server, users }) => `${server}: ${users} accounts are left there, as this domain was not asked for`)
}
