/** The writer's worker thread: the one connection that changes the file. */
import { Connection } from './connection.ts'
import { type WriteBatch, unpackUnits } from './messages.ts'
import { commitUnits, type Failure } from './transaction.ts'
import { serve } from './worker.ts'

serve((options) => {
  const connection = new Connection(options)
  return {
    answer: (batch: WriteBatch): Failure[] => commitUnits(connection, unpackUnits(batch)),
    close: () => connection.close(),
  }
})
