/**
 * A client that survives its connections: with stream management (XEP-0198) it counts, acknowledges, resumes, and
 * sends again what was not acknowledged; without, it begins anew each time.
 */
import { type Client, type ClientOptions, openSecureStream } from '@meerkat/client'
import {
  Message,
  SmAck,
  SmEnable,
  SmEnabled,
  SmFailed,
  SmRequest,
  SmResume,
  SmResumed,
  StreamManagement,
  countBetween,
  countOn,
  isRequest,
  isStanza,
  readCount,
  readStanzaError,
} from '@meerkat/protocol'
import { type Element } from '@meerkat/xml'

/** What a device tells its owner. */
export interface DeviceOptions {
  /** Whether it uses stream management, which the server must then offer. */
  readonly managed: boolean
  /** A message has come. */
  readonly received?: (message: Element) => void
  /** The server has taken responsibility for this stanza. */
  readonly acknowledged?: (stanza: Element) => void
}

interface Question {
  readonly resolve: (answer: Element) => void
  readonly reject: (error: Error) => void
}

/** A device over all its connections. */
export class Device {
  readonly #options: DeviceOptions
  readonly #questions = new Map<string, Question>()
  #client: Client | undefined
  /** What names the session when it is resumed. */
  #session: string | undefined
  /** Stanzas that have come in the session. */
  #received = 0
  /** Stanzas that the server has acknowledged in the session, and those behind them. */
  #acknowledged = 0
  #waiting: Element[] = []
  #lastId = 0

  constructor(options: DeviceOptions) {
    this.#options = options
  }

  /** How many stanzas were sent and not acknowledged. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** The present connection, or the last one. */
  get client(): Client {
    if (this.#client === undefined) throw new TypeError('The device has not been connected.')
    return this.#client
  }

  /** Connects, and logs in; true when the session goes on, false when it is a new one. What was not acknowledged is sent again. */
  async connect(options: ClientOptions): Promise<boolean> {
    const client = await openSecureStream(options)
    this.#client = client
    void client.closed.then(() => this.#lost(client))
    try {
      await client.authenticate()
      const features = await client.openStream()
      client.onStanza((element) => this.#take(element))
      if (!this.#options.managed) {
        await client.bind()
        return false
      }
      if (StreamManagement.in(features) === undefined) throw new Error('The server does not offer stream management.')
      return (await this.#resume()) || (await this.#begin())
    } catch (error) {
      client.destroy()
      await client.closed
      throw error
    }
  }

  /** Sends a stanza; with stream management it is kept until it is acknowledged, also when there is no connection. */
  send(stanza: Element): void {
    if (this.#options.managed) this.#waiting.push(stanza)
    const { client } = this
    if (client.ended === undefined) client.send(stanza)
  }

  /** Sends an IQ and resolves with the result. Rejects with the error that came instead, or when the connection is lost. */
  ask(iq: Element): Promise<Element> {
    const id = `ask${++this.#lastId}`
    return new Promise((resolve, reject) => {
      this.#questions.set(id, { resolve, reject })
      this.send(iq.with({ id }))
      if (this.client.ended !== undefined) this.#lost(this.client)
    })
  }

  /** Asks the server to acknowledge what it has handled. */
  request(): void {
    if (this.client.ended === undefined) this.client.send(SmRequest())
  }

  /** Gives up the session, as a program does that has ended and kept nothing but what was not acknowledged. */
  forget(): void {
    this.#session = undefined
  }

  /** Breaks the connection without a word, as a network does. */
  cut(): void {
    this.client.destroy()
  }

  async #resume(): Promise<boolean> {
    if (this.#session === undefined) return false
    const { client } = this
    client.send(SmResume({ previd: this.#session, h: this.#received }))
    const answer = await client.receive((element) => SmResumed.is(element) || SmFailed.is(element))
    if (SmFailed.is(answer)) return false
    for (const stanza of this.#waiting) client.send(stanza)
    return true
  }

  /** What was not acknowledged in the session before is sent again: messages are, other stanzas have no meaning any more. */
  async #begin(): Promise<false> {
    const { client } = this
    await client.bind()
    client.send(SmEnable({ resume: 'true' }))
    await client.receive((element) => SmEnabled.is(element))
    this.#waiting = this.#waiting.filter((stanza) => Message.is(stanza))
    for (const stanza of this.#waiting) client.send(stanza)
    return false
  }

  /** Sees everything as it comes, so that the counts are right whatever comes behind it. */
  #take(element: Element): boolean {
    if (isStanza(element)) return this.#stanza(element)
    const h = element.attr('h')
    if (SmRequest.is(element)) {
      this.client.send(SmAck({ h: this.#received }))
      return true
    }
    if (SmEnabled.is(element)) this.#enabled(element)
    if (SmAck.is(element) || SmResumed.is(element)) this.#handled(h)
    if (SmFailed.is(element)) {
      // §5: a session that is over may still say how far it came.
      if (h !== undefined) this.#handled(h)
      this.#session = undefined
    }
    return SmAck.is(element)
  }

  #enabled(enabled: Element): void {
    this.#session = enabled.attr('id')
    this.#received = 0
    this.#acknowledged = 0
  }

  #handled(h: string | undefined): void {
    const count = readCount(h)
    if (count === undefined) throw new Error(`h='${h}' is no count.`)
    const more = countBetween(this.#acknowledged, count)
    if (more > this.#waiting.length) throw new Error(`${more} stanzas acknowledged of ${this.#waiting.length}.`)
    this.#acknowledged = count
    for (const stanza of this.#waiting.splice(0, more)) this.#options.acknowledged?.(stanza)
  }

  #stanza(stanza: Element): boolean {
    this.#received = countOn(this.#received)
    if (stanza.name === 'message') this.#options.received?.(stanza)
    else if (stanza.name === 'iq' && !isRequest(stanza)) this.#answer(stanza)
    return true
  }

  #answer(iq: Element): void {
    const id = iq.attr('id') ?? ''
    const question = this.#questions.get(id)
    this.#questions.delete(id)
    if (iq.attr('type') === 'error') question?.reject(readStanzaError(iq))
    else question?.resolve(iq)
  }

  /** What was asked over a lost connection is not waited for. */
  #lost(client: Client): void {
    if (client !== this.#client) return
    for (const { reject } of this.#questions.values()) reject(new Error('The connection was lost.'))
    this.#questions.clear()
  }
}
