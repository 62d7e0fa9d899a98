/** The writer's worker thread: the one connection that changes the file. As long as there is little to do it answers questions, too. */
import { SPARE_MS, spare } from '../../core/spare.ts'
import { answering } from './answering.ts'
import { Connection } from './connection.ts'
import type { Outcome } from '../group-commit.ts'
import { type Guest, type Query, type QueryResult } from './messages.ts'
import { type PackedUnits, unpack } from './packing.ts'
import { commitUnits } from './transaction.ts'
import { serve } from './worker.ts'

serve((options) => {
  const connection = new Connection(options)
  let reader: ReturnType<typeof answering> | undefined
  if (options.guest !== undefined) void welcome(options.guest)
  setTimeout(spare, SPARE_MS).unref()
  return {
    answer: (request: PackedUnits | readonly Query[]): Outcome | QueryResult[] =>
      'bytes' in request ? commit(connection, request) : (reader ??= answering(options)).answer(request),
    close: () => {
      reader?.close()
      connection.close()
    },
  }
})

function commit(connection: Connection, units: PackedUnits): Outcome {
  const numbers: number[] = []
  return { failures: commitUnits(connection, unpack(units), numbers), numbers }
}

async function welcome({ script, data }: Guest): Promise<void> {
  const { default: live } = (await import(script)) as { default: (data: unknown) => void }
  live(data)
}
