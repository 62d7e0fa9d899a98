/** A connection to PostgreSQL that is made again whenever it is lost. */
import { randomUUID } from 'node:crypto'
import { backoff } from '../../core/backoff.ts'
import { StorageError } from '../../core/database.ts'
import type { Log } from '../../core/log.ts'
import type { RdbmsFigures } from './figures.ts'
import { openSession, type PostgresServer, type PostgresSession } from './session.ts'
import type { Link, Purpose, Session } from './types.ts'

/** How a link behaves without a connection; all in milliseconds. */
export interface LinkOptions {
  /** How long whoever needs a session waits for one after a loss; then all are refused at once until there is one again. */
  readonly patienceMs: number
  /** The first and the longest pause between two attempts to connect. */
  readonly firstPauseMs: number
  readonly longestPauseMs: number
  /** How often an idle connection is tried; undefined for never. */
  readonly keepaliveMs: number | undefined
  readonly log: Log
  /** Where connections are counted. */
  readonly figures?: RdbmsFigures | undefined
}

interface Waiting {
  readonly resolve: (session: Session) => void
  readonly reject: (error: Error) => void
}

/** See `Link`. */
export class PostgresLink implements Link {
  readonly #server: PostgresServer
  readonly #purpose: Purpose
  readonly #options: LinkOptions
  readonly #owner = `meerkat ${randomUUID()}`
  readonly #keepalive: NodeJS.Timeout | undefined
  #session: PostgresSession | undefined
  #waiting: Waiting[] = []
  /** Why the last attempt failed. */
  #reason = 'not connected yet'
  #patient = true
  #closed = false
  #wake: (() => void) | undefined
  #reconnecting: Promise<void> | undefined

  constructor(server: PostgresServer, purpose: Purpose, options: LinkOptions) {
    this.#server = server
    this.#purpose = purpose
    this.#options = options
    if (options.keepaliveMs === undefined) return
    this.#keepalive = setInterval(() => this.#try(), options.keepaliveMs).unref()
  }

  get connected(): boolean {
    return this.#session?.alive === true
  }

  async start(): Promise<void> {
    try {
      this.#take(await openSession(this.#server, this.#purpose, this.#owner))
    } catch (error) {
      this.#reason = messageOf(error)
      throw this.#refusal()
    }
  }

  session(): Promise<Session> {
    if (this.#session?.alive) return Promise.resolve(this.#session)
    if (this.#closed) return Promise.reject(new StorageError('closed', 'the connection is closed'))
    if (!this.#patient) return Promise.reject(this.#refusal())
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#keepalive)
    this.#refuse(new StorageError('closed', 'the connection is closed'))
    this.#wake?.()
    await this.#session?.end()
    await this.#reconnecting
  }

  #take(session: PostgresSession): void {
    this.#session = session
    this.#patient = true
    this.#options.figures?.watch(session)
    for (const { resolve } of this.#waiting.splice(0)) resolve(session)
    void session.gone.then(() => this.#lost(session))
  }

  #lost(session: PostgresSession): void {
    if (this.#session !== session || this.#closed) return
    this.#session = undefined
    this.#reason = 'the connection was lost'
    this.#options.log.warn({ what: 'rdbms_connection_lost', writing: this.#purpose.writing })
    this.#reconnecting = this.#reconnect().finally(() => (this.#reconnecting = undefined))
  }

  /** Tries until it works: a database that comes back is used again without anyone's help. */
  async #reconnect(): Promise<void> {
    const impatient = setTimeout(() => {
      this.#patient = false
      this.#refuse(this.#refusal())
    }, this.#options.patienceMs)
    for (let failures = 0; !this.#closed && this.#session === undefined; failures++) {
      if (failures > 0) await this.#pause(failures)
      await this.#attempt()
    }
    clearTimeout(impatient)
  }

  async #attempt(): Promise<void> {
    if (this.#closed) return
    try {
      const session = await openSession(this.#server, this.#purpose, this.#owner)
      if (this.#closed) await session.end()
      else this.#take(session)
      this.#options.log.notice({ what: 'rdbms_connected_again', writing: this.#purpose.writing })
    } catch (error) {
      const reason = messageOf(error)
      // An outage has many attempts, of which only the first that fails in its way is worth a line.
      if (reason !== this.#reason) this.#options.log.error({ what: 'rdbms_cannot_connect', reason })
      this.#reason = reason
    }
  }

  #pause(failures: number): Promise<void> {
    const { firstPauseMs, longestPauseMs } = this.#options
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, backoff(failures, firstPauseMs, longestPauseMs))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** R7: a connection that died silently while nobody used it is found before somebody needs it. */
  #try(): void {
    if (this.#session?.alive && !this.#session.busy) void this.#session.pipeline([{ text: 'SELECT 1' }])
  }

  #refuse(error: StorageError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  #refusal(): StorageError {
    const { host, port, database } = this.#server
    return new StorageError('io', `no connection to PostgreSQL at ${host}:${port}/${database}: ${this.#reason}`)
  }
}

function messageOf(error: unknown): string {
  // Node tries all addresses of a name, and has then no message of its own.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
