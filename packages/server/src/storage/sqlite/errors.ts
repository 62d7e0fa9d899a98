/** SQLite's result codes in the store's words. */
import { StorageError, type StorageProblem } from '../../core/database.ts'

/** The primary result codes of sqlite.org/rescode.html that say more than "invalid". */
const PROBLEMS: ReadonlyMap<number, StorageProblem> = new Map([
  [5, 'busy'], // SQLITE_BUSY
  [6, 'busy'], // SQLITE_LOCKED
  [7, 'io'], // SQLITE_NOMEM
  [8, 'io'], // SQLITE_READONLY
  [10, 'io'], // SQLITE_IOERR
  [11, 'io'], // SQLITE_CORRUPT
  [13, 'full'], // SQLITE_FULL
  [14, 'io'], // SQLITE_CANTOPEN
  [15, 'busy'], // SQLITE_PROTOCOL
  [19, 'constraint'], // SQLITE_CONSTRAINT
  [26, 'io'], // SQLITE_NOTADB
])

/** What went wrong, in a form that passes between threads. */
export interface Problem {
  readonly problem: StorageProblem
  readonly message: string
}

/** The problem behind an exception of `node:sqlite`; extended result codes count as their primary ones. */
export function problemOf(error: unknown): Problem {
  if (error instanceof StorageError) return { problem: error.problem, message: error.message }
  const message = error instanceof Error ? error.message : String(error)
  // The system's own errors (ENOENT, EACCES ...) have `errno`, SQLite's `errcode`.
  if (error instanceof Error && 'errno' in error) return { problem: 'io', message }
  const code = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 1
  return { problem: PROBLEMS.get(code & 0xff) ?? 'invalid', message }
}
