/**
 * A mark in the main store above every time that the server has given out, so that ids grow over a restart too when the system's clock was set
 * back meanwhile (R9). It is written ahead, for a process that is killed, and taken back to the last time given when the server is stopped.
 */
import { type Clock, systemClock, wallMilliseconds } from '../core/clock.ts'
import type { Database } from '../core/database.ts'
import type { Log } from '../core/log.ts'
import type { KeyValue } from '../core/stores.ts'
import { openStores } from '../storage/stores.ts'

/** How often the owner calls `renew`, in seconds. */
export const RENEW_SECONDS = 5

const SECOND = 1_000_000

/**
 * How far ahead of the clock the mark is written. After a kill ids may be ahead of it by this much, until the clock is there; that is why it is
 * short. It leaves room for a renewal that a slow store answers late.
 */
const AHEAD = 3 * RENEW_SECONDS * SECOND

/** While ids are ahead of the clock each takes a microsecond; this is room for a million. A server killed again and again gains no more. */
const AHEAD_OF_IDS = SECOND

/** How far ahead of the clock a mark is believed: one further ahead comes from a clock that was wrong, and would date messages wrongly for ever. */
const BELIEVED = 30 * 86_400 * SECOND

/** No right clock shows less; a machine without a battery begins in 1970 until it has asked others, and then any mark is better. */
const EARLIEST = Date.UTC(2026, 0, 1) * 1000

/** The times given by one writer, over restarts. */
export class ClockMark {
  /** Its `micros` are above those of every earlier process of this writer. */
  readonly clock: Clock
  readonly #db: Database
  readonly #marks: KeyValue
  readonly #writer: string
  readonly #log: Log
  readonly #wall: () => number
  #renewing = false

  private constructor(db: Database, writer: string, log: Log, floor: number, milliseconds: () => number) {
    this.#db = db
    this.#marks = marksOf(db)
    this.#writer = writer
    this.#log = log
    this.#wall = milliseconds
    this.clock = systemClock(floor, milliseconds)
  }

  /** Reads the mark of `writer` and writes the next one. `milliseconds` is the system's clock. Rejects with a `StorageError`. */
  static async open(db: Database, writer: string, log: Log, milliseconds = wallMilliseconds): Promise<ClockMark> {
    const mark = Number((await marksOf(db).get(writer)) ?? 0)
    const opened = new ClockMark(db, writer, log, floorOf(mark, milliseconds() * 1000, log), milliseconds)
    await opened.#write(opened.#next())
    return opened
  }

  /** Writes the mark ahead once more; a store that refuses is told to the log. Does nothing while the last one is on its way. */
  async renew(): Promise<void> {
    if (this.#renewing) return
    this.#renewing = true
    try {
      await this.#write(this.#next())
    } catch (error) {
      this.#log.warn({ what: 'clock_mark_not_written', error: String(error) }, 'the mark of the clock was not written')
    } finally {
      this.#renewing = false
    }
  }

  /** Writes the last time of all, when nobody asks for times any more. Rejects with a `StorageError`; the mark is then still ahead. */
  close(): Promise<void> {
    return this.#write(this.clock.micros())
  }

  /** A time that will not be given before the next renewal. */
  #next(): number {
    return Math.max(Math.ceil(this.#wall() * 1000) + AHEAD, this.clock.micros() + AHEAD_OF_IDS)
  }

  #write(mark: number): Promise<void> {
    return this.#db.commit([this.#marks.put(this.#writer, String(mark))])
  }
}

const marksOf = (db: Database): KeyValue => openStores(db).keyValue('clock')

/** Above what the clock begins, in microseconds: the mark, unless it cannot be right. */
function floorOf(mark: number, now: number, log: Log): number {
  if (mark <= now) return 0
  const seconds = Math.ceil((mark - now) / SECOND)
  if (mark - now > BELIEVED && now >= EARLIEST) {
    log.warn(
      { what: 'clock_mark_ignored', seconds },
      'ids of earlier messages are too far ahead of the clock: order by time is lost',
    )
    return 0
  }
  if (mark - now > AHEAD) log.warn({ what: 'clock_behind', seconds }, 'the clock was set back: ids are ahead of it')
  return mark
}
