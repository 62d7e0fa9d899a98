/**
 * Rows of the outbox that were committed just now, for a sink that has read all before them: it gets them from memory, and the store is not asked. Rows are
 * read from the store where one is missing in between, where memory would hold too much, and where the engine tells no numbers.
 */
import type { OutboxRow } from '../core/outbox.ts'
import type { Progress } from './outbox-progress.ts'

/** How much a sink that does not read leaves in memory: rows, and UTF-16 units of their bodies. */
const MOST_ROWS = 1000
const MOST_LENGTH = 1024 * 1024

/** The rows for one sink. */
export class FreshRows {
  #rows: OutboxRow[] = []
  #length = 0
  /** Some row may be in the store alone. */
  #missed = true
  #asking = false
  #isBehind = false

  /** Whether the store has no more than what was taken from here or read there. */
  get areAll(): boolean {
    return this.#rows.length === 0 && !this.#missed
  }

  /** Whether the store had as much to tell as it was asked for, the last time. */
  get isBehind(): boolean {
    return this.#isBehind
  }

  /** A row was committed; undefined when its number is not known. It is kept if it follows the last one here, or else the last that was read. */
  add(row: OutboxRow | undefined, progress: Progress | undefined): void {
    if (row === undefined || !this.#follows(row, progress) || this.#isFull) this.#missed = true
    else {
      this.#rows.push(row)
      this.#length += row.body.length
    }
  }

  /** Hands out at most so many rows. */
  take(progress: Progress, limit: number): OutboxRow[] {
    return handOut(progress, this.#remove(Math.max(0, limit)))
  }

  /** Hands out what the store has behind the rows that were taken from here, which are all: `read` resolves with at most `limit`. */
  async readOn(progress: Progress, limit: number, read: () => Promise<OutboxRow[]>): Promise<OutboxRow[]> {
    this.#missed = false
    this.#asking = true
    try {
      const rows = await read()
      const fresh = handOut(progress, rows)
      this.#fit(progress)
      this.#isBehind = rows.length === limit && this.#rows.length === 0
      this.#missed ||= this.#isBehind
      return fresh
    } catch (error) {
      this.clear()
      throw error
    } finally {
      this.#asking = false
    }
  }

  /** Forgets all: the sink is set back. */
  clear(): void {
    this.#rows = []
    this.#length = 0
    this.#missed = true
  }

  /** While the store is asked, it is not known what its answer will hold: what comes meanwhile is kept to see. */
  #follows(row: OutboxRow, progress: Progress | undefined): boolean {
    const last = this.#rows.at(-1)?.seq
    return (last === undefined && this.#asking) || row.seq - 1 === (last ?? progress?.position)
  }

  /** Of what came while the store was asked, keeps what it has not told of, if that follows. */
  #fit({ position }: Progress): void {
    const next = this.#rows.findIndex(({ seq }) => seq > position)
    this.#remove(next < 0 ? this.#rows.length : next)
    const [first] = this.#rows
    if (first !== undefined && first.seq - 1 !== position) this.clear()
  }

  #remove(count: number): OutboxRow[] {
    const rows = this.#rows.splice(0, count)
    for (const { body } of rows) this.#length -= body.length
    return rows
  }

  get #isFull(): boolean {
    return this.#rows.length >= MOST_ROWS || this.#length >= MOST_LENGTH
  }
}

/** Those of the rows that the sink has not passed. */
const handOut = (progress: Progress, rows: readonly OutboxRow[]): OutboxRow[] =>
  rows.filter(({ lane, seq, events }) => progress.handOut(lane, seq, events))
