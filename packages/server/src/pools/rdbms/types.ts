/** What the store sees of a pool of connections to PostgreSQL; the driver itself stays behind these types. */
import type { SqlValue } from '../../core/database.ts'
import type { MetricScope } from '../../core/metrics.ts'

/** One statement, with `$1`, `$2` ... for its values. */
export interface Statement {
  readonly text: string
  readonly values?: readonly SqlValue[]
  /** Under this name the server keeps the statement prepared; a name always has the same text. */
  readonly name?: string
}

/**
 * Why there are no rows: the server refused the statement (and said why by a code, see PostgreSQL's appendix A), the connection was lost,
 * or the server was silent for so long that the connection was given up.
 */
export interface Fault {
  readonly kind: 'refused' | 'lost' | 'silent'
  /** Five characters when refused, otherwise empty. */
  readonly sqlstate: string
  readonly message: string
}

/** The rows of a statement, or its fault. */
export type Answer =
  | { readonly rows: readonly never[]; readonly fault: undefined }
  | { readonly rows: undefined; readonly fault: Fault }

/** A connection, until it is lost. */
export interface Session {
  /** Sends the statements in one go and gathers the answers, one for each; never rejects. */
  pipeline(statements: readonly Statement[]): Promise<Answer[]>
  /** Ends the connection after what is under way. */
  end(): Promise<void>
}

/** A place where a session can be had. */
export interface Sessions {
  /** A session that was alive just now. Rejects with a `StorageError` (`io`) when there is none for too long. */
  session(): Promise<Session>
}

/** A connection that is made again whenever it is lost. */
export interface Link extends Sessions {
  /** Whether `session` would give one at once. */
  readonly connected: boolean
  /** Connects for the first time. Rejects with a `StorageError` (`io`) that says why it could not. */
  start(): Promise<void>
  /** Ends the connection, and makes no other. */
  close(): Promise<void>
}

/** What a connection is for. */
export interface Purpose {
  /** Statements that every new session begins with. */
  readonly setup: readonly string[]
  /** A server that cannot be written to (a standby after a fail-over) is none to connect to. */
  readonly writing: boolean
  /** Of all sessions that have the same lease only one is there at a time; another waits for its end, and not for long. */
  readonly lease?: string
}

/** Connections to one database. */
export interface PostgresPool {
  /** How many connections the pool may have, 2 or more. */
  readonly size: number
  /** How long a statement may take, in milliseconds. */
  readonly queryTimeoutMs: number
  /** A new link; it connects when it is started. */
  link(purpose: Purpose): Link
  /** One session without limits of time, for changes of the schema. */
  session(purpose: Purpose): Promise<Session>
  /** Shows what the links have carried. */
  show(scope: MetricScope): void
}
