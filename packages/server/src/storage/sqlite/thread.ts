/** A worker thread that is started again when it dies. */
import { Worker } from 'node:worker_threads'
import { StorageError } from '../../core/database.ts'
import { type Opened, type WorkerOptions } from './messages.ts'

const FIRST_DELAY = 100
const LONGEST_DELAY = 5000

interface Running {
  readonly worker: Worker
  readonly exited: Promise<void>
}

interface Waiting {
  readonly resolve: (reply: never) => void
  readonly reject: (error: Error) => void
}

/** Sends requests to a worker, which answers them in their order. After the worker's death the next request starts another one, with a growing delay. */
export class Thread<Request> {
  readonly #script: URL
  readonly #options: WorkerOptions
  #running: Running | undefined
  #waiting: Waiting[] = []
  #starting: Promise<void> | undefined
  #failures = 0
  #closed = false
  #wake: (() => void) | undefined

  constructor(script: URL, options: WorkerOptions) {
    this.#script = script
    this.#options = options
  }

  /** Whether a request is under way. */
  get isBusy(): boolean {
    return this.#waiting.length > 0
  }

  /** Starts the worker. Rejects with a `StorageError` when it cannot open the file. */
  start(): Promise<void> {
    return (this.#starting ??= this.#start().finally(() => (this.#starting = undefined)))
  }

  async #start(): Promise<void> {
    if (this.#failures > 0) await this.#pause(Math.min(FIRST_DELAY * 2 ** (this.#failures - 1), LONGEST_DELAY))
    if (this.#closed) throw new StorageError('closed', 'the store is closed')
    const worker = new Worker(this.#script, { workerData: this.#options, execArgv: [] })
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    this.#running = { worker, exited }
    worker.on('message', (reply: unknown) => this.#waiting.shift()?.resolve(reply as never))
    worker.on('error', (error) => this.#died(worker, error))
    worker.once('exit', () => this.#died(worker, undefined))
    const opened = await this.#reply<Opened>()
    if (!opened.opened) {
      await this.#stop()
      this.#failures++
      throw new StorageError(opened.problem.problem, opened.problem.message)
    }
    this.#failures = 0
  }

  /**
   * The worker's reply. Rejects with a `StorageError` when it dies before, or cannot be started again. What is in `handed` belongs to the worker
   * from then on, and is not copied.
   */
  async request<Reply>(request: Request, handed: readonly ArrayBuffer[] = []): Promise<Reply> {
    if (this.#running === undefined || this.#starting !== undefined) await this.start()
    this.#running?.worker.postMessage(request, handed)
    return this.#reply<Reply>()
  }

  /** Ends the worker; the requests under way must have been answered. */
  async close(): Promise<void> {
    this.#closed = true
    this.#wake?.()
    await this.#stop()
  }

  /** Ends the worker as a crash would (for tests). */
  async kill(): Promise<void> {
    await this.#running?.worker.terminate()
  }

  #reply<T>(): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#running === undefined) reject(new StorageError('lost', 'the worker is gone'))
      else this.#waiting.push({ resolve, reject })
    })
  }

  #died(worker: Worker, error: Error | undefined): void {
    if (this.#running?.worker !== worker) return
    this.#running = undefined
    this.#failures++
    this.#lose(`the worker died${error === undefined ? '' : `: ${error.message}`}`)
  }

  #lose(why: string): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new StorageError('lost', why))
  }

  async #stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    running?.worker.postMessage(null)
    await running?.exited
    this.#lose('the worker is gone')
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
