/** A connection that answers questions and cannot change the file. */
import { Connection } from './connection.ts'
import { problemOf } from './errors.ts'
import { type Query, type QueryResult, type WorkerOptions } from './messages.ts'
import { type Service } from './worker.ts'

/** Opens the connection. */
export function answering(options: WorkerOptions): Service<readonly Query[], QueryResult[]> {
  const connection = new Connection({ ...options, readOnly: true })
  const answer = ({ sql, params }: Query): QueryResult => {
    try {
      return connection.query(sql, params)
    } catch (error) {
      return problemOf(error)
    }
  }
  return { answer: (queries) => queries.map(answer), close: () => connection.close() }
}
