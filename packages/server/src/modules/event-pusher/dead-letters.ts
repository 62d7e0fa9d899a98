/** Events that can never be delivered: kept for the operator, up to a number, and told in the log. */
import type { Host, LogEntry } from '../../core/module.ts'
import type { OutboxRow } from '../../core/outbox.ts'

/** How many a sink keeps; more are only told in the log. */
const LIMIT = 1000

/** The dead letters of one sink. */
export class DeadLetters {
  readonly #host: Host
  readonly #owner: string
  readonly #full = new Error('the dead-letter store is full')

  constructor(host: Host, sink: string) {
    this.#host = host
    this.#owner = sink
  }

  /** Puts an event aside; resolves when that is durable. Rejects with a StorageError. */
  async keep(row: OutboxRow, reason: string): Promise<void> {
    const { id, kind } = row
    this.#host.log.error({ what: 'event_dead_lettered', sink: this.#owner, id, kind, reason }, reason)
    const value = JSON.stringify({ reason, id, kind, conversation: row.conversation, at: row.at, body: row.body })
    try {
      await this.#host.commit(this.#store.append(this.#owner, value, { limit: LIMIT, refused: this.#full }))
    } catch (error) {
      if (error !== this.#full) throw error
      this.#host.report('dead_letter_store_full', error, { sink: this.#owner, id })
    }
  }

  /** The oldest ones, as JSON: `{reason, id, kind, conversation, at, body}`. */
  read(limit: number): Promise<LogEntry[]> {
    return this.#store.read(this.#owner, { limit })
  }

  get #store() {
    return this.#host.stores.log('event_dead_letters')
  }
}
