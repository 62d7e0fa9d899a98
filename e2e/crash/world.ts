/** The server that is killed, and what everybody who uses it has to know. */
import { setTimeout as passed } from 'node:timers/promises'
import { type Client, type ClientOptions } from '@meerkat/client'
import { optionsFor, type TestUser } from '@meerkat/client/testing'
import { type Server } from '../harness.ts'
import { Change } from '../waiting.ts'
import { Ledger } from './ledger.ts'
import { type Random } from './random.ts'

/** How long a start takes about, in milliseconds: a server is also killed while it starts. */
const START_MS = 1000
/** How long nothing may come of what is waited for, in milliseconds. */
const PATIENCE_MS = 30_000

/** When somebody lives on. */
export interface Conditions {
  /** Whether the end of the last connection was nobody's fault. */
  readonly excused?: () => boolean
  /** Whether it is time to begin. */
  readonly due?: () => boolean
}

/** A run. */
export class World {
  readonly server: Server
  readonly change = new Change()
  readonly ledger = new Ledger(() => this.change.happened())
  /** Whether nothing new is sent any more. */
  closing = false
  /** Which start of the server this is; a number of its own while the server is down. */
  era = 0
  readonly #over = Promise.withResolvers<void>()
  #isOver = false
  #up = true
  #failure: Error | undefined

  constructor(server: Server) {
    this.server = server
  }

  /** Whether everybody goes home. */
  get over(): boolean {
    return this.#isOver
  }

  /** How a user connects now. */
  options(user: TestUser, resource: string): ClientOptions {
    return optionsFor(this.server.at('main'), user, { resource, timeoutMs: PATIENCE_MS })
  }

  /** Waits until something holds. Rejects with the first failure of anybody, or with `story` when nothing comes of it. */
  async until(holds: () => boolean, story: () => string): Promise<void> {
    const look = (): true | undefined => {
      if (this.#failure !== undefined) throw this.#failure
      return holds() || undefined
    }
    await this.change.until(look, story, PATIENCE_MS)
  }

  /** Ends the run with a failure. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
    this.end()
  }

  /** Ends the run. */
  end(): void {
    this.#isOver = true
    this.#over.resolve()
    this.change.happened()
  }

  /** Kills the server, and starts it again; one start in eight is killed, too. */
  async crash(random: Random): Promise<void> {
    this.#up = false
    this.era++
    await this.server.kill('SIGKILL')
    if (random.once(8)) await this.#crashStart(random.below(START_MS))
    await this.server.restart()
    this.#up = true
    this.era++
    this.change.happened()
  }

  /**
   * Lives again and again, until the run is over: `live` ends when its connection does. That it fails is no fault when the
   * server was killed meanwhile, or `excused` says so.
   */
  async endure(live: () => Promise<void>, { excused = () => false, due = () => true }: Conditions = {}): Promise<void> {
    while (!this.over) {
      let { era } = this
      try {
        await this.until(
          () => this.over || (this.#up && due()),
          () => 'The server does not come back.',
        )
        ;({ era } = this)
        if (!this.over) await live()
      } catch (error) {
        if (this.era === era && !this.over && !excused()) this.fail(error)
      }
    }
  }

  /** Stays until the run is over, then closes the stream. Rejects when the connection is lost before. */
  async stay(client: Client): Promise<void> {
    const ended = await Promise.race([client.closed, this.#over.promise])
    if (ended === undefined) await client.close()
    else throw ended.streamError ?? ended.error ?? new Error('The server closed the connection.')
  }

  async #crashStart(milliseconds: number): Promise<void> {
    const started = this.server.restart().catch(() => undefined)
    await Promise.race([started, passed(milliseconds)])
    await this.server.kill('SIGKILL')
    await started
  }
}
