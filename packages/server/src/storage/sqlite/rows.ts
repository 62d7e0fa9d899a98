/** Rows as objects again, after their flat way between threads. */
import { type SqlValue } from '../../core/database.ts'
import { type Rows } from './connection.ts'

/** One object for each row, all of one shape. What type a row has is the caller's word, hence `never`. */
export function rowsOf({ columns, values }: Rows): never[] {
  const rows: Record<string, SqlValue>[] = []
  for (let start = 0; start < values.length; start += columns.length) {
    const row: Record<string, SqlValue> = {}
    for (let i = 0; i < columns.length; i++) row[columns[i] as string] = values[start + i] as SqlValue
    rows.push(row)
  }
  return rows as never[]
}
