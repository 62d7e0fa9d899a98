/** R21: watches the event loop from a thread beside it, and tells who has blocked it. */
import { Worker } from 'node:worker_threads'
import type { Log } from '../core/log.ts'
import type { Histogram, MetricScope } from '../core/metrics.ts'
import { BEATS, BLOCKED, CELLS, LOGGED, type WatchData } from './loop-report.ts'

/** Memory that a thread of its own may take; it takes far less. */
const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 }

/** A watch over the event loop. */
export class LoopWatch {
  /** For a thread that has time for it: the module whose default export watches, and what it is to be called with. */
  readonly guest: { readonly script: string; readonly data: WatchData }
  readonly #cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT))
  #log: Log | undefined
  #blocks: Histogram | undefined
  #worker: Worker | undefined

  /** For blocks longer than `limitMs`. */
  constructor(limitMs: number) {
    const script = new URL('./loop-watcher.ts', import.meta.url).href
    this.guest = { script, data: { cells: this.#cells.buffer, limitMs } }
  }

  /** Begins to log and count; the owner calls `beat` several times in the limit from now on. `hosted`: the guest has been taken in. */
  begin(log: Log, metrics: MetricScope, hosted: boolean): void {
    this.#log = log
    this.#blocks = metrics.histogram('meerkat_event_loop_blocked')
    this.beat()
    if (hosted) return
    const script = new URL('./loop-watch-worker.ts', import.meta.url)
    this.#worker = new Worker(script, { workerData: this.guest.data, execArgv: [], resourceLimits: LIMITS })
    this.#worker.unref()
    this.#worker.on('error', (error) => log.warn({ what: 'loop_watch_failed', error: String(error) }))
  }

  /** The event loop turns. */
  beat(): void {
    Atomics.add(this.#cells, BEATS, 1)
    Atomics.store(this.#cells, LOGGED, this.#log?.isLevelEnabled('warn') ? 1 : 0)
    const ms = Atomics.exchange(this.#cells, BLOCKED, 0)
    if (ms > 0) this.#blocks?.observe(ms * 1000)
  }

  /** Ends the watch; `beat` is not called any more. */
  async close(): Promise<void> {
    Atomics.store(this.#cells, BEATS, 0)
    await this.#worker?.terminate()
  }
}
