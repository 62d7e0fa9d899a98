/**
 * The runner of a sink: reads events from the outbox and delivers them, at least once, and in order within a lane. One event of a lane is under way
 * at a time, and lanes go side by side; a failed event is tried again, with growing pauses, and holds up its lane only.
 */
import { backoff } from '../../core/backoff.ts'
import type { Host, Timer } from '../../core/module.ts'
import type { OutboxReader, OutboxRow } from '../../core/outbox.ts'
import type { SinkControl, SinkHealth, SinkState, SinkStatus } from './api.ts'
import type { DeadLetters } from './dead-letters.ts'
import { PoisonError } from './events.ts'
import type { Delivered, SinkWork } from './sink-work.ts'

/** What a sink is made of. */
export interface SinkOptions {
  readonly name: string
  readonly reader: OutboxReader
  readonly work: SinkWork
  readonly deadLetters: DeadLetters
  /** Rows in memory, delivered or not; default 5,000. Reading stops there, or at `maxHeldBytes`, and goes on when half is gone. */
  readonly maxHeld?: number
  /** UTF-16 units of the bodies in memory; default 16 Mi. */
  readonly maxHeldLength?: number
}

/** Rows of one reading. */
const BATCH = 200
/** Seconds: the first pause after a failed attempt, and the longest. */
const FIRST_PAUSE = 0.5
const LONGEST_PAUSE = 30
/** Seconds until a failed reading of the outbox is tried again. */
const READ_PAUSE = 1

interface Lane {
  /** In order; the first is the one under way or to be tried again. */
  readonly rows: OutboxRow[]
  busy: boolean
  failures: number
  again: Timer | undefined
}

/** A running sink. */
export class Sink implements SinkControl {
  readonly name: string
  readonly #host: Host
  readonly #reader: OutboxReader
  readonly #work: SinkWork
  readonly #deadLetters: DeadLetters
  readonly #maxHeld: number
  readonly #maxHeldLength: number
  readonly #lanes = new Map<number, Lane>()
  readonly #counters = { delivered: 0, unroutable: 0, failed: 0, deadLettered: 0, dropped: 0 }
  readonly #underWay = new Set<Promise<void>>()
  #held = 0
  #heldLength = 0
  #filling: Promise<void> | undefined
  #fillAgain = false
  /** Reading has stopped for want of room, or because nothing could be delivered. */
  #starved = false
  #paused = false
  #stopping = false
  #reached = false
  #lastDeliveredAt: number | undefined
  #lastUnroutable: string | undefined
  #lastError: string | undefined
  /** Lanes that wait for another attempt. */
  #failing = 0

  constructor(host: Host, options: SinkOptions) {
    this.#host = host
    this.name = options.name
    this.#reader = options.reader
    this.#work = options.work
    this.#deadLetters = options.deadLetters
    this.#maxHeld = options.maxHeld ?? 5000
    this.#maxHeldLength = options.maxHeldLength ?? 16 * 1024 * 1024
    this.#reader.onRows(() => this.#fill())
    this.#show()
    this.#fill()
  }

