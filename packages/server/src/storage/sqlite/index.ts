/** The embedded engine: SQLite in worker threads, one that writes and some that read. */
import { type Database, type SqlValue, StorageError } from '../../core/database.ts'
import { AT_ONCE, BatchQueue, type Job, type Runner, paced, weightOf } from '../batch-queue.ts'
import { type Committer, GroupCommit } from '../group-commit.ts'
import { type Migration, migrate } from '../migrations/index.ts'
import { type Durability } from './connection.ts'
import { type Query, type QueryResult, sendable } from './messages.ts'
import { Packer, type PackedUnits, type Span } from './packing.ts'
import { rowsOf } from './rows.ts'
import { Thread } from './thread.ts'
import { type Failure } from './transaction.ts'

/** How to open the embedded store. */
export interface SqliteOptions {
  /** Path of the file; created when missing. Its folder must exist. */
  readonly file: string
  /** Default `power`. */
  readonly durability?: Durability
  /** The most units waiting to be committed, and the most queries waiting to be answered; default 10,000 each. */
  readonly maxQueued?: number
  /** The most bytes waiting to be committed; default 64 MiB. */
  readonly maxQueuedBytes?: number
  /** The number of reading threads; default 1. */
  readonly readers?: number
  /** The most units in one transaction; default 1,000. */
  readonly maxBatch?: number
  /** The most pages (of 4 KiB) that the file may have; default: what the disk holds. */
  readonly maxPages?: number
  /** Default: those of this release. */
  readonly migrations?: readonly Migration[]
}

interface Question extends Job, Query {
  answer(rows: never[]): void
}

/** Under lasting load a transaction begins every so many milliseconds; as many as this go without waiting after a pause. */
const PACE_MS = 5
const BURST = 50

/** Queries sent to a reader at once: few, so that a slow one holds up little. */
const QUERY_BATCH = 16

/** Opens the store and migrates it. Rejects with a `StorageError` or a `MigrationError`. */
export async function openSqlite(options: SqliteOptions): Promise<Database> {
  const engine = new Engine(options)
  try {
    await engine.start()
    await migrate(engine, options.migrations)
    return engine
  } catch (error) {
    await engine.close()
    throw error
  }
}

/** The engine's threads and queues; `openSqlite` opens one. */
export class Engine implements Database {
  /** The writing thread, public so that a test can kill it. */
  readonly writer: Thread<PackedUnits, Failure[]>
  readonly #readers: readonly Thread<Query[], QueryResult[]>[]
  readonly #commits: GroupCommit<Span>
  readonly #queries: BatchQueue<Question>

  constructor(options: SqliteOptions) {
    const connection = {
      file: options.file,
      durability: options.durability ?? 'power',
      ...(options.maxPages === undefined ? {} : { maxPages: options.maxPages }),
    }
    const limits = { jobs: options.maxQueued ?? 10_000, bytes: options.maxQueuedBytes ?? 64 * 1024 * 1024 }
    this.writer = new Thread(new URL('./writer.ts', import.meta.url), connection)
    this.#readers = Array.from(
      { length: Math.max(1, options.readers ?? 1) },
      () => new Thread<Query[], QueryResult[]>(new URL('./reader.ts', import.meta.url), connection),
    )
    this.#commits = new GroupCommit(
      this.#committer(),
      { ...limits, batch: options.maxBatch ?? 1000 },
      paced(PACE_MS, BURST),
    )
    this.#queries = new BatchQueue(this.#readers.map(asking), { ...limits, batch: QUERY_BATCH }, AT_ONCE)
  }

  #committer(): Committer<Span> {
    const packer = new Packer()
    return {
      pack: (writes) => packer.pack(writes),
      commit: (units) => {
        const packed = packer.take(units)
        return this.writer.request(packed, [packed.bytes.buffer])
      },
    }
  }

  /** Starts the threads: the writer first, which creates the file. */
  async start(): Promise<void> {
    await this.writer.start()
    await Promise.all(this.#readers.map((reader) => reader.start()))
  }

  commit(...args: Parameters<Database['commit']>): Promise<void> {
    return this.#commits.commit(...args)
  }

  query<Row>(sql: string, ...params: SqlValue[]): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this.#queries.add({ sql, params, bytes: weightOf(sql, params), answer: resolve, fail: reject })
    })
  }

  async close(): Promise<void> {
    await Promise.all([this.#commits.close(), this.#queries.close()])
    await Promise.all(this.#readers.map((reader) => reader.close()))
    // Last, so that the last connection to close is one that can fold the log into the file.
    await this.writer.close()
  }
}

function asking(reader: Thread<Query[], QueryResult[]>): Runner<Question> {
  return async (questions) => {
    const results = await reader.request(questions.map(({ sql, params }) => ({ sql, params: sendable(params) })))
    for (let i = 0; i < questions.length; i++) settle(questions[i] as Question, results[i] as QueryResult)
  }
}

function settle(question: Question, result: QueryResult): void {
  if ('problem' in result) question.fail(new StorageError(result.problem, result.message))
  else question.answer(rowsOf(result))
}
