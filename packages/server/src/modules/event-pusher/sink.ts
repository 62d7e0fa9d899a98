/**
 * The runner of a sink: reads events from the outbox and delivers them, at least once, and in order within a conversation. One event of a conversation
 * is under way at a time, and conversations go side by side; a failed event is tried again, with growing pauses, and holds up its conversation only.
 */
import { backoff } from '../../core/backoff.ts'
import type { Host, Timer } from '../../core/module.ts'
import type { OutboxReader, OutboxRow, Place } from '../../core/outbox.ts'
import type { SinkControl, SinkHealth, SinkState, SinkStatus } from './api.ts'
import type { DeadLetters } from './dead-letters.ts'
import { PoisonError, eventsIn, idOfBoth } from './events.ts'
import type { Pausing } from './pausing.ts'
import type { SinkWork } from './sink-work.ts'

/** What a sink is made of. */
export interface SinkOptions {
  readonly name: string
  readonly reader: OutboxReader
  readonly work: SinkWork
  readonly deadLetters: DeadLetters
  readonly pausing: Pausing
  /** Events under way at a time; default 512. */
  readonly maxUnderWay?: number
  /** Events in memory, delivered or not; default 5,000. Reading stops there, or at `maxHeldBytes`, and goes on when half is gone. */
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
/** Milliseconds between two lines about the same trouble. */
const LOG_PAUSE = 60_000

interface Conversation {
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
  readonly deadLetters: DeadLetters
  readonly #pausing: Pausing
  readonly #maxHeld: number
  readonly #maxHeldLength: number
  readonly #conversations = new Map<string, Conversation>()
  readonly #counters = { delivered: 0, unroutable: 0, failed: 0, deadLettered: 0, dropped: 0 }
  /** The number of events under way. */
  #underWay = 0
  #idle: PromiseWithResolvers<void> | undefined
  readonly #maxUnderWay: number
  /** Conversations that could go on if fewer events were under way, those that have waited longest first. */
  readonly #inLine = new Set<Conversation>()
  #held = 0
  #heldLength = 0
  #filling: Promise<void> | undefined
  #fillAgain = false
  /** Reading has stopped for want of room, or because nothing could be delivered. */
  #starved = false
  /** Being set back: nothing is read or sent. */
  #rewinding: Promise<boolean> | undefined
  #stopping = false
  #reached = false
  #lastDeliveredAt: number | undefined
  #lastUnroutable: string | undefined
  #lastError: string | undefined
  #toldError: string | undefined
  #toldAt = -Infinity
  /** Conversations that wait for another attempt. */
  #failing = 0

  constructor(host: Host, options: SinkOptions) {
    this.#host = host
    this.name = options.name
    this.#reader = options.reader
    this.#work = options.work
    this.deadLetters = options.deadLetters
    this.#pausing = options.pausing
    this.#maxUnderWay = options.maxUnderWay ?? 512
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
    for (const conversation of this.#conversations.values()) {
      this.#unpause(conversation)
      this.#run(conversation)
    }
    this.#fill()
  }

  pause(): Promise<void> {
    return this.#pausing.set(true)
  }

  resume(): Promise<void> {
    const stored = this.#pausing.set(false)
    this.wake()
    return stored
  }

  /** What is under way is finished first; a second call waits for the one before. */
  async replay(from: Place): Promise<boolean> {
    await this.#rewinding?.catch(() => undefined)
    this.#rewinding = this.#rewind(from).finally(() => {
      this.#rewinding = undefined
      this.wake()
    })
    return this.#rewinding
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
    for (const conversation of this.#conversations.values()) this.#unpause(conversation)
    await this.#whenIdle()
    await this.#filling
    await this.#rewinding?.catch(() => undefined)
    await this.#reader.close()
  }

  #state(): [state: SinkState, error: string | undefined] {
    if (this.#stopping) return ['stopped', undefined]
    const trouble = this.#work.obstacle() ?? this.#work.fault() ?? (this.#failing > 0 ? this.#lastError : undefined)
    if (this.#pausing.paused) return ['paused', trouble]
    if (trouble !== undefined) return [this.#reached || this.#counters.failed > 0 ? 'failing' : 'starting', trouble]
    this.#reached = true
    return this.#lastUnroutable === undefined ? ['running', undefined] : ['unroutable', this.#lastUnroutable]
  }

  async #rewind(from: Place): Promise<boolean> {
    while (this.#underWay > 0 || this.#filling !== undefined) await Promise.all([this.#whenIdle(), this.#filling])
    if (this.#stopping) return false
    const found =
      (await this.#reader.rewind(from)) || ('id' in from && (await this.#reader.rewind({ id: idOfBoth(from.id) })))
    if (!found) return false
    for (const conversation of this.#conversations.values()) this.#unpause(conversation)
    this.#conversations.clear()
    this.#inLine.clear()
    this.#held = 0
    this.#heldLength = 0
    return true
  }

  #halted(): boolean {
    return (
      this.#pausing.paused || this.#rewinding !== undefined || this.#stopping || this.#work.obstacle() !== undefined
    )
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
        for (const row of rows) for (const event of eventsIn(row)) this.#add(event)
        more = rows.length === limit
      }
    }
  }

  #add(row: OutboxRow): void {
    let conversation = this.#conversations.get(row.conversation)
    if (conversation === undefined)
      this.#conversations.set(
        row.conversation,
        (conversation = { rows: [], busy: false, failures: 0, again: undefined }),
      )
    conversation.rows.push(row)
    this.#held++
    this.#heldLength += row.body.length
    this.#run(conversation)
  }

