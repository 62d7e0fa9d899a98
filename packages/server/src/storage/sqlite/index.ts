/** The embedded engine: SQLite in worker threads, one that writes and, once there is much to ask, some that read. */
import { type Database, type SqlValue, StorageError } from '../../core/database.ts'
import { AT_ONCE, BatchQueue, type Job, type Runner, weightOf } from '../batch-queue.ts'
import { type Committer, GroupCommit } from '../group-commit.ts'
import { type Migration, migrate } from '../migrations/index.ts'
import { paced } from '../pace.ts'
import { type Durability } from './connection.ts'
import { type Guest, type Query, type QueryResult, sendable } from './messages.ts'
import { Packer, type PackedUnits, type Span } from './packing.ts'
import { rowsOf } from './rows.ts'
import { Thread } from './thread.ts'

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
  /** What the writing thread does besides. */
  readonly guest?: Guest | undefined
  /** Default: those of this release. */
  readonly migrations?: readonly Migration[]
}

interface Question extends Job, Query {
  answer(rows: never[]): void
}

/** Under lasting load a transaction begins every so many milliseconds; as many as this go without waiting after a pause. */
const PACE_MS = 12
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
  readonly writer: Thread<PackedUnits | Query[]>
  readonly #readers: readonly Thread<Query[]>[]
  /** Whether a question and a transaction have met at the writer: from then on they have threads of their own. */
  #apart = false
  readonly #commits: GroupCommit<Span>
  readonly #queries: BatchQueue<Question>

  constructor(options: SqliteOptions) {
    const connection = {
      file: options.file,
      durability: options.durability ?? 'power',
      ...(options.maxPages === undefined ? {} : { maxPages: options.maxPages }),
    }
    const limits = { jobs: options.maxQueued ?? 10_000, bytes: options.maxQueuedBytes ?? 64 * 1024 * 1024 }
    this.writer = new Thread(new URL('./writer.ts', import.meta.url), { ...connection, guest: options.guest })
    this.#readers = Array.from(
      { length: Math.max(1, options.readers ?? 1) },
      () => new Thread<Query[]>(new URL('./reader.ts', import.meta.url), connection),
    )
    this.#commits = new GroupCommit(
      this.#committer(),
      { ...limits, batch: options.maxBatch ?? 1000 },
      paced(PACE_MS, BURST),
    )
    const askers = this.#readers.map((reader) => this.#asking(reader))
    this.#queries = new BatchQueue(askers, { ...limits, batch: QUERY_BATCH }, AT_ONCE)
  }

  #committer(): Committer<Span> {
    const packer = new Packer()
    return {
      pack: (writes) => packer.pack(writes),
      commit: (units) => {
        const packed = packer.take(units)
        this.#meet()
        return this.writer.request(packed, [packed.bytes.buffer])
      },
    }
  }

  /** A thread takes 11 MB: one that has hardly anything to do is not started. */
  #asking(reader: Thread<Query[]>): Runner<Question> {
    return async (questions) => {
      this.#meet()
      const queries = questions.map(({ sql, params }) => ({ sql, params: sendable(params) }))
      const results = await (this.#apart ? reader : this.writer).request<QueryResult[]>(queries)
      for (let i = 0; i < questions.length; i++) settle(questions[i] as Question, results[i] as QueryResult)
    }
  }

  #meet(): void {
    if (this.writer.isBusy) this.#apart = true
  }

  /** Starts the writer, which creates the file. */
  start(): Promise<void> {
    return this.writer.start()
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

function settle(question: Question, result: QueryResult): void {
  if ('problem' in result) question.fail(new StorageError(result.problem, result.message))
  else question.answer(rowsOf(result))
}
