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
  #retention: number
  #counted = 0
  #trimming: Promise<void> | undefined
  #closed = false

  constructor(db: Database, options: TrimmerOptions) {
    this.#db = db
    this.#options = options
    this.#retention = options.retention
  }

  /** Keeps passed rows at least so long, in microseconds. */
  keepPassed(time: number): void {
    this.#retention = Math.max(this.#retention, time)
  }

  /** Removes what happened before `time`, and was passed by every sink but the `absent` ones; resolves with the number of events. */
  async expire(time: number, absent: readonly string[]): Promise<number> {
    await this.#trimming
    const { writer, clock } = this.#options
    const until = Math.min(time, clock() - this.#retention)
    const last = await this.#beforeTime(await this.#floor(absent), until)
    const sql = 'SELECT coalesce(sum(events), 0) AS "events" FROM outbox WHERE writer = ? AND seq <= ?'
    const expired = await this.#db.query<{ events: number }>(sql, writer, last)
    await this.#remove(last)
    return expired[0]?.events ?? 0
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
      await this.#remove(await this.#last())
    } catch {
      // Rows that stay are only space: the store's own trouble is told to whoever writes.
    }
  }

  async #remove(last: number): Promise<void> {
    let next = await this.#first()
    while (next <= last && !this.#closed) {
      const end = Math.min(next + STEP - 1, last)
      await this.#db.commit([
        { sql: 'DELETE FROM outbox WHERE writer = ? AND seq <= ?', params: [this.#options.writer, end] },
      ])
      next = end + 1
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
    const floor = await this.#floor([])
    return this.#retention <= 0 ? floor : this.#beforeTime(floor, this.#options.clock() - this.#retention)
  }

  /** The number that every sink but some has passed. */
  async #floor(but: readonly string[]): Promise<number> {
    const { writer } = this.#options
    const others = but.map(() => ' AND sink <> ?').join('')
    const floors = await this.#db.query<{ seq: number | null }>(
      `SELECT coalesce((SELECT min(seq) FROM outbox_cursor WHERE writer = ? AND lane = ?${others}),
                       (SELECT max(seq) FROM outbox WHERE writer = ?)) AS seq`,
      writer,
      FLOOR,
      ...but,
      writer,
    )
    return floors[0]?.seq ?? 0
  }

  /** The highest number up to `floor` below which everything happened before `time`. */
  async #beforeTime(floor: number, time: number): Promise<number> {
    const young = await this.#db.query<{ seq: number }>(
      'SELECT seq FROM outbox WHERE writer = ? AND seq <= ? AND at >= ? ORDER BY seq LIMIT 1',
      this.#options.writer,
      floor,
      time,
    )
    return (young[0]?.seq ?? floor + 1) - 1
  }
}
