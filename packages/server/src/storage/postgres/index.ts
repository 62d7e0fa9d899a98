/** PostgreSQL as the main store: one connection that writes and some that read. */
import { randomUUID } from 'node:crypto'
import { type Database, type SqlValue, StorageError, type Write } from '../../core/database.ts'
import type { MetricScope } from '../../core/metrics.ts'
import type { Answer, Link, PostgresPool, Purpose, Sessions, Statement } from '../../pools/rdbms/types.ts'
import { AT_ONCE, END_OF_TURN, BatchQueue, type Job, type Runner, weightOf } from '../batch-queue.ts'
import { GroupCommit, unpacked } from '../group-commit.ts'
import type { Migration } from '../migrations/index.ts'
import type { Durability } from '../sqlite/connection.ts'
import { queryError } from './errors.ts'
import { Marks } from './marks.ts'
import { migrateAlone } from './migrating.ts'
import { Texts } from './texts.ts'
import { commitUnits } from './transaction.ts'

/** How to open the store. */
export interface PostgresOptions {
  /** The name of this server process, which no other running one may have: two writers of that name exclude each other. Default: a new one. */
  readonly writer?: string
  /** Default `power`; `process` does not wait for the server's disk, so that what is acknowledged survives this process, not the server's machine. */
  readonly durability?: Durability
  /** The most units waiting to be committed, and the most queries waiting to be answered; default 10,000 each. */
  readonly maxQueued?: number
  /** The most bytes waiting to be committed; default 64 MiB. */
  readonly maxQueuedBytes?: number
  /** The most units in one transaction; default 200; more would hold up the event loop and save little. */
  readonly maxBatch?: number
  /** Default: those of this release. */
  readonly migrations?: readonly Migration[]
}

interface Question extends Job {
  readonly statement: Statement
  answer(rows: never[]): void
}

/** Queries sent over a connection at once: few, so that a slow one holds up little. */
const QUERY_BATCH = 16
/** How often a query is asked whose connection is lost each time. */
const ASKED = 3
/** The server gives up a statement a little before this side gives up the connection, so that its fate is known. */
const SERVER_SHARE = 0.9

/** Opens the store and migrates it. Rejects with a `StorageError` or a `MigrationError`. */
export async function openPostgres(pool: PostgresPool, options: PostgresOptions = {}): Promise<Database> {
  await migrateAlone(pool, options.migrations)
  const engine = new Engine(pool, options)
  try {
    await engine.start()
    return engine
  } catch (error) {
    await engine.close()
    throw error
  }
}

class Engine implements Database {
  readonly #pool: PostgresPool
  readonly #links: readonly Link[]
  readonly #writer: Link
  readonly #texts = new Texts()
  readonly #commits: GroupCommit<readonly Write[]>
  readonly #queries: BatchQueue<Question>

  constructor(pool: PostgresPool, options: PostgresOptions) {
    this.#pool = pool
    const limits = { jobs: options.maxQueued ?? 10_000, bytes: options.maxQueuedBytes ?? 64 * 1024 * 1024 }
    const timeout = `SET statement_timeout = ${Math.ceil(pool.queryTimeoutMs * SERVER_SHARE)}`
    const name = options.writer ?? randomUUID()
    const writer = pool.link(writing(name, options.durability, timeout))
    const readers = Array.from({ length: pool.size - 1 }, () => pool.link(reading(timeout)))
    this.#links = [writer, ...readers]
    this.#writer = writer
    const parts = { sessions: writer, texts: this.#texts, marks: new Marks(name) }
    this.#commits = new GroupCommit(
      unpacked((units) => commitUnits(parts, units)),
      { ...limits, batch: options.maxBatch ?? 200 },
      END_OF_TURN,
    )
    this.#queries = new BatchQueue(
      readers.map((reader) => asking(reader, readers)),
      { ...limits, batch: QUERY_BATCH },
      AT_ONCE,
    )
  }

  async start(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.start()))
  }

  commit(...args: Parameters<Database['commit']>): Promise<void> {
    return this.#commits.commit(...args)
  }

  query<Row>(sql: string, ...params: SqlValue[]): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      const statement = this.#texts.statement(sql, params)
      this.#queries.add({ statement, bytes: weightOf(sql, params), answer: resolve, fail: reject })
    })
  }

  writable(): boolean {
    return this.#writer.connected
  }

  show(scope: MetricScope): void {
    this.#pool.show(scope)
    const queue = scope.within({ pool_type: 'rdbms' })
    queue.gauge('wpool_global_queue_lengths', 'total', () => this.#commits.units + this.#queries.jobs)
  }

  async close(): Promise<void> {
    await Promise.all([this.#commits.close(), this.#queries.close()])
    await Promise.all(this.#links.map((link) => link.close()))
  }
}

/** Times are UTC, as SQLite's are. */
const UTC = `SET TIME ZONE 'UTC'`

function writing(lease: string, durability: Durability | undefined, timeout: string): Purpose {
  const asynchronous = durability === 'process' ? ['SET synchronous_commit = off'] : []
  return { setup: [UTC, timeout, ...asynchronous], writing: true, lease }
}

function reading(timeout: string): Purpose {
  return { setup: [UTC, timeout, 'SET default_transaction_read_only = on'], writing: false }
}

/** Asks over one connection; while that one is lost, over another. */
function asking(own: Link, all: readonly Link[]): Runner<Question> {
  const usable = (): Link => (own.connected ? own : (all.find((link) => link.connected) ?? own))
  return async (questions) => {
    let left = questions
    // R7: a query changes nothing, so that one whose connection was lost is asked again.
    for (let asked = 0; left.length > 0 && asked < ASKED; asked++) {
      // What ended one connection may have ended others, which shows in the next turn.
      if (asked > 0) await new Promise(setImmediate)
      left = await ask(usable(), left)
    }
    for (const question of left) question.fail(new StorageError('io', `the connection was lost ${ASKED} times`))
  }
}

/** Settles the questions but those whose connection was lost, and returns them. */
async function ask(reader: Sessions, questions: readonly Question[]): Promise<Question[]> {
  const answers = await answersTo(reader, questions)
  return questions.filter((question, i) => {
    const { rows, fault } = answers[i] as Answer
    if (fault === undefined) question.answer(rows as never[])
    else if (fault.kind === 'lost' || fault.sqlstate.startsWith('57P')) return true
    else question.fail(queryError(fault))
    return false
  })
}

async function answersTo(reader: Sessions, questions: readonly Question[]): Promise<Answer[]> {
  const session = await reader.session()
  return session.pipeline(questions.map(({ statement }) => statement))
}
