/**
 * The outbox: events are committed in the unit of what they report, then delivered by sinks, at least once and in order within a lane.
 * A writer is one server process; its rows are numbered as its transactions commit, one at a time, so that a number seen is never
 * followed by the late commit of a lower one. A sink's cursors live beside the rows: one floor, below which every row has passed,
 * and one for each lane that is ahead of it.
 */
import type { Database, SqlValue } from '../core/database.ts'
import type { Adding, NewEvent, Outbox as Events, OutboxReader, OutboxRow } from '../core/outbox.ts'
import { type Told, countWaiting, forgetting, openReader } from './outbox-reader.ts'
import { Trimmer } from './outbox-trimmer.ts'

/** The number of lanes, fixed because cursors are kept by lane. */
export const LANES = 64

/** How to open an outbox. */
export interface OutboxOptions {
  /** The name of this server process, which no other running one may have. */
  readonly writer: string
  /** Microseconds since 1970; default: the system's clock. */
  readonly clock?: () => number
  /** How long rows that every sink has passed are kept for a later replay, in microseconds; default 0. */
  readonly retention?: number
  /** Rows between two removals of passed rows; default 1,000. */
  readonly trimEvery?: number
  /** Acknowledgements between two writes of a cursor, unless the sink is idle before; default 256. */
  readonly flushEvery?: number
  /** The most rows that a reader hands out unacknowledged; default 10,000. */
  readonly maxUnacknowledged?: number
}

/** The events of one writer. */
export interface Outbox extends Events {
  /** Closes the readers and ends the work in the background. */
  close(): Promise<void>
}

const ADD = `INSERT INTO outbox (writer, lane, id, host_type, kind, conversation, body, at, events)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

/** Opens the outbox of a writer over a migrated database. */
export async function openOutbox(db: Database, options: OutboxOptions): Promise<Outbox> {
  const { writer } = options
  const readers = new Map<string, OutboxReader>()
  const told = new Set<Told>()
  const registered = await registeredSinks(db, writer)
  let wasAbsent = new Set<string>()
  const clock = options.clock ?? (() => Date.now() * 1000)
  const trimmer = new Trimmer(db, {
    writer,
    clock,
    retention: options.retention ?? 0,
    every: options.trimEvery ?? 1000,
  })
  await trimmer.trim()

  const absent = (): string[] => [...registered].filter((sink) => !readers.has(sink))
  const added = (row: OutboxRow | undefined): void => {
    trimmer.count(1)
    for (const reader of told) reader(row)
  }
  return {
    adding: (event) => new AddingRow(writer, event, added),
    reader(sink) {
      if (readers.has(sink)) throw new Error(`the outbox reader of "${sink}" is open already`)
      const limits = { flushEvery: options.flushEvery ?? 256, maxUnacknowledged: options.maxUnacknowledged ?? 10_000 }
      registered.add(sink)
      const reader = openReader(db, { writer, sink, told, ...limits, passed: (rows) => trimmer.count(rows) })
      const closing: OutboxReader = { ...reader, close: () => reader.close().finally(() => readers.delete(sink)) }
      readers.set(sink, closing)
      return closing
    },
    async forget(sink) {
      if (readers.has(sink)) throw new Error(`the outbox reader of "${sink}" is open`)
      await db.commit([forgetting(sink, writer)])
      registered.delete(sink)
      void trimmer.trim()
    },
    absent,
    waiting: (sink) => readers.get(sink)?.pending() ?? countWaiting(db, sink, writer),
    keepPassed: (time) => trimmer.keepPassed(time),
    expire(time) {
      const gone = absent().filter((sink) => wasAbsent.has(sink))
      wasAbsent = new Set(absent())
      return gone.length === 0 ? Promise.resolve(0) : trimmer.expire(time, gone)
    },
    async close() {
      await Promise.all([...readers.values()].map((reader) => reader.close()))
      await trimmer.close()
    },
  }
}

/** The write of a row; until it is handed in, its event may change. */
class AddingRow implements Adding {
  readonly sql = ADD
  readonly #writer: string
  readonly #lane: number
  readonly #told: Told
  #event: NewEvent

  constructor(writer: string, event: NewEvent, told: Told) {
    this.#writer = writer
    this.#lane = laneOf(event.conversation)
    this.#told = told
    this.#event = event
  }

  get params(): SqlValue[] {
    const { id, hostType, kind, conversation, body, at, events = 1 } = this.#event
    // In the order of `ADD`.
    return [this.#writer, this.#lane, id, hostType, kind, conversation, body, at, events]
  }

  become(event: NewEvent): void {
    this.#event = event
  }

  added(seq: number | undefined): void {
    this.#told(seq === undefined ? undefined : this.#row(seq))
  }

  #row(seq: number): OutboxRow {
    const { id, hostType, kind, conversation, body, at, events = 1, source } = this.#event
    return { seq, lane: this.#lane, id, hostType, kind, conversation, body, at, events, source }
  }
}

async function registeredSinks(db: Database, writer: string): Promise<Set<string>> {
  const rows = await db.query<{ sink: string }>('SELECT DISTINCT sink FROM outbox_cursor WHERE writer = ?', writer)
  return new Set(rows.map(({ sink }) => sink))
}

/** The lane of a conversation: FNV-1a over its UTF-16 code units. It must never change, since cursors are kept by lane. */
export function laneOf(conversation: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < conversation.length; i++) hash = Math.imul(hash ^ conversation.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % LANES
}

export type { Adding, NewEvent, OutboxReader, OutboxRow } from '../core/outbox.ts'
