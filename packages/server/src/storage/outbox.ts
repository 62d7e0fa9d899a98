/**
 * The outbox: events are committed in the unit of what they report, then delivered by sinks, at least once and in order within a lane.
 * A writer is one server process; its rows are numbered as its transactions commit, one at a time, so that a number seen is never
 * followed by the late commit of a lower one. A sink's cursors live beside the rows: one floor, below which every row has passed,
 * and one for each lane that is ahead of it.
 */
import type { Database, Write } from '../core/database.ts'
import type { Outbox as Events, OutboxReader } from '../core/outbox.ts'
import { FLOOR, openReader } from './outbox-reader.ts'
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

const ADD = `INSERT INTO outbox (writer, lane, id, host_type, kind, conversation, body, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

/** The floor below the first row from that time on; when there is none, the end. */
const REPLAY = `INSERT INTO outbox_cursor (sink, writer, lane, seq) SELECT ?, ?, ${FLOOR},
  coalesce((SELECT min(seq) - 1 FROM outbox WHERE writer = ? AND at >= ?), max(seq), 0) FROM outbox WHERE writer = ?`

/** Opens the outbox of a writer over a migrated database. */
export async function openOutbox(db: Database, options: OutboxOptions): Promise<Outbox> {
  const { writer } = options
  const readers = new Map<string, OutboxReader>()
  const wake = new Set<() => void>()
  const clock = options.clock ?? (() => Date.now() * 1000)
  const trimmer = new Trimmer(db, {
    writer,
    clock,
    retention: options.retention ?? 0,
    every: options.trimEvery ?? 1000,
  })
  await trimmer.trim()

  const added = (): void => {
    trimmer.count(1)
    for (const listener of wake) listener()
  }
  return {
    adding: ({ id, hostType, kind, conversation, body, at }) => ({
      sql: ADD,
      params: [writer, laneOf(conversation), id, hostType, kind, conversation, body, at],
      committed: added,
    }),
    reader(sink) {
      if (readers.has(sink)) throw new Error(`the outbox reader of "${sink}" is open already`)
      const limits = { flushEvery: options.flushEvery ?? 256, maxUnacknowledged: options.maxUnacknowledged ?? 10_000 }
      const reader = openReader(db, { writer, sink, wake, ...limits, passed: (rows) => trimmer.count(rows) })
      const closing: OutboxReader = { ...reader, close: () => reader.close().finally(() => readers.delete(sink)) }
      readers.set(sink, closing)
      return closing
    },
    forget: (sink) => db.commit([forgetting(sink, writer)]),
    replay: (sink, from) =>
      db.commit([forgetting(sink, writer), { sql: REPLAY, params: [sink, writer, writer, from, writer] }]),
    async close() {
      await Promise.all([...readers.values()].map((reader) => reader.close()))
      await trimmer.close()
    },
  }
}

function forgetting(sink: string, writer: string): Write {
  return { sql: 'DELETE FROM outbox_cursor WHERE sink = ? AND writer = ?', params: [sink, writer] }
}

/** The lane of a conversation: FNV-1a over its UTF-16 code units. It must never change, since cursors are kept by lane. */
export function laneOf(conversation: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < conversation.length; i++) hash = Math.imul(hash ^ conversation.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % LANES
}

export type { NewEvent, OutboxReader, OutboxRow } from '../core/outbox.ts'
