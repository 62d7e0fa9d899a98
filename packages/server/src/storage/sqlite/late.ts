/**
 * Statements that are done behind the others of a transaction, in the order of their keys (see `Write.late`): neighbours in an index are then changed
 * together, and what is counted is counted once. Of the writer's time with archives under full load that is a sixth.
 */
import { type SqlValue } from '../../core/database.ts'
import { type Connection } from './connection.ts'
import { type Statement } from './transaction.ts'

const WRITTEN = /^\s*INSERT INTO (\w+)/

/** Late statements of one text, by key. */
interface Waiting {
  /**
   * The text as it is run: by itself SQLite copies every page before a statement changes it, to undo that statement alone. Here one that fails takes
   * the whole transaction with it (see `commitUnits`).
   */
  readonly sql: string
  readonly byKey: Map<SqlValue, Statement[]>
}

/** The late statements of a transaction. */
export class LateStatements {
  readonly #connection: Connection
  /** By text. */
  #waiting = new Map<string, Waiting>()
  #tables = new Set<string>()
  #others = new Map<string, boolean>()
  #unfinished = false

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Whether one of them has failed: others may not have been done. */
  get failed(): boolean {
    return this.#unfinished
  }

  /** Takes a late statement. */
  add(statement: Statement): void {
    const { sql, params } = statement
    let waiting = this.#waiting.get(sql)
    if (waiting === undefined) this.#waiting.set(sql, (waiting = this.#begin(sql)))
    const { byKey } = waiting
    const key = params.at(-1) ?? null
    const same = byKey.get(key)
    if (same === undefined) byKey.set(key, [statement])
    else same.push(statement)
  }

  #begin(sql: string): Waiting {
    const table = WRITTEN.exec(sql)?.[1]
    if (table === undefined) throw new Error(`no late write: ${sql}`)
    this.#tables.add(table)
    this.#others.clear()
    return { sql: sql.replace('INSERT', 'INSERT OR FAIL'), byKey: new Map() }
  }

  /** Does those taken so far if another statement, which is next, has to do with their tables. */
  before(sql: string): void {
    if (this.#waiting.size === 0) return
    let concerned = this.#others.get(sql)
    if (concerned === undefined) {
      concerned = [...this.#tables].some((table) => sql.includes(table))
      this.#others.set(sql, concerned)
    }
    if (concerned) this.run()
  }

  /** Does those taken so far. */
  run(): void {
    const waiting = this.#waiting
    this.#waiting = new Map()
    this.#unfinished = true
    for (const { sql, byKey } of waiting.values()) {
      const keys = [...byKey.keys()].toSorted(ascending)
      for (const key of keys) this.#runAll(sql, byKey.get(key) ?? [])
    }
    this.#unfinished = false
  }

  #runAll(sql: string, statements: readonly Statement[]): void {
    for (let i = 0; i < statements.length; i++) {
      const { params, late } = statements[i] as Statement
      if (late === 'each') this.#connection.run(sql, params)
      else i = this.#runSum(sql, statements, i)
    }
  }

  /** Does the statement and those behind it that add something to the same sum; says which was the last. */
  #runSum(sql: string, statements: readonly Statement[], first: number): number {
    const { params } = statements[first] as Statement
    let sum = Number(params[0])
    let last = first
    while (last + 1 < statements.length && differInFirst(statements[last + 1] as Statement, params)) {
      last++
      sum += Number(statements[last]?.params[0])
    }
    this.#connection.run(sql, [sum, ...params.slice(1)])
    return last
  }
}

function differInFirst({ params }: Statement, others: readonly SqlValue[]): boolean {
  for (let i = 1; i < params.length; i++) if (params[i] !== others[i]) return false
  return true
}

const ascending = (a: SqlValue, b: SqlValue): number => {
  if (a === null || b === null) return 0
  return a < b ? -1 : Number(a > b)
}
