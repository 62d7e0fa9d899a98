/** A sink's reader of the outbox. */
import type { Database, Write } from '../core/database.ts'
import type { OutboxReader, OutboxRow, Place } from '../core/outbox.ts'
import { FreshRows } from './outbox-fresh.ts'
import { Progress } from './outbox-progress.ts'

/** Told of each row that was added; the row itself where the engine has told its number. */
export type Told = (row: OutboxRow | undefined) => void

/** What a reader is made of. */
export interface ReaderOptions {
  readonly writer: string
  readonly sink: string
  /** Where to put whoever is told of rows. */
  readonly told: Set<Told>
  readonly flushEvery: number
  readonly maxUnacknowledged: number
  /** Called with the number of rows by which the sink's floor has moved. */
  readonly passed: (rows: number) => void
}

/** The "lane" under which a sink's floor is stored. */
export const FLOOR = -1

const REGISTER = `INSERT INTO outbox_cursor (sink, writer, lane, seq)
  SELECT ?, ?, ${FLOOR}, coalesce(max(seq), 0) FROM outbox WHERE writer = ?
  ON CONFLICT (sink, writer, lane) DO NOTHING`

const MOVE = `INSERT INTO outbox_cursor (sink, writer, lane, seq) VALUES (?, ?, ?, ?)
  ON CONFLICT (sink, writer, lane) DO UPDATE SET seq = excluded.seq`

const READ = `SELECT seq, lane, id, host_type AS "hostType", kind, conversation, body, at, events
  FROM outbox WHERE writer = ? AND seq > ? ORDER BY seq LIMIT ?`

const UNREAD = `SELECT coalesce(sum(o.events), 0) AS "events" FROM outbox o
  LEFT JOIN outbox_cursor c ON c.sink = ? AND c.writer = o.writer AND c.lane = o.lane
  WHERE o.writer = ? AND o.seq > ? AND o.seq > coalesce(c.seq, 0)`

/** Where a sink stands: its floor becomes the given one unless it is lower already, and lanes ahead of it are gone. */
const SET_BACK = `UPDATE outbox_cursor SET seq = ? WHERE sink = ? AND writer = ? AND lane = ${FLOOR} AND seq > ?`
const LEVEL = `DELETE FROM outbox_cursor WHERE sink = ? AND writer = ? AND lane <> ${FLOOR}`

/** The write that removes all that is stored of a sink's progress. */
export function forgetting(sink: string, writer: string): Write {
  return { sql: 'DELETE FROM outbox_cursor WHERE sink = ? AND writer = ?', params: [sink, writer] }
}

/** The number of events that wait for a sink, from what is stored of it; 0 when it is not registered. */
export async function countWaiting(db: Database, sink: string, writer: string): Promise<number> {
  const floors = await db.query<{ seq: number }>(
    `SELECT seq FROM outbox_cursor WHERE sink = ? AND writer = ? AND lane = ${FLOOR}`,
    sink,
    writer,
  )
  const [floor] = floors
  if (floor === undefined) return 0
  const unread = await db.query<{ events: number }>(UNREAD, sink, writer, floor.seq)
  return unread[0]?.events ?? 0
}

/** Opens a sink's reader, and registers the sink when it is new. */
export function openReader(db: Database, options: ReaderOptions): OutboxReader {
  const reader = new Reader(db, options)
  return {
    read: (limit) => reader.read(limit),
    acknowledge: (row) => reader.acknowledge(row),
    onRows: (listener) => reader.onRows(listener),
    pending: () => reader.pending(),
    rewind: (to) => reader.rewind(to),
    close: () => reader.close(),
  }
}

class Reader {
  readonly #db: Database
  readonly #options: ReaderOptions
  readonly #listeners = new Set<() => void>()
  readonly #fresh = new FreshRows()
  readonly #tell: Told = (row) => this.#added(row)
  #opening: Promise<Progress> | undefined
  #progress: Progress | undefined
  #reading: Promise<unknown> = Promise.resolve()
  #flushing: Promise<void> | undefined
  #unflushed = 0
  #storedFloor = 0
  #told = true
  #closed = false
  /** There was no room for what was to be read. */
  #full = false

