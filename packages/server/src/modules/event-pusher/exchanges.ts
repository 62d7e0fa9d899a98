/** The exchanges of a host type: declared on every new connection, and again until the broker accepts them. */
import { backoff } from '../../core/backoff.ts'
import type { Host, Timer } from '../../core/module.ts'
import type { Exchange, RabbitPool } from '../../pools/rabbit-pool.ts'

/** Seconds: the first pause after a refusal, and the longest. */
const FIRST_PAUSE = 1
const LONGEST_PAUSE = 60

/** Keeps exchanges declared. */
export class Exchanges {
  readonly #host: Host
  readonly #pool: RabbitPool
  readonly #wanted: readonly Exchange[]
  readonly #changed: () => void
  readonly #forget: () => void
  readonly #declared = new Set<string>()
  readonly #faults = new Map<string, string>()
  /** The connection on which every exchange was tried. */
  #tried = 0
  #declaring: Promise<void> | undefined
  #failures = 0
  #again: Timer | undefined
  #stopped = false

  /** `changed` is called when something that was in the way may be gone. */
  constructor(host: Host, pool: RabbitPool, wanted: readonly Exchange[], changed: () => void) {
    this.#host = host
    this.#pool = pool
    this.#wanted = wanted
    this.#changed = changed
    this.#forget = pool.onChange(() => this.#poolChanged())
  }

  /** Declares what is not declared on this connection; resolves when each was tried. Never rejects. */
  declare(): Promise<void> {
    this.#declaring ??= this.#declareAll().then(() => {
      this.#declaring = undefined
      // Another connection may have been made meanwhile.
      if (this.#isDue()) return this.declare()
    })
    return this.#declaring
  }

  /** Why no exchange can be used yet. */
  obstacle(): string | undefined {
    return this.#tried === this.#pool.connection ? undefined : 'the exchanges are not declared yet'
  }

  /** What the broker says against one of the exchanges. */
  fault(): string | undefined {
    for (const text of this.#faults.values()) return text
    return undefined
  }

  /** What the broker says against the exchange. */
  faultOf(name: string): string | undefined {
    return this.#faults.get(name)
  }

  /** Notes that an exchange is gone, though it was declared: somebody has deleted it. */
  lost(name: string): void {
    if (!this.#declared.delete(name)) return
    void this.declare()
  }

  /** Ends it. */
  stop(): void {
    this.#stopped = true
    this.#again?.cancel()
    this.#forget()
  }

  #isDue(): boolean {
    return !this.#stopped && this.#pool.state().state === 'connected' && this.#tried !== this.#pool.connection
  }

  #poolChanged(): void {
    if (this.#pool.state().state !== 'connected') return
    if (this.#tried === this.#pool.connection) this.#changed()
    else void this.declare()
  }

  async #declareAll(): Promise<void> {
    this.#again?.cancel()
    const { connection } = this.#pool
    if (connection !== this.#tried) this.#declared.clear()
    for (const exchange of this.#wanted) {
      if (this.#stopped || this.#pool.state().state !== 'connected') return
      if (!this.#declared.has(exchange.name)) await this.#declare(exchange)
    }
    this.#tried = connection
    if (this.#faults.size === 0) this.#failures = 0
    else if (!this.#stopped) this.#planAnother()
    this.#changed()
  }

  async #declare(exchange: Exchange): Promise<void> {
    try {
      await this.#pool.declareExchange(exchange)
      this.#declared.add(exchange.name)
      this.#faults.delete(exchange.name)
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      if (this.#faults.get(exchange.name) !== text)
        this.#host.log.warn({ what: 'rabbit_exchange_refused', exchange: exchange.name, error: text }, text)
      this.#faults.set(exchange.name, text)
    }
  }

  #planAnother(): void {
    this.#failures++
    const pause = backoff(this.#failures, FIRST_PAUSE, LONGEST_PAUSE)
    this.#again = this.#host.after(pause, () => void this.declare())
  }
}
