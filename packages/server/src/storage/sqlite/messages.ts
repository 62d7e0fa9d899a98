/** What passes between the main thread and the workers: whole batches in few, flat arrays. */
import { type SqlValue, type Write } from '../../core/database.ts'
import { type ConnectionOptions, type Rows } from './connection.ts'
import { type Problem } from './errors.ts'
import { type Statement } from './transaction.ts'

/** Units of work: each distinct text once, and for each statement its text's index doubled, plus one when it must change a row. */
export interface WriteBatch {
  readonly texts: readonly string[]
  /** The number of statements of each unit. */
  readonly counts: readonly number[]
  readonly statements: readonly number[]
  readonly params: readonly (readonly SqlValue[])[]
}

/** A reading statement. */
export interface Query {
  readonly sql: string
  readonly params: readonly SqlValue[]
}

/** A worker's first message: it has opened its connection, or could not. */
export type Opened = { readonly opened: true } | { readonly opened: false; readonly problem: Problem }

/** What a worker is started with. */
export type WorkerOptions = ConnectionOptions

/** A query's answer. */
export type QueryResult = Rows | Problem

/** Packs units for the writer. */
export function packUnits(units: readonly (readonly Write[])[]): WriteBatch {
  const texts = new Map<string, number>()
  const counts: number[] = []
  const statements: number[] = []
  const params: (readonly SqlValue[])[] = []
  for (const writes of units) {
    counts.push(writes.length)
    for (const write of writes) {
      let text = texts.get(write.sql)
      if (text === undefined) texts.set(write.sql, (text = texts.size))
      statements.push(text * 2 + (write.orElse === undefined ? 0 : 1))
      params.push(sendable(write.params))
    }
  }
  return { texts: [...texts.keys()], counts, statements, params }
}

/** Unpacks units in the writer. */
export function unpackUnits(batch: WriteBatch): Statement[][] {
  let next = 0
  return batch.counts.map((count) =>
    Array.from({ length: count }, () => {
      const code = batch.statements[next] as number
      const params = batch.params[next++] as readonly SqlValue[]
      return { sql: batch.texts[code >> 1] as string, params, mustChange: (code & 1) === 1 }
    }),
  )
}

/** Parameters whose copy for another thread is no larger than they are: of a view, the whole buffer beneath would be copied. */
export function sendable(params: readonly SqlValue[]): readonly SqlValue[] {
  return params.some(isPartOfBuffer)
    ? params.map((value) => (isPartOfBuffer(value) ? new Uint8Array(value as Uint8Array) : value))
    : params
}

function isPartOfBuffer(value: SqlValue): boolean {
  return value instanceof Uint8Array && value.byteLength !== value.buffer.byteLength
}
