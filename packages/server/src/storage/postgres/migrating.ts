/** Migrations of PostgreSQL: of several servers that start together one migrates, the others wait for it and find it done. */
import type { Database, SqlValue } from '../../core/database.ts'
import type { Answer, PostgresPool, Purpose, Session, Statement } from '../../pools/rdbms/types.ts'
import { AT_ONCE } from '../batch-queue.ts'
import { GroupCommit, unpacked } from '../group-commit.ts'
import { migrate, type Migration } from '../migrations/index.ts'
import { queryError } from './errors.ts'
import { MARKS_TABLE } from './marks.ts'
import { Texts } from './texts.ts'
import { commitUnits } from './transaction.ts'

/** The name of the lock: "meerkat" in ASCII. The server frees it when the session ends, however it ends. */
const LOCK = 0x6d_65_65_72_6b_61_74n

const PURPOSE: Purpose = { setup: [`SET TIME ZONE 'UTC'`, 'SET statement_timeout = 0'], writing: true }
const LIMITS = { jobs: 1000, bytes: 64 * 1024 * 1024, batch: 1 }

/** Brings the schema up to date; rejects as `migrate` does. */
export async function migrateAlone(pool: PostgresPool, migrations?: readonly Migration[]): Promise<void> {
  const session = await pool.session(PURPOSE)
  try {
    await rowsOf(session, { text: `SELECT pg_advisory_lock(${LOCK})` })
    await rowsOf(session, { text: MARKS_TABLE })
    await migrate(databaseOver(session), migrations, 'postgres')
  } finally {
    await session.end()
  }
}

/** A database over one session, whose statements have no limit of time. */
function databaseOver(session: Session): Database {
  const texts = new Texts()
  const writer = { sessions: { session: () => Promise.resolve(session) }, texts, marks: undefined }
  const commits = new GroupCommit(
    unpacked((units) => commitUnits(writer, units)),
    LIMITS,
    AT_ONCE,
  )
  return {
    commit: (writes) => commits.commit(writes),
    query: (sql: string, ...params: SqlValue[]) => rowsOf(session, texts.statement(sql, params)),
    close: () => commits.close(),
  }
}

async function rowsOf(session: Session, statement: Statement): Promise<never[]> {
  const [answer] = await session.pipeline([statement])
  const { rows, fault } = answer as Answer
  if (fault !== undefined) throw queryError(fault)
  return rows as never[]
}
