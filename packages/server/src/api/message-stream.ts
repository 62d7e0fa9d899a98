/** What `subscribeForMessages` watches: a session of the user's own, so that messages reach it as they reach any device (reference §6.6). */
import { randomUUID } from 'node:crypto'
import { type Jid, tryJid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Kernel } from '../core/kernel.ts'
import type { Connection, Session } from '../core/session.ts'

/** A message as the stream tells it. */
interface Told {
  readonly sender: Jid | null
  /** Microseconds since the epoch. */
  readonly timestamp: number
  readonly stanza_id: string
  readonly stanza: Element
}

/** Messages that may wait for a reader who does not read; one more ends the stream. */
const MAX_WAITING = 1000

const DONE = { value: undefined, done: true } as const

/** A session that hands its messages to a reader. It opens when made, with priority 1, and ends when returned. */
export class MessageStream implements Connection, AsyncIterableIterator<Told, undefined> {
  readonly kind = 'sse'
  readonly ip = ''
  readonly port = 0
  readonly encrypted = true
  readonly #kernel: Kernel
  readonly #session: Session
  readonly #waiting: Told[] = []
  #reader: ((result: IteratorResult<Told, undefined>) => void) | undefined
  #ended = false

  constructor(kernel: Kernel, user: Jid) {
    this.#kernel = kernel
    this.#session = kernel.openSession(user.withResource(`sse-${randomUUID()}`), this)
    kernel.directory.setPresence(this.#session, undefined, 1)
  }

  send(stanza: Element): void {
    if (this.#ended || stanza.name !== 'message') return
    const told: Told = {
      sender: tryJid(stanza.attr('from')) ?? null,
      timestamp: this.#kernel.clock.micros(),
      stanza_id: stanza.attr('id') ?? '',
      stanza,
    }
    const reader = this.#take()
    if (reader !== undefined) return reader({ value: told, done: false })
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(told)
    else this.#kernel.endSession(this.#session, 'the event stream is not read')
  }

  /** The session has ended: what waits is still read. */
  close(): void {
    this.#ended = true
    this.#take()?.(DONE)
  }

  destroy(): void {
    this.#waiting.length = 0
    this.close()
  }

  next(): Promise<IteratorResult<Told, undefined>> {
    const told = this.#waiting.shift()
    if (told !== undefined) return Promise.resolve({ value: told, done: false })
    if (this.#ended) return Promise.resolve(DONE)
    return new Promise((resolve) => (this.#reader = resolve))
  }

  return(): Promise<IteratorResult<Told, undefined>> {
    this.#kernel.endSession(this.#session, 'event stream closed')
    return Promise.resolve(DONE)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #take() {
    const reader = this.#reader
    this.#reader = undefined
    return reader
  }
}
