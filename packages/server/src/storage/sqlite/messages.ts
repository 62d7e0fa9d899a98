/** What passes between the main thread and the workers. */
import { type SqlValue } from '../../core/database.ts'
import { type ConnectionOptions, type Rows } from './connection.ts'
import { type Problem } from './errors.ts'

/** A reading statement. */
export interface Query {
  readonly sql: string
  readonly params: readonly SqlValue[]
}

/** A worker's first message: it has opened its connection, or could not. */
export type Opened = { readonly opened: true } | { readonly opened: false; readonly problem: Problem }

/** What a worker is started with. */
export interface WorkerOptions extends ConnectionOptions {
  readonly guest?: Guest | undefined
}

/** Something else that the writer's thread does beside its work, lest it need a thread of its own: that would be 11 MB. It must not throw, nor hold the thread. */
export interface Guest {
  /** The address of a module whose default export is called with `data`. */
  readonly script: string
  readonly data: unknown
}

/** A query's answer. */
export type QueryResult = Rows | Problem

/** Parameters whose copy for another thread is no larger than they are: of a view, the whole buffer beneath would be copied. */
export function sendable(params: readonly SqlValue[]): readonly SqlValue[] {
  return params.some(isPartOfBuffer)
    ? params.map((value) => (isPartOfBuffer(value) ? new Uint8Array(value as Uint8Array) : value))
    : params
}

function isPartOfBuffer(value: SqlValue): boolean {
  return value instanceof Uint8Array && value.byteLength !== value.buffer.byteLength
}
