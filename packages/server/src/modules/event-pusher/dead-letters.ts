/** Events that can never be delivered: kept for the operator, up to a number and an age, and told in the log. */
import type { Host, LogEntry, Write } from '../../core/module.ts'
import type { Outbox, OutboxRow } from '../../core/outbox.ts'
import type { DeadLetter, DeadLetterBox } from './api.ts'

/** How many a sink keeps; more are only told in the log. */
const LIMIT = 1000
/** How many are read at once. */
const PAGE = 100

/** The dead letters of one sink. */
export class DeadLetters implements DeadLetterBox {
  readonly #host: Host
  readonly #owner: string
  readonly #outbox: Pick<Outbox, 'adding'>
  readonly #full = new Error('the dead-letter store is full')

  constructor(host: Host, sink: string, outbox: Pick<Outbox, 'adding'>) {
    this.#host = host
    this.#owner = sink
    this.#outbox = outbox
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

  list(limit: number): Promise<DeadLetter[]> {
    return this.#page(limit)
  }

  count(): Promise<number> {
    return this.#store.count(this.#owner)
  }

  async requeue(numbers: readonly number[]): Promise<number> {
    const letters = await this.#chosen(numbers)
    const hostType = this.#host.type
    const events = letters.map(({ id, kind, conversation, at, body }) =>
      this.#outbox.adding({ id, hostType, kind, conversation, at, body }),
    )
    if (letters.length > 0) await this.#host.commit(...events, this.#removing(letters))
    return letters.length
  }

  async remove(numbers: readonly number[]): Promise<number> {
    const letters = await this.#chosen(numbers)
    if (letters.length > 0) await this.#host.commit(this.#removing(letters))
    return letters.length
  }

  /** What tells of a user, a bare JID. */
  tellingOf(user: string): Promise<DeadLetter[]> {
    return this.#find((letter) => tellsOf(letter, user))
  }

  /** The writes that remove what tells of a user, a bare JID: they go with the account. */
  async ofUser(user: string): Promise<Write[]> {
    const letters = await this.tellingOf(user)
    return letters.length === 0 ? [] : [this.#removing(letters)]
  }

  /** Removes what was put aside before `time`, in microseconds since 1970. */
  async expire(time: number): Promise<void> {
    await this.#host.commit(this.#store.removeOlderThan(time))
  }

  async #chosen(numbers: readonly number[]): Promise<DeadLetter[]> {
    const wanted = new Set(numbers)
    return this.#find(({ number }) => wanted.has(number))
  }

  async #find(fits: (letter: DeadLetter) => boolean): Promise<DeadLetter[]> {
    const found: DeadLetter[] = []
    let page = await this.#page(PAGE)
    while (page.length > 0) {
      found.push(...page.filter(fits))
      page = await this.#page(PAGE, page.at(-1))
    }
    return found
  }

  async #page(limit: number, last?: DeadLetter): Promise<DeadLetter[]> {
    const after = last && { id: last.number, at: last.since }
    return (await this.#store.read(this.#owner, { limit, ...(after && { after }) })).map(letterOf)
  }

  #removing(letters: readonly DeadLetter[]): Write {
    return this.#store.remove(
      this.#owner,
      letters.map(({ number }) => number),
    )
  }

  get #store() {
    return this.#host.stores.log('event_dead_letters')
  }
}

function letterOf({ id: number, at: since, value }: LogEntry): DeadLetter {
  return { ...(JSON.parse(value) as Omit<DeadLetter, 'number' | 'since'>), number, since }
}

/** Whether the user's address is in the conversation, or one of the addresses that the event names. */
function tellsOf({ conversation, body }: DeadLetter, user: string): boolean {
  if (conversation.split(' ').includes(user)) return true
  try {
    const { from, to, jid } = JSON.parse(body) as Record<string, unknown>
    return [from, to, jid].some((one) => typeof one === 'string' && (one === user || one.startsWith(`${user}/`)))
  } catch {
    // What no one can read is removed by its age.
    return false
  }
}
