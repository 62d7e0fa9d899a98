/** One connection to an SQLite file: settings, a cache of prepared statements, rows without loss of precision. */
import { closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type SqlValue } from '../../core/database.ts'

/** `power`: what is acknowledged survives a power cut; `process`: it survives a killed process. */
export type Durability = 'power' | 'process'

/** How to open a connection. */
export interface ConnectionOptions {
  /** Path of the file, or ':memory:'. */
  readonly file: string
  readonly durability: Durability
  readonly readOnly?: boolean
  /** The most pages (of 4 KiB) that the file may have. */
  readonly maxPages?: number
}

/** Rows of a query: names once, then the values row by row in one array, which is cheap to send to another thread. */
export interface Rows {
  readonly columns: readonly string[]
  readonly values: readonly SqlValue[]
}

interface Prepared {
  readonly statement: StatementSync
  readonly columns: readonly string[]
  /** Set once a row held an integer beyond 2^53 − 1: from then on integers are read as bigints. */
  big: boolean
}

const CACHED_STATEMENTS = 256
/** SQLite plans a statement anew whenever another number is bound behind LIMIT; a sum it leaves alone. */
const LIMIT = /\bLIMIT \?/gi
/** How long to wait for another process that holds the file, in milliseconds. */
const BUSY_TIMEOUT = 5000
const WAL_LIMIT = 64 * 1024 * 1024
/** Pages of the log after which they are folded into the file: many, since one that was changed several times meanwhile is written once. They fit into the limit. */
const CHECKPOINT_PAGES = 15_000

/** A connection of `node:sqlite`; its calls block, so it belongs into a worker thread. */
export class Connection {
  /** How many of the next transactions are to undo single units by savepoints; see `commitUnits`. */
  careful = 0
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, Prepared>()

  constructor(options: ConnectionOptions) {
    if (!options.readOnly && options.file !== ':memory:') createPrivately(options.file)
    this.#db = new DatabaseSync(options.file, { readOnly: options.readOnly ?? false, timeout: BUSY_TIMEOUT })
    for (const pragma of pragmas(options)) this.#db.exec(`PRAGMA ${pragma}`)
  }

  /** Whether a transaction is open; SQLite may have rolled it back by itself after a full disk or an I/O error. */
  get inTransaction(): boolean {
    return this.#db.isTransaction
  }

  /** Runs a changing statement and says how many rows it changed. */
  run(sql: string, params: readonly SqlValue[]): number {
    return Number(this.#prepare(sql).statement.run(...params).changes)
  }

  /** Runs a statement that adds a row and says what number the row has. */
  insert(sql: string, params: readonly SqlValue[]): number {
    return Number(this.#prepare(sql).statement.run(...params).lastInsertRowid)
  }

  /** Runs a reading statement. */
  query(sql: string, params: readonly SqlValue[]): Rows {
    const prepared = this.#prepare(sql)
    return { columns: prepared.columns, values: readAll(prepared, params) }
  }

  /** Folds the log into the file as far as that works, so that what the log occupied can be written again. */
  makeRoom(): void {
    try {
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // A full disk may have no room for this either.
    }
  }

  close(): void {
    this.#statements.clear()
    this.#db.close()
  }

  #prepare(sql: string): Prepared {
    const cached = this.#statements.get(sql)
    if (cached !== undefined) return cached
    const statement = this.#db.prepare(sql.replace(LIMIT, 'LIMIT ? + 0'))
    statement.setReturnArrays(true)
    const prepared = { statement, columns: statement.columns().map((column) => column.name), big: false }
    if (this.#statements.size >= CACHED_STATEMENTS) this.#forgetOldest()
    this.#statements.set(sql, prepared)
    return prepared
  }

  #forgetOldest(): void {
    for (const sql of this.#statements.keys()) {
      this.#statements.delete(sql)
      return
    }
  }
}

/** The file holds passwords and messages, hence it is its owner's alone; SQLite gives the files beside it the same mode. */
function createPrivately(file: string): void {
  closeSync(openSync(file, 'a', 0o600))
}

function pragmas(options: ConnectionOptions): string[] {
  if (options.readOnly) return ['query_only = ON', 'cache_size = -16384']
  const limit = options.maxPages === undefined ? [] : [`max_page_count = ${options.maxPages}`]
  return [
    'journal_mode = WAL',
    `synchronous = ${options.durability === 'power' ? 'FULL' : 'NORMAL'}`,
    `journal_size_limit = ${WAL_LIMIT}`,
    `wal_autocheckpoint = ${CHECKPOINT_PAGES}`,
    'cache_size = -32768',
    'foreign_keys = ON',
    ...limit,
  ]
}

/** A statement returns arrays (set when it was prepared), which the types of `node:sqlite` do not say. */
function readAll(prepared: Prepared, params: readonly SqlValue[]): SqlValue[] {
  const { statement } = prepared
  if (!prepared.big) {
    try {
      return (statement.all(...params) as unknown as SqlValue[][]).flat()
    } catch (error) {
      // node:sqlite refuses an integer that a number cannot hold: read this statement's integers as bigints from now on.
      if (!(error instanceof RangeError)) throw error
      prepared.big = true
      statement.setReadBigInts(true)
    }
  }
  const values = (statement.all(...params) as unknown as SqlValue[][]).flat()
  for (let i = 0; i < values.length; i++) values[i] = narrowed(values[i] as SqlValue)
  return values
}

/** A number where that is exact, so that a value's type never depends on the statement's past. */
function narrowed(value: SqlValue): SqlValue {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
