/** Those who send: over stream management, and through the API. Each numbers what it sends to a recipient. */
import { type TestUser } from '@meerkat/client/testing'
import { Body, Message, OriginId } from '@meerkat/protocol'
import { type Element, serialize, text } from '@meerkat/xml'
import { Device } from './device.ts'
import { type Random } from './random.ts'
import { type World } from './world.ts'

/** A user with the name by which messages are numbered. */
export interface Person {
  readonly name: string
  readonly user: TestUser
}

/** How many messages may wait for acknowledgements. */
const WINDOW = 16
/** One acknowledgement in so many is followed by a lost connection. */
const CUTS = 80

const MESSAGES_SENT = `mutation ($from: JID!, $to: JID!, $body: String!) {
  stanza { sendMessage(from: $from, to: $to, body: $body) { id } }
}`

/** A message with its number, and an origin-id that stays the same when it is sent again. */
export function chat(to: TestUser, body: string): Element {
  return Message({ to: to.jid, type: 'chat', id: body }, Body({}, body), OriginId({ id: body }))
}

/** Sends over a stream with stream management, which is cut now and then. */
export class StreamSender {
  readonly #world: World
  readonly #me: Person
  readonly #recipients: readonly Person[]
  readonly #random: Random
  readonly #device: Device
  /** When the session was begun. */
  #era = -1
  #excused = false
  #planned = false
  /** How many connections went on with a session. */
  resumed = 0

  constructor(world: World, me: Person, recipients: readonly Person[], random: Random) {
    this.#world = world
    this.#me = me
    this.#recipients = recipients
    this.#random = random
    this.#device = new Device({
      managed: true,
      received: (message) => world.fail(new Error(`${me.name} was sent ${serialize(message)}`)),
      acknowledged: (stanza) => this.#acknowledged(stanza),
    })
  }

  /** Whether nothing waits for an acknowledgement. */
  get quiet(): boolean {
    return this.#device.waiting === 0
  }

  /** Sends until the run closes, and again what was not acknowledged. */
  run(): Promise<void> {
    return this.#world.endure(() => this.#live(), { excused: () => this.#excused })
  }

  async #live(): Promise<void> {
    this.#excused = false
    const { era } = this.#world
    const resumed = await this.#device.connect(this.#world.options(this.#me.user, 'phone'))
    if (resumed !== (era === this.#era)) throw new Error(`A session ${resumed ? 'survived kill -9' : 'was lost'}.`)
    if (resumed) this.resumed++
    this.#era = era
    this.#world.ledger.happened()
    this.#send()
    await this.#world.stay(this.#device.client)
  }

  #acknowledged(stanza: Element): void {
    if (!Message.is(stanza)) return
    this.#world.ledger.acknowledge(text(Body.in(stanza)))
    if (this.#random.once(CUTS)) {
      this.#excused = true
      this.#device.cut()
    } else if (!this.#planned) {
      this.#planned = true
      queueMicrotask(() => this.#send())
    }
  }

  #send(): void {
    this.#planned = false
    const { ledger, closing } = this.#world
    const free = closing ? 0 : 1 + this.#random.below(WINDOW) - this.#device.waiting
    for (let n = 0; n < free; n++) {
      const to = this.#random.pick(this.#recipients)
      this.#device.send(chat(to.user, ledger.next(this.#me.name, to.name)))
    }
    this.#device.request()
  }
}

/** Sends through the GraphQL API, one after the other. What gets no answer is not sent again. */
export class ApiSender {
  readonly #world: World
  readonly #me: Person
  readonly #recipients: readonly Person[]
  readonly #random: Random
  quiet = false

  constructor(world: World, me: Person, recipients: readonly Person[], random: Random) {
    this.#world = world
    this.#me = me
    this.#recipients = recipients
    this.#random = random
  }

  run(): Promise<void> {
    return this.#world.endure(async () => {
      while (!this.#world.closing && !this.#world.over) await this.#send()
      this.quiet = true
      this.#world.change.happened()
      await this.#world.until(
        () => this.#world.over,
        () => 'The run does not end.',
      )
    })
  }

  async #send(): Promise<void> {
    const to = this.#random.pick(this.#recipients)
    const { ledger, server } = this.#world
    const body = ledger.next(this.#me.name, to.name)
    await server.graphql(MESSAGES_SENT, { from: `${this.#me.user.jid}`, to: `${to.user.jid}`, body })
    ledger.acknowledge(body)
  }
}
