/** A bounded queue whose jobs go in batches: what comes while a batch is under way is the next one, so that no timer is needed. */
import { type SqlValue, StorageError } from '../core/database.ts'

/** Something to do, with its weight in the queue. */
export interface Job {
  readonly bytes: number
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

/** Does a batch: settles every job, or rejects when the engine is gone. */
export type Runner<J> = (jobs: readonly J[]) => Promise<void>

/** Jobs start in the order in which they were added; with one runner they also end so. */
export class BatchQueue<J extends Job> {
  readonly #free: Runner<J>[]
  readonly #limits: QueueLimits
  readonly #defer: (start: () => void) => void
  #queue: J[] = []
  #jobs = 0
  #bytes = 0
  #deferred = false
  #closed = false
  readonly #waiting: (() => void)[] = []

  /** `defer` puts off the first batch a little, so that what comes in the same turn shares it. */
  constructor(runners: readonly Runner<J>[], limits: QueueLimits, defer: (start: () => void) => void) {
    this.#free = [...runners]
    this.#limits = limits
    this.#defer = defer
  }

  /** Queues the job, or fails it at once with a `StorageError`. */
  add(job: J): void {
    if (this.#closed) return job.fail(new StorageError('closed', 'the store is closed'))
    if (this.#jobs >= this.#limits.jobs || this.#bytes + job.bytes > this.#limits.bytes) {
      return job.fail(
        new StorageError('overloaded', `the store's queue is full (${this.#jobs} jobs, ${this.#bytes} bytes)`),
      )
    }
    this.#jobs++
    this.#bytes += job.bytes
    this.#queue.push(job)
    if (this.#deferred || this.#free.length === 0) return
    this.#deferred = true
    this.#defer(() => {
      this.#deferred = false
      this.#start()
    })
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
    this.#settle(jobs)
    this.#start()
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

/** About what a statement weighs in a queue. */
export function weightOf(sql: string, params: readonly SqlValue[]): number {
  let bytes = 64 + sql.length
  for (const value of params) {
    bytes += typeof value === 'string' ? value.length : value instanceof Uint8Array ? value.byteLength : 8
  }
  return bytes
}
