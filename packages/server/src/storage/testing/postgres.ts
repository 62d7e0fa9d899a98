/** Databases for tests, on the PostgreSQL that the usual variables (PGHOST, PGPORT, PGUSER, PGPASSWORD) name; default: postgres@127.0.0.1. */
import { randomUUID } from 'node:crypto'
import { silentLog } from '../../core/log.ts'
import type { LinkOptions } from '../../pools/rdbms/link.ts'
import { postgresPool } from '../../pools/rdbms/index.ts'
import { openSession, type PostgresServer } from '../../pools/rdbms/session.ts'
import type { PostgresPool } from '../../pools/rdbms/types.ts'

const { PGHOST, PGPORT, PGUSER, PGPASSWORD } = process.env

/** The server, with its own database. */
export const SERVER: PostgresServer = {
  host: PGHOST ?? '127.0.0.1',
  port: Number(PGPORT ?? 5432),
  database: 'postgres',
  user: PGUSER ?? 'postgres',
  password: PGPASSWORD ?? '',
  tls: undefined,
  connectTimeoutMs: 2000,
  queryTimeoutMs: 20_000,
}

const LINK: LinkOptions = {
  patienceMs: 5000,
  firstPauseMs: 5,
  longestPauseMs: 50,
  keepaliveMs: undefined,
  log: silentLog(),
}

/** What a test wants otherwise. */
export interface TestPoolOptions extends Partial<LinkOptions> {
  readonly server?: Partial<PostgresServer>
  readonly size?: number
}

/** A database of a test's own. */
export interface TestDatabase {
  readonly name: string
  pool(options?: TestPoolOptions): PostgresPool
  /** Runs statements over a connection of their own, and gives the rows of the last. */
  run(...texts: string[]): Promise<readonly unknown[]>
  /** Removes the database, whoever is still connected. */
  drop(): Promise<unknown>
}

/** False when there is a PostgreSQL, otherwise why not: for the option `skip` of a test. */
export async function postgresAbsent(): Promise<string | false> {
  try {
    await run('postgres', 'SELECT 1')
    return false
  } catch (error) {
    return `no PostgreSQL at ${SERVER.host}:${SERVER.port}: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** Makes an empty database, in which text is by default not ordered by code point. */
export async function makeDatabase(): Promise<TestDatabase> {
  const name = `meerkat_test_${randomUUID().replaceAll('-', '')}`
  await run('postgres', `CREATE DATABASE ${name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'`)
  return databaseNamed(name)
}

/** The database of that name, which somebody else has made. */
export function databaseNamed(name: string): TestDatabase {
  return {
    name,
    pool: ({ server, size, ...link } = {}) =>
      postgresPool({ ...SERVER, database: name, ...server }, size ?? 3, { ...LINK, ...link }),
    run: (...texts) => run(name, ...texts),
    drop: () => run('postgres', `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

async function run(database: string, ...texts: string[]): Promise<readonly unknown[]> {
  const session = await openSession({ ...SERVER, database }, { setup: [], writing: false })
  try {
    const answers = await session.pipeline(texts.map((text) => ({ text })))
    for (const { fault } of answers) if (fault !== undefined) throw new Error(fault.message)
    return answers.at(-1)?.rows ?? []
  } finally {
    await session.end()
  }
}
