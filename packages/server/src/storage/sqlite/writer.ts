/** The writer's worker thread: the one connection that changes the file. */
import { Connection } from './connection.ts'
import { type PackedUnits, unpack } from './packing.ts'
import { commitUnits, type Failure } from './transaction.ts'
import { serve } from './worker.ts'

serve((options) => {
  const connection = new Connection(options)
  return {
    answer: (units: PackedUnits): Failure[] => commitUnits(connection, unpack(units)),
    close: () => connection.close(),
  }
})