  #show(): void {
    const scope = this.#host.metrics.within({ sink: this.name })
    const counters = this.#counters
    scope.counted('meerkat_events', 'delivered', () => counters.delivered)
    scope.counted('meerkat_events', 'unroutable', () => counters.unroutable)
    scope.counted('meerkat_events', 'failed', () => counters.failed)
    scope.counted('meerkat_events', 'dead_lettered', () => counters.deadLettered)
    let waiting = 0
    // What waits is in the store: a look answers with what the look before it has asked for.
    scope.gauge('meerkat_events', 'waiting', () => {
      if (!this.#stopping)
        this.#reader.pending().then(
          (pending) => (waiting = pending),
          () => undefined,
        )
      return waiting
    })
  }

  /** Tries again at once what waits for another attempt: to be called when an obstacle may be gone. */
  wake(): void {
    if (this.#halted()) return
    for (const lane of this.#lanes.values()) {
      this.#unpause(lane)
      this.#run(lane)
    }
    this.#fill()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.wake()
  }

  async status(): Promise<SinkStatus> {
    const pending = this.#stopping ? this.#held : await this.#reader.pending()
    return { ...this.health(), pending }
  }

  health(): SinkHealth {
    const { name } = this
    const [state, error] = this.#state()
    return { name, state, error, lastDeliveredAt: this.#lastDeliveredAt, counters: { ...this.#counters } }
  }

  /** Waits for what is under way, and stores how far the sink has come. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const lane of this.#lanes.values()) this.#unpause(lane)
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
    await this.#filling
    await this.#reader.close()
  }

  #state(): [state: SinkState, error: string | undefined] {
    if (this.#stopping) return ['stopped', undefined]
    const trouble = this.#work.obstacle() ?? this.#work.fault() ?? (this.#failing > 0 ? this.#lastError : undefined)
    if (this.#paused) return ['paused', trouble]
    if (trouble !== undefined) return [this.#reached || this.#counters.failed > 0 ? 'failing' : 'starting', trouble]
    this.#reached = true
    return this.#lastUnroutable === undefined ? ['running', undefined] : ['unroutable', this.#lastUnroutable]
  }

  #halted(): boolean {
    return this.#paused || this.#stopping || this.#work.obstacle() !== undefined
  }

  /** Reads rows while there are any and there is room for them. */
  #fill(): void {
    this.#fillAgain = true
    if (this.#stopping || this.#filling !== undefined) return
    this.#filling = this.#readAll()
      .catch((error: unknown) => {
        this.#host.report('event_sink_read_failed', error, { sink: this.name })
        this.#host.after(READ_PAUSE, () => this.#fill())
        this.#fillAgain = false
      })
      .then(() => {
        this.#filling = undefined
        if (this.#fillAgain) this.#fill()
      })
  }

  async #readAll(): Promise<void> {
    while (this.#fillAgain) {
      this.#fillAgain = false
      let more = true
      while (more) {
        this.#starved = this.#halted() || this.#held >= this.#maxHeld || this.#heldLength >= this.#maxHeldLength
        if (this.#starved) return
        const limit = Math.min(BATCH, this.#maxHeld - this.#held)
        const rows = await this.#reader.read(limit)
        for (const row of rows) this.#add(row)
        more = rows.length === limit
      }
    }
  }

  #add(row: OutboxRow): void {
    let lane = this.#lanes.get(row.lane)
    if (lane === undefined) this.#lanes.set(row.lane, (lane = { rows: [], busy: false, failures: 0, again: undefined }))
    lane.rows.push(row)
    this.#held++
    this.#heldLength += row.body.length
    this.#run(lane)
  }

  /** Delivers the lane's first row unless one is under way. */
  #run(lane: Lane): void {
    while (!lane.busy && lane.again === undefined && lane.rows.length > 0 && !this.#halted()) {
      const row = lane.rows[0]!
      const delivery = this.#deliver(row)
      if (delivery === undefined) this.#passed(lane, row)
      else this.#follow(lane, row, delivery)
    }
  }

  #deliver(row: OutboxRow): Promise<Delivered> | undefined {
    try {
      return this.#work.deliver(row)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #follow(lane: Lane, row: OutboxRow, delivery: Promise<Delivered>): void {
    lane.busy = true
    const followed = delivery
      .then((delivered) => this.#delivered(lane, row, delivered))
      .catch((error: unknown) => this.#failed(lane, row, error))
      .then(() => {
        this.#underWay.delete(followed)
        lane.busy = false
        this.#run(lane)
      })
    this.#underWay.add(followed)
  }

  #delivered(lane: Lane, row: OutboxRow, { unroutable }: Delivered): void {
    this.#counters.delivered++
    if (unroutable !== undefined) this.#counters.unroutable++
    this.#reached = true
    this.#lastUnroutable = unroutable
    this.#lastDeliveredAt = this.#host.clock.now()
    this.#passed(lane, row)
  }

  #passed(lane: Lane, row: OutboxRow): void {
    lane.rows.shift()
    lane.failures = 0
    this.#held--
    this.#heldLength -= row.body.length
    this.#reader.acknowledge(row)
    const hasRoom = this.#held <= this.#maxHeld / 2 && this.#heldLength <= this.#maxHeldLength / 2
    if (this.#starved && hasRoom && !this.#halted()) this.#fill()
  }

  /** R13: what can never be delivered is put aside, so that its lane goes on; anything else is tried again. */
  async #failed(lane: Lane, row: OutboxRow, error: unknown): Promise<void> {
    if (!(error instanceof PoisonError)) return this.#putOff(lane, error)
    try {
      await this.#deadLetters.keep(row, error.message)
    } catch (failure) {
      return this.#putOff(lane, failure)
    }
    this.#counters.deadLettered++
    this.#passed(lane, row)
  }

  #putOff(lane: Lane, error: unknown): void {
    this.#counters.failed++
    this.#lastError = error instanceof Error ? error.message : String(error)
    if (this.#stopping) return
    lane.failures++
    this.#failing++
    lane.again = this.#host.after(backoff(lane.failures, FIRST_PAUSE, LONGEST_PAUSE), () => {
      this.#unpause(lane)
      this.#run(lane)
    })
  }

  #unpause(lane: Lane): void {
    if (lane.again === undefined) return
    lane.again.cancel()
    lane.again = undefined
    this.#failing--
  }
}
