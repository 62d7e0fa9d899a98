/** A store in memory, in the same thread, with the semantics of the embedded one: for module tests. */
import { type Database, type SqlValue, StorageError, type Write } from '../core/database.ts'
import { AT_ONCE } from './batch-queue.ts'
import { type Committer, GroupCommit, type Outcome } from './group-commit.ts'
import { schemaDialect } from './migrations/dialect.ts'
import { type Migration, migrationWrites, MIGRATIONS } from './migrations/index.ts'
import { Connection } from './sqlite/connection.ts'
import { problemOf } from './sqlite/errors.ts'
import { rowsOf } from './sqlite/rows.ts'
import { type Statement, commitUnits } from './sqlite/transaction.ts'

const LIMITS = { jobs: 10_000, bytes: 64 * 1024 * 1024, batch: 1000 }

/** A new, empty store with the schema of `migrations` (default: this release's), committing in microtasks. */
export function memoryDatabase(migrations: readonly Migration[] = MIGRATIONS): Database {
  const connection = new Connection({ file: ':memory:', durability: 'process' })
  for (const write of migrationWrites(migrations, schemaDialect('sqlite'))) connection.run(write.sql, write.params)
  const commits = new GroupCommit(committer(connection), LIMITS, AT_ONCE)
  let closed = false
  return {
    commit: (writes) => commits.commit(writes),
    async query<Row>(sql: string, ...params: SqlValue[]): Promise<Row[]> {
      if (closed) throw new StorageError('closed', 'the store is closed')
      return ask(connection, sql, params)
    },
    async close() {
      await commits.close()
      if (!closed) connection.close()
      closed = true
    },
  }
}

/** Whether a store made here is at work. What this one does is done within a turn; a stand-in (`testing/on-postgres.ts`) takes longer. */
export function atWork(): boolean {
  return false
}

const committer = (connection: Connection): Committer<readonly Statement[]> => ({
  pack: statementsOf,
  async commit(units): Promise<Outcome> {
    const numbers: number[] = []
    return { failures: commitUnits(connection, units, numbers), numbers }
  },
})

const statementsOf = (writes: readonly Write[]): Statement[] =>
  writes.map((write) => {
    const { sql, params, orElse, late } = write
    return { sql, params, mustChange: orElse !== undefined, late, numbered: write.added !== undefined }
  })

function ask<Row>(connection: Connection, sql: string, params: readonly SqlValue[]): Row[] {
  try {
    connection.run('PRAGMA query_only = ON', [])
    return rowsOf(connection.query(sql, params))
  } catch (error) {
    const { problem, message } = problemOf(error)
    throw new StorageError(problem, message)
  } finally {
    connection.run('PRAGMA query_only = OFF', [])
  }
}
