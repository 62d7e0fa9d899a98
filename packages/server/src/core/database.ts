/**
 * What the kernel and the modules know about the main store: units of work in, rows out.
 * The engines are in `storage/`; SQL is written with `?` for parameters, whatever the engine, and `CAST(? AS BLOB)` for a text that is
 * stored as its bytes in UTF-8.
 */
import type { MetricScope } from './metrics.ts'

/**
 * A value of a column or a parameter. An integer column comes back as a number while that is exact
 * (up to 2^53 − 1) and as a bigint beyond, so an archive id, which is always beyond, is always a bigint.
 */
export type SqlValue = string | number | bigint | Uint8Array | null

/** One statement of a unit of work. */
export interface Write {
  readonly sql: string
  readonly params: readonly SqlValue[]
  /** A write that changes no row refuses the whole unit with this error (e.g. a quota in the statement's WHERE). */
  readonly orElse?: Error
  /**
   * An INSERT that may be done behind everything else in its transaction that has nothing to do with its table, and in another order than its like with
   * other last parameters; it has no `orElse`. Those that are `summed` and differ in nothing but their first parameter, a number, may be done as one,
   * with the sum. An engine may take no notice.
   */
  readonly late?: 'each' | 'summed'
  /** Called once the unit is durable, before the unit's promise resolves. */
  readonly committed?: () => void
  /** For an INSERT into a table that numbers its rows: called like `committed`, with the row's number where the engine tells it. */
  added?(number: number | undefined): void
}

/** A main store: SQLite, PostgreSQL, MySQL or memory. */
export interface Database {
  /** Shows what the engine counts. */
  show?(scope: MetricScope): void
  /**
   * Commits `writes` as one atomic unit in a group commit; resolves when durable as configured.
   * Units commit in the order of the calls. Rejects with a write's `orElse` or a `StorageError`; then nothing of the unit is kept.
   */
  commit(writes: readonly Write[]): Promise<void>
  /**
   * Rows of a reading statement. Sees every unit whose promise has resolved. `Row` is the caller's word for what the statement selects.
   * Rejects with a `StorageError`.
   */
  query<Row>(sql: string, ...params: SqlValue[]): Promise<Row[]>
  /** Whether there is a way to commit units just now; yes for an engine that does not say. */
  writable?(): boolean
  /** Commits what was handed in, answers the queries under way, refuses what comes later, and releases the store. */
  close(): Promise<void>
}

/**
 * Why the store refused: `overloaded` (its queue is full: slow down), `full` (no space left), `io` (the medium failed),
 * `busy` (locked by another process for too long), `constraint` (a rule of the schema), `lost` (the engine died with the unit under way:
 * it may or may not be kept), `closed`, or `invalid` (a statement the engine cannot run).
 */
export type StorageProblem = 'overloaded' | 'full' | 'io' | 'busy' | 'constraint' | 'lost' | 'closed' | 'invalid'

/** A unit or a query that the store could not serve. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly problem: StorageProblem

  constructor(problem: StorageProblem, message: string) {
    super(message)
    this.problem = problem
  }
}
