/** Removes the rows of the outbox that every registered sink has passed. */
import { type Database } from '../core/database.ts'
import { FLOOR } from './outbox-reader.ts'

/** What is removed, and when. */
export interface TrimmerOptions {
  readonly writer: string
  /** Microseconds since 1970. */
  readonly clock: () => number
  /** How long passed rows are kept, in microseconds. */
  readonly retention: number
  /** The number of rows, added or passed, after which to look again. */
  readonly every: number
}

/** The range of numbers removed by one statement, so that none holds up the other units for long. */
const STEP = 1000

/** Works in the background, one statement at a time. */
export class Trimmer {
  readonly #db: Database
  readonly #options: TrimmerOptions
  #counted = 0
  #trimming: Promise<void> | undefined
  #closed = false

  constructor(db: Database, options: TrimmerOptions) {
    this.#db = db
    this.#options = options
  }

  /** Notes that rows were added or passed. */
  count(rows: number): void {
    this.#counted += rows
    if (this.#counted >= this.#options.every && this.#trimming === undefined && !this.#closed) void this.trim()
  }

  /** Removes what can be removed now. A failing store ends it; the next time goes on. */
  trim(): Promise<void> {
    this.#counted = 0
    this.#trimming ??= this.#run().finally(() => (this.#trimming = undefined))
    return this.#trimming
  }

  /** Ends after the statement under way. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#trimming
  }

  async #run(): Promise<void> {
    try {
      const last = await this.#last()
      let next = await this.#first()
      while (next <= last && !this.#closed) {
        const end = Math.min(next + STEP - 1, last)
        await this.#db.commit([
          { sql: 'DELETE FROM outbox WHERE writer = ? AND seq <= ?', params: [this.#options.writer, end] },
        ])
        next = end + 1
      }
    } catch {
      // Rows that stay are only space: the store's own trouble is told to whoever writes.
    }
  }

  /** The writer's lowest number. */
  async #first(): Promise<number> {
    const sql = 'SELECT min(seq) AS seq FROM outbox WHERE writer = ?'
    const rows = await this.#db.query<{ seq: number | null }>(sql, this.#options.writer)
    return rows[0]?.seq ?? Infinity
  }

  /** The highest number that may go: passed by every sink (when there is none, every row), and old enough. */
  async #last(): Promise<number> {
    const { writer, clock, retention } = this.#options
    const floors = await this.#db.query<{ seq: number | null }>(
      `SELECT coalesce((SELECT min(seq) FROM outbox_cursor WHERE writer = ? AND lane = ?),
                       (SELECT max(seq) FROM outbox WHERE writer = ?)) AS seq`,
      writer,
      FLOOR,
      writer,
    )
    const floor = floors[0]?.seq ?? 0
    if (retention <= 0) return floor
    const young = await this.#db.query<{ seq: number }>(
      'SELECT seq FROM outbox WHERE writer = ? AND seq <= ? AND at >= ? ORDER BY seq LIMIT 1',
      writer,
      floor,
      clock() - retention,
    )
    return (young[0]?.seq ?? floor + 1) - 1
  }
}
