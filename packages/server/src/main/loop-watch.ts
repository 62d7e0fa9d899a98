/** R21: watches the event loop from a thread beside it, and tells who has blocked it. */
import { Worker } from 'node:worker_threads'
import type { Log } from '../core/log.ts'
import type { MetricScope } from '../core/metrics.ts'
import { BEATS, type Block, LOGGED, type WatchData } from './loop-report.ts'

/** Memory that the thread may take; it takes far less. */
const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 }

/** A watch over the event loop. */
export class LoopWatch {
  readonly #worker: Worker
  readonly #cells = new Int32Array(new SharedArrayBuffer(8))
  readonly #log: Log

  /** Blocks longer than `limitMs` are logged and counted; the owner calls `beat` several times in that time. */
  constructor(limitMs: number, log: Log, metrics: MetricScope) {
    this.#log = log
    const blocks = metrics.histogram('meerkat_event_loop_blocked')
    const workerData: WatchData = { cells: this.#cells.buffer, limitMs }
    this.beat()
    const script = new URL('./loop-watch-worker.ts', import.meta.url)
    this.#worker = new Worker(script, { workerData, execArgv: [], resourceLimits: LIMITS })
    this.#worker.unref()
    this.#worker.on('message', ({ ms }: Block) => blocks.observe(ms * 1000))
    this.#worker.on('error', (error) => log.warn({ what: 'loop_watch_failed', error: String(error) }))
  }

  /** The event loop turns. */
  beat(): void {
    Atomics.add(this.#cells, BEATS, 1)
    Atomics.store(this.#cells, LOGGED, this.#log.isLevelEnabled('warn') ? 1 : 0)
  }

  /** Ends the watch. */
  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}