  constructor(db: Database, options: ReaderOptions) {
    this.#db = db
    this.#options = options
    options.told.add(this.#tell)
    // Registered by a unit of its own, before any that is handed in later; a failure shows at the first read, which tries again.
    this.#open().catch(() => {})
  }

  read(limit: number): Promise<OutboxRow[]> {
    const rows = this.#reading.then(() => this.#read(limit))
    this.#reading = rows.catch(() => {})
    return rows
  }

  acknowledge(row: OutboxRow): void {
    const progress = this.#progress
    if (progress === undefined || !progress.acknowledge(row.lane, row.seq, row.events)) return
    this.#unflushed++
    if (this.#full && progress.span <= this.#options.maxUnacknowledged / 2) {
      this.#full = false
      this.#wake()
    }
    if (progress.outstanding === 0 || this.#unflushed >= this.#options.flushEvery) this.#flushLater()
  }

  onRows(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async pending(): Promise<number> {
    const progress = await this.#open()
    const { sink, writer } = this.#options
    // Nothing may be handed out between the two numbers, hence the queue of reads.
    const counted = this.#reading.then(async () => {
      const { position, outstanding } = progress
      const unread = await this.#db.query<{ events: number }>(UNREAD, sink, writer, position)
      return (unread[0]?.events ?? 0) + outstanding
    })
    this.#reading = counted.catch(() => {})
    return counted
  }

  rewind(to: Place): Promise<boolean> {
    const done = this.#reading.then(() => this.#rewind(to))
    this.#reading = done.catch(() => {})
    return done
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#options.told.delete(this.#tell)
    this.#listeners.clear()
    await this.#reading
    await this.#opening?.catch(() => {})
    await this.#flushing
    await this.#flush()
  }

  /** What was stored of the sink; registers a new one. */
  #open(): Promise<Progress> {
    this.#opening ??= this.#load().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #load(): Promise<Progress> {
    const { sink, writer } = this.#options
    await this.#db.commit([{ sql: REGISTER, params: [sink, writer, writer] }])
    const rows = await this.#db.query<{ lane: number; seq: number }>(
      'SELECT lane, seq FROM outbox_cursor WHERE sink = ? AND writer = ?',
      sink,
      writer,
    )
    const cursors = new Map(rows.map((row) => [row.lane, row.seq]))
    this.#storedFloor = cursors.get(FLOOR) ?? 0
    cursors.delete(FLOOR)
    this.#progress = new Progress(this.#storedFloor, cursors)
    return this.#progress
  }

  async #rewind(to: Place): Promise<boolean> {
    const { sink, writer } = this.#options
    await this.#open()
    await this.#flushing
    await this.#flush()
    const seq = await this.#find(to)
    if (seq === undefined) return false
    // Until it is loaded anew, acknowledgements of what was handed out before mean nothing.
    this.#progress = undefined
    this.#fresh.clear()
    this.#unflushed = 0
    this.#opening = undefined
    await this.#db.commit([
      { sql: SET_BACK, params: [seq - 1, sink, writer, seq - 1] },
      { sql: LEVEL, params: [sink, writer] },
    ])
    await this.#open()
    return true
  }

  /** The number of the first row from there on. */
  async #find(to: Place): Promise<number | undefined> {
    const [condition, value] = 'id' in to ? (['id = ?', to.id] as const) : (['at >= ?', to.at] as const)
    const sql = `SELECT min(seq) AS seq FROM outbox WHERE writer = ? AND ${condition}`
    const rows = await this.#db.query<{ seq: number | null }>(sql, this.#options.writer, value)
    return rows[0]?.seq ?? undefined
  }

  async #read(limit: number): Promise<OutboxRow[]> {
    const progress = await this.#open()
    const wanted = Math.min(limit, this.#options.maxUnacknowledged - progress.span)
    this.#full ||= wanted < limit
    let rows = this.#fresh.take(progress, wanted)
    if (this.#fresh.areAll) return rows
    while (rows.length < wanted && !this.#closed) {
      const missing = wanted - rows.length
      const read = () => this.#db.query<OutboxRow>(READ, this.#options.writer, progress.position, missing)
      rows = rows.concat(await this.#fresh.readOn(progress, missing, read))
      if (!this.#fresh.isBehind) break
    }
    return rows.concat(this.#fresh.take(progress, wanted - rows.length))
  }

  #added(row: OutboxRow | undefined): void {
    this.#fresh.add(row, this.#progress)
    this.#wake()
  }

  #wake(): void {
    if (!this.#told || this.#listeners.size === 0) return
    this.#told = false
    queueMicrotask(() => {
      this.#told = true
      for (const listener of this.#listeners) listener()
    })
  }

  /** Stores the cursors unless that is under way; then what has moved meanwhile goes next. */
  #flushLater(): void {
    if (this.#flushing !== undefined || this.#closed) return
    this.#flushing = this.#flush().then((stored) => {
      this.#flushing = undefined
      if (!stored) return
      if (this.#unflushed >= this.#options.flushEvery || (this.#unflushed > 0 && this.#progress?.outstanding === 0)) {
        this.#flushLater()
      }
    })
  }

  /** A cursor that could not be stored is stored with the next; until then its rows would only come again. */
  async #flush(): Promise<boolean> {
    const progress = this.#progress
    if (progress === undefined || this.#unflushed === 0) return true
    const acknowledged = this.#unflushed
    this.#unflushed = 0
    const floor = progress.floor()
    const moved = progress.takeMoved(floor)
    try {
      await this.#db.commit([[FLOOR, floor] as const, ...moved].map(([lane, seq]) => this.#moving(lane, seq)))
      this.#options.passed(floor - this.#storedFloor)
      this.#storedFloor = floor
      return true
    } catch {
      for (const [lane] of moved) progress.putBack(lane)
      this.#unflushed += acknowledged
      return false
    }
  }

  #moving(lane: number, seq: number): Write {
    return { sql: MOVE, params: [this.#options.sink, this.#options.writer, lane, seq] }
  }
}
