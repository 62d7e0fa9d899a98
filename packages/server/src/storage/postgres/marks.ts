/**
 * Marks in the database that tell which of a writer's transactions was its last. When the connection is lost while a transaction is under
 * way, the next session (which has the writer's lease, so that the former is over) finds out whether it was kept.
 */
import type { Sessions, Statement } from '../../pools/rdbms/types.ts'

/** Makes the table of marks; it is of no use to other engines, hence no migration. */
export const MARKS_TABLE =
  'CREATE TABLE IF NOT EXISTS last_transaction (writer text PRIMARY KEY, number bigint NOT NULL) WITH (fillfactor = 10)'

const SET = `INSERT INTO last_transaction (writer, number) VALUES ($1, $2)
  ON CONFLICT (writer) DO UPDATE SET number = excluded.number`

/** The marks of one writer. */
export class Marks {
  readonly #writer: string
  /** Transactions have numbers that no earlier process has used. */
  #number = Date.now() * 1000

  constructor(writer: string) {
    this.#writer = writer
  }

  /** The statement that marks the next transaction, as its last one. */
  next(): Statement {
    return { text: SET, values: [this.#writer, ++this.#number], name: 'mark' }
  }

  /** Whether the transaction marked last was kept; undefined when there is no connection to find out. */
  async wasKept(sessions: Sessions): Promise<boolean | undefined> {
    const text = 'SELECT number FROM last_transaction WHERE writer = $1'
    for (;;) {
      const session = await sessions.session().catch(() => undefined)
      if (session === undefined) return undefined
      const [answer] = await session.pipeline([{ text, values: [this.#writer] }])
      const [row] = (answer?.rows ?? []) as readonly { number: number }[]
      if (answer?.fault === undefined) return row?.number === this.#number
      if (answer.fault.kind === 'refused' && !answer.fault.sqlstate.startsWith('57P')) return undefined
    }
  }
}
