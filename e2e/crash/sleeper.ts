/** A conversation whose recipient loses its connection again and again, on a server without archive that is killed meanwhile. */
import { type TestUser, freshUser, optionsFor } from '@meerkat/client/testing'
import { Body, Delay, Message, Presence } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import { type Server } from '../harness.ts'
import { Change } from '../waiting.ts'
import { Device } from './device.ts'
import { Ledger } from './ledger.ts'
import { type Random } from './random.ts'
import { chat } from './senders.ts'
import { sessionProblems } from './verdict.ts'

/** How many messages are sent at a time, at most. */
const BURST = 8
/** How often the recipient comes back before the server is killed, at most. */
const RETURNS = 4

/** The two, and what they know. */
export class Conversation {
  readonly #server: Server
  readonly #random: Random
  readonly #change = new Change()
  readonly #ledger = new Ledger(() => this.#change.happened())
  readonly #sender: Device
  readonly #recipient: Device
  readonly #anna: TestUser
  readonly #otto: TestUser
  /** Sessions of the recipient, numbered through. */
  #session = 0
  /** How often a session has been kept since the server was started. */
  #kept = 0
  resumed = 0

  private constructor(server: Server, random: Random, anna: TestUser, otto: TestUser) {
    this.#server = server
    this.#random = random
    this.#anna = anna
    this.#otto = otto
    this.#sender = new Device({
      managed: true,
      acknowledged: (stanza) => void (Message.is(stanza) && this.#ledger.acknowledge(text(Body.in(stanza)))),
    })
    this.#recipient = new Device({
      managed: true,
      received: (message) => {
        const delayed = Delay.in(message) !== undefined
        const body = text(Body.in(message))
        this.#ledger.see('otto', { body, id: '', way: 'stream', session: this.#session, delayed })
      },
    })
  }

  static async begin(server: Server, random: Random): Promise<Conversation> {
    return new Conversation(server, random, await freshUser(server, 'anna'), await freshUser(server, 'otto'))
  }

  get summary(): string {
    return `${this.#ledger.acknowledged.size} acknowledged, ${this.#session} sessions, ${this.resumed} times resumed`
  }

  /** Both are there; the recipient loses its connection and comes back, and when the server is killed it is away. */
  async liveUntilKilled(): Promise<void> {
    await this.#connectAnew()
    for (let left = this.#random.below(RETURNS); ; left--) {
      this.#send(this.#random.below(BURST))
      await this.#loseConnection()
      this.#send(1 + this.#random.below(BURST))
      await this.#acknowledged()
      if (left === 0) break
      if (!(await this.#recipient.connect(this.#options(this.#otto)))) throw new Error('A session was lost.')
      this.resumed++
    }
    // Some of these may be acknowledged, and some not.
    this.#send(this.#random.below(BURST))
    const enough = this.#ledger.events + this.#random.below(BURST / 2)
    if (this.#sender.waiting > 0)
      await this.#until(
        () => this.#ledger.events >= enough || this.#sender.waiting === 0,
        () => 'no acknowledgements',
      )
    await this.#server.kill('SIGKILL')
    await this.#server.restart()
    this.#kept = 0
  }

  /** What is wrong when everything has come that can. */
  async end(): Promise<string[]> {
    await this.#connectAnew()
    await this.#acknowledged()
    const missing = (): string[] => this.#ledger.missing('otto')
    await this.#until(
      () => missing().length === 0,
      () => `These were acknowledged and do not come: ${missing().join(', ')}`,
    )
    await Promise.all([this.#sender.client.close(), this.#recipient.client.close()])
    return sessionProblems('otto', this.#ledger.seenBy('otto'))
  }

  async #connectAnew(): Promise<void> {
    this.#session++
    await this.#recipient.connect(this.#options(this.#otto))
    this.#recipient.send(Presence())
    await this.#sender.connect(this.#options(this.#anna))
  }

  #options(user: TestUser) {
    return optionsFor(this.#server.at('main'), user, { resource: 'phone' })
  }

  #send(count: number): void {
    for (let n = 0; n < count; n++) this.#sender.send(chat(this.#otto, this.#ledger.next('anna', 'otto')))
    this.#sender.request()
  }

  async #acknowledged(): Promise<void> {
    this.#sender.request()
    await this.#until(
      () => this.#sender.waiting === 0,
      () => 'What was sent is not acknowledged.',
    )
  }

  /** The network breaks, somewhere in what is on its way to the recipient; goes on when the server has noticed. */
  async #loseConnection(): Promise<void> {
    this.#recipient.cut()
    await this.#server.logs('"session_kept"', ++this.#kept)
  }

  #until(holds: () => boolean, story: () => string): Promise<true> {
    return this.#change.until(() => holds() || undefined, story)
  }
}