  /** Delivers the conversation's first row unless one is under way, or too many are altogether: then its turn comes. */
  #run(conversation: Conversation): void {
    while (!conversation.busy && conversation.again === undefined && conversation.rows.length > 0 && !this.#halted()) {
      if (this.#underWay >= this.#maxUnderWay) {
        this.#inLine.add(conversation)
        return
      }
      const row = conversation.rows[0]!
      if (!this.#deliver(conversation, row)) this.#passed(conversation, row)
    }
  }

  /** Begins to deliver an event; false when it is not for this sink. */
  #deliver(conversation: Conversation, row: OutboxRow): boolean {
    const told = (error: Error | undefined, unroutable: string | undefined): void => {
      if (error !== undefined) void this.#failed(conversation, row, error)
      else {
        this.#delivered(conversation, row, unroutable)
        this.#ended(conversation)
      }
    }
    let begun = true
    try {
      begun = this.#work.deliver(row, told)
    } catch (error) {
      queueMicrotask(() => told(error as Error, undefined))
    }
    conversation.busy = begun
    if (begun) this.#underWay++
    return begun
  }

  #ended(conversation: Conversation): void {
    conversation.busy = false
    if (--this.#underWay === 0) {
      this.#idle?.resolve()
      this.#idle = undefined
    }
    this.#runNext()
    this.#run(conversation)
  }

  /** Resolves when no event is under way. */
  #whenIdle(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve()
    this.#idle ??= Promise.withResolvers()
    return this.#idle.promise
  }

  /** Lets conversations go on while there is room, first the one that has waited longest. */
  #runNext(): void {
    for (const conversation of this.#inLine) {
      if (this.#underWay >= this.#maxUnderWay) return
      this.#inLine.delete(conversation)
      this.#run(conversation)
    }
  }

  #delivered(conversation: Conversation, row: OutboxRow, unroutable: string | undefined): void {
    this.#counters.delivered++
    if (unroutable !== undefined) this.#counters.unroutable++
    this.#reached = true
    this.#lastUnroutable = unroutable
    this.#lastDeliveredAt = this.#host.clock.now()
    this.#passed(conversation, row)
  }

  #passed(conversation: Conversation, row: OutboxRow): void {
    conversation.rows.shift()
    conversation.failures = 0
    if (conversation.rows.length === 0) this.#conversations.delete(row.conversation)
    this.#held--
    this.#heldLength -= row.body.length
    this.#reader.acknowledge(row)
    const hasRoom = this.#held <= this.#maxHeld / 2 && this.#heldLength <= this.#maxHeldLength / 2
    if (this.#starved && hasRoom && !this.#halted()) this.#fill()
  }

  /** R13: what can never be delivered is put aside, so that its conversation goes on; anything else is tried again. */
  async #failed(conversation: Conversation, row: OutboxRow, error: Error): Promise<void> {
    if (error instanceof PoisonError) await this.#putAside(conversation, row, error)
    else this.#putOff(conversation, error)
    this.#ended(conversation)
  }

  async #putAside(conversation: Conversation, row: OutboxRow, error: PoisonError): Promise<void> {
    try {
      await this.deadLetters.keep(row, error.message)
    } catch (failure) {
      return this.#putOff(conversation, failure)
    }
    this.#counters.deadLettered++
    this.#passed(conversation, row)
  }

  #putOff(conversation: Conversation, error: unknown): void {
    this.#counters.failed++
    this.#lastError = error instanceof Error ? error.message : String(error)
    if (this.#stopping) return
    this.#tell(this.#lastError)
    conversation.failures++
    this.#failing++
    conversation.again = this.#host.after(backoff(conversation.failures, FIRST_PAUSE, LONGEST_PAUSE), () => {
      this.#unpause(conversation)
      this.#run(conversation)
    })
  }

  /** R11: what the other side says for the first time is told at once; the rest is told by the minute (watch.ts). */
  #tell(error: string): void {
    const now = this.#host.clock.monotonic()
    if (error === this.#toldError && now - this.#toldAt < LOG_PAUSE) return
    this.#toldError = error
    this.#toldAt = now
    this.#host.log.warn({ what: 'event_not_delivered', sink: this.name, error }, `an event waits: ${error}`)
  }

  #unpause(conversation: Conversation): void {
    if (conversation.again === undefined) return
    conversation.again.cancel()
    conversation.again = undefined
    this.#failing--
  }
}
