/** A reader's worker thread: a connection that cannot change the file. */
import { Connection } from './connection.ts'
import { problemOf } from './errors.ts'
import { type Query, type QueryResult } from './messages.ts'
import { serve } from './worker.ts'

serve((options) => {
  const connection = new Connection({ ...options, readOnly: true })
  const answer = ({ sql, params }: Query): QueryResult => {
    try {
      return connection.query(sql, params)
    } catch (error) {
      return problemOf(error)
    }
  }
  return { answer: (queries: Query[]): QueryResult[] => queries.map(answer), close: () => connection.close() }
})
