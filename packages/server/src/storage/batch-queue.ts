/** A bounded queue whose jobs go in batches: what comes while a batch is under way is the next one, so that no timer is needed. */
import { type SqlValue, StorageError } from '../core/database.ts'

/** Something to do, with its weight in the queue. */
export interface Job {
  readonly bytes: number
  /** Whether it is cheaper among many of its like, for which it may wait a little. */
  readonly patient?: boolean
  fail(error: Error): void
}

/** Bounds of a queue. */
export interface QueueLimits {
  /** The most jobs waiting or under way. */
  readonly jobs: number
  /** The most bytes waiting or under way. */
  readonly bytes: number
  /** The most jobs in one batch. */
  readonly batch: number
}

/** When batches begin. */
export interface Pace {
  /** Puts the next batch off a little, so that what comes meanwhile shares it. `jobs`: how many there are now. */
  defer(start: () => void, jobs: number): void
  /** There are so many jobs by now for the batch that was put off. */
  grown?(jobs: number): void
  /** A batch with so many patient jobs is done. */
  ended?(patient: number): void
}

/** A batch begins as soon as what goes on now has had its say. */
export const AT_ONCE: Pace = { defer: queueMicrotask }
/** A batch begins at the end of the turn. */
export const END_OF_TURN: Pace = { defer: (start) => void setImmediate(start) }

/** Does a batch: settles every job, or rejects when the engine is gone. */
export type Runner<J> = (jobs: readonly J[]) => Promise<void>

/** Jobs start in the order in which they were added; with one runner they also end so. */
export class BatchQueue<J extends Job> {
  readonly #free: Runner<J>[]
  readonly #limits: QueueLimits
  readonly #pace: Pace
  #queue: J[] = []
  #jobs = 0
  #bytes = 0
  #deferred = false
  #closed = false
  readonly #waiting: (() => void)[] = []

  constructor(runners: readonly Runner<J>[], limits: QueueLimits, pace: Pace) {
    this.#free = [...runners]
    this.#limits = limits
    this.#pace = pace
  }

  /** Queues the job, or fails it at once with a `StorageError`. */
  add(job: J): void {
    const refusal = this.refusal(job.bytes)
    if (refusal !== undefined) return job.fail(refusal)
    this.#jobs++
    this.#bytes += job.bytes
    this.#queue.push(job)
    this.#schedule()
  }

  /** How many jobs wait or are under way. */
  get jobs(): number {
    return this.#jobs
  }

  /** Why a job of so many bytes could not be added now; undefined when it could. */
  refusal(bytes: number): StorageError | undefined {
    if (this.#closed) return new StorageError('closed', 'the store is closed')
    if (this.#jobs < this.#limits.jobs && this.#bytes + bytes <= this.#limits.bytes) return undefined
    return new StorageError('overloaded', `the store's queue is full (${this.#jobs} jobs, ${this.#bytes} bytes)`)
  }

  #schedule(): void {
    if (this.#deferred) return this.#pace.grown?.(this.#queue.length)
    if (this.#free.length === 0 || this.#queue.length === 0) return
    this.#deferred = true
    this.#pace.defer(this.#begin, this.#queue.length)
  }

  readonly #begin = (): void => {
    this.#deferred = false
    this.#start()
  }

  /** Takes nothing more; resolves when everything queued is done. */
  close(): Promise<void> {
    this.#closed = true
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#checkDrained()
    })
  }

  #start(): void {
    while (this.#queue.length > 0) {
      const runner = this.#free.pop()
      if (runner === undefined) return
      void this.#run(runner, this.#take())
    }
  }

  /** A batch for one of the free runners, with which it shares what is queued. */
  #take(): J[] {
    const share = Math.min(Math.ceil(this.#queue.length / (this.#free.length + 1)), this.#limits.batch)
    if (this.#queue.length > share) return this.#queue.splice(0, share)
    const all = this.#queue
    this.#queue = []
    return all
  }

  async #run(runner: Runner<J>, jobs: J[]): Promise<void> {
    try {
      await runner(jobs)
    } catch (error) {
      // The engine died and may be down for a while: whoever waits is told now rather than after many attempts.
      const queued = this.#queue
      this.#queue = []
      this.#fail([...jobs, ...queued], error instanceof Error ? error : new StorageError('lost', String(error)))
      this.#settle(queued)
    }
    this.#free.push(runner)
    this.#pace.ended?.(patientAmong(jobs))
    this.#settle(jobs)
    this.#schedule()
  }

  #fail(jobs: readonly J[], error: Error): void {
    for (const job of jobs) job.fail(error)
  }

  #settle(jobs: readonly J[]): void {
    this.#jobs -= jobs.length
    for (const job of jobs) this.#bytes -= job.bytes
    this.#checkDrained()
  }

  #checkDrained(): void {
    if (this.#closed && this.#jobs === 0) for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

function patientAmong(jobs: readonly Job[]): number {
  let patient = 0
  for (const job of jobs) if (job.patient === true) patient++
  return patient
}

/** About what a statement weighs in a queue. */
export function weightOf(sql: string, params: readonly SqlValue[]): number {
  let bytes = 64 + sql.length
  for (const value of params) {
    bytes += typeof value === 'string' ? value.length : value instanceof Uint8Array ? value.byteLength : 8
  }
  return bytes
}
