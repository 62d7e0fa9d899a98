/** PostgreSQL's error codes (appendix A of its manual) in the store's words. */
import { StorageError, type StorageProblem } from '../../core/database.ts'
import type { Fault } from '../../pools/rdbms/types.ts'

/** What a fault means for the transaction in which it showed. */
export type Meaning =
  /** The statement is wrong or refused: without its unit, the others go on. */
  | 'unit'
  /** The transaction was rolled back through no fault of its own: it can be tried again. */
  | 'again'
  /** The same, but this server cannot be written to: try again over a new connection. */
  | 'elsewhere'
  /** The server takes too long: trying more would take as long again. */
  | 'slow'

/** The transaction is read-only: a query's on purpose, another's on a standby. */
const READ_ONLY = '25006'

const CLASSES: ReadonlyMap<string, StorageProblem> = new Map([
  ['08', 'io'], // connection exception
  ['23', 'constraint'], // integrity constraint violation
  ['40', 'busy'], // transaction rollback: serialization failure, deadlock
  ['53', 'io'], // insufficient resources
  ['55', 'busy'], // object not in prerequisite state: a lock is not available
  ['57', 'io'], // operator intervention: the server goes down
  ['58', 'io'], // system error
  ['XX', 'io'], // internal error: data corrupted
])

const CODES: ReadonlyMap<string, StorageProblem> = new Map([
  ['53100', 'full'], // disk full
  ['57014', 'busy'], // query canceled, by statement_timeout
  [READ_ONLY, 'io'],
])

/** The problem behind a fault. */
export function problemOf({ kind, sqlstate }: Fault): StorageProblem {
  if (kind !== 'refused') return kind === 'silent' ? 'busy' : 'lost'
  return CODES.get(sqlstate) ?? CLASSES.get(sqlstate.slice(0, 2)) ?? 'invalid'
}

/** What a server's refusal means for the transaction. */
export function meaningOf({ sqlstate }: Fault): Meaning {
  // 57014 and 55P03: out of time, waiting for a lock or not.
  if (sqlstate === '57014' || sqlstate === '55P03') return 'slow'
  // 40xxx: serialization failure or deadlock; 57Pxx: the server goes down.
  if (sqlstate.startsWith('40') || sqlstate.startsWith('57P')) return 'again'
  return sqlstate === READ_ONLY ? 'elsewhere' : 'unit'
}

/** The error with which a query is refused; a query that was cut off has changed nothing, hence `io` and not `lost`. */
export function queryError(fault: Fault): StorageError {
  const problem = problemOf(fault)
  if (fault.sqlstate === READ_ONLY) return new StorageError('invalid', fault.message)
  return new StorageError(problem === 'lost' ? 'io' : problem, fault.message)
}
