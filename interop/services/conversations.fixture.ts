/** Users who talk to each other in many conversations at once, as fast as they are heard. */
import { ok } from 'node:assert/strict'
import { setTimeout as passed } from 'node:timers/promises'
import type { Client } from '@meerkat/client'
import { type TestServer, connectDevice, freshUser } from '@meerkat/client/testing'
import { Body, Message, Presence } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import { Change } from '../../e2e/waiting.ts'

/** Every one of these talks to every one of those. */
const SPEAKERS = 16
const HEARERS = 16

/** The conversations. */
export class Conversations {
  sent = 0
  /** The numbers that were heard in each conversation, in order; its name is that of the routing keys, `FROM TO`. */
  readonly received = new Map<string, number[]>()
  #heard = 0
  readonly #change = new Change()
  readonly #padding: string
  readonly #speakers: Client[] = []
  readonly #hearers: Client[] = []

  private constructor(length: number) {
    this.#padding = 'x'.repeat(length)
  }

  /** Connects the users; their messages have this many bytes more than a number. */
  static async open(server: TestServer, length: number): Promise<Conversations> {
    const all = new Conversations(length)
    for (let n = 0; n < SPEAKERS; n++) all.#speakers.push(await all.#connect(server, `speaker${n}`))
    for (let n = 0; n < HEARERS; n++) all.#hearers.push(await all.#connect(server, `hearer${n}`))
    for (const hearer of all.#hearers) all.#listen(hearer)
    return all
  }

  /** Sends messages in all conversations in turn, so many a second, while `goOn` says so; returns when all were heard. */
  async talk(perSecond: number, goOn: () => boolean): Promise<void> {
    const begun = performance.now()
    const before = this.sent
    while (goOn()) {
      const due = ((performance.now() - begun) / 1000) * perSecond
      if (this.sent - before < due) this.#round()
      else await passed(10)
      await this.#heardAllBut(256)
    }
    await this.#heardAllBut(0)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#speakers, ...this.#hearers].map((client) => client.close()))
  }

  async #connect(server: TestServer, name: string): Promise<Client> {
    const client = await connectDevice(server, await freshUser(server, name), { tls: 'none' })
    client.send(Presence())
    await client.barrier()
    return client
  }

  #heardAllBut(few: number): Promise<true> {
    const story = () => `${this.#heard} of ${this.sent} messages were heard`
    return this.#change.until(() => (this.sent - this.#heard <= few ? true : undefined), story)
  }

  #round(): void {
    for (const speaker of this.#speakers)
      for (const hearer of this.#hearers) {
        const to = hearer.jid.bare.toString()
        speaker.send(Message({ to, type: 'chat' }, Body({}, `${this.sent++} ${this.#padding}`)))
      }
  }

  #listen(hearer: Client): void {
    hearer.onStanza((stanza) => {
      if (stanza.name !== 'message') return undefined
      const body = Body.in(stanza)
      ok(body !== undefined, 'no message is an error')
      const from = String(stanza.attr('from')).split('/')[0]
      const conversation = `${from} ${hearer.jid.bare.toString()}`
      const numbers = this.received.get(conversation) ?? []
      this.received.set(conversation, numbers)
      numbers.push(Number.parseInt(text(body), 10))
      this.#heard++
      this.#change.happened()
      return true
    })
  }
}
