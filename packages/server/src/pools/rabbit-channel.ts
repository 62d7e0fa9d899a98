/** One channel with publisher confirms: what was published and what the broker said of it. */
import type { ConfirmChannel, Message } from 'amqplib'
import type { PublicationFrames } from './rabbit-frames.ts'
import { type MessageProperties, type Published, RabbitError, type RabbitProblem } from './rabbit-pool.ts'

interface Unconfirmed {
  readonly properties: MessageProperties
  /** Bytes of the body, once it is published. */
  size: number
  /** When it was published, by the monotonic clock. */
  readonly at: number
  returned: string | undefined
  readonly told: Published
}

/** What a channel tells its pool. */
export interface ChannelEvents {
  /** The channel is closed, with the reason if the broker gave one; told once. */
  closed(reason: string | undefined): void
  /** It is known what became of a message that was published at that time. */
  ended(error: RabbitError | undefined, at: number): void
}

/** What the driver's channels have besides what its types tell. */
interface DriversOwn {
  /** The number of the channel. */
  readonly ch: number
  /** Takes whom to tell when the broker has spoken about the next message. */
  pushConfirmCallback(told: (error: unknown) => void): void
}

/** AMQP's short strings, of which a routing key is one, hold so many bytes. */
const MAX_SHORT_STRING = 255

/** A channel for publishing. Once closed it stays closed; the pool opens another. */
export class PublishingChannel {
  readonly #driver: DriversOwn
  readonly #frames: PublicationFrames
  readonly #limit: number
  readonly #events: ChannelEvents
  /** In the order in which they were published. */
  readonly #unconfirmed = new Set<Unconfirmed>()
  readonly #mandatory = new Map<string, Unconfirmed>()
  /** The broker's reason for closing the channel. */
  #failure: { readonly code: number; readonly text: string } | undefined
  #closed = false

  /** `frames` are those of the connection that the channel belongs to. */
  constructor(channel: ConfirmChannel, frames: PublicationFrames, limit: number, events: ChannelEvents) {
    this.#driver = channel as unknown as DriversOwn
    this.#frames = frames
    this.#limit = limit
    this.#events = events
    channel.on('error', (error: Error & { code?: number }) => {
      this.#failure ??= { code: error.code ?? 0, text: error.message }
    })
    channel.on('return', (message: Message) => this.#returned(message))
    channel.on('close', () => {
      this.#closed = true
      events.closed(this.#failure?.text)
    })
  }

  /** The number of messages that the broker has not spoken about. */
  get unconfirmed(): number {
    return this.#unconfirmed.size
  }

  /** Publishes; `at` is now, by the monotonic clock in milliseconds. */
  publish(
    exchange: string,
    routingKey: string,
    body: string,
    properties: MessageProperties,
    at: number,
    told: Published,
  ): void {
    const message: Unconfirmed = { properties, size: 0, at, returned: undefined, told }
    const refusal = this.#refusal(routingKey)
    if (refusal !== undefined) return this.#tell(message, refusal)
    this.#unconfirmed.add(message)
    if (properties.mandatory) this.#mandatory.set(properties.messageId, message)
    message.size = this.#frames.publish(this.#driver.ch, exchange, routingKey, body, properties)
    this.#driver.pushConfirmCallback((error) => this.#confirmed(message, error))
  }

  #refusal(routingKey: string): RabbitError | undefined {
    if (this.#closed) return new RabbitError('lost', this.#failure?.text ?? 'the channel is closed')
    if (this.#unconfirmed.size >= this.#limit)
      return new RabbitError('overloaded', `${this.#limit} messages are unconfirmed`)
    if (Buffer.byteLength(routingKey) > MAX_SHORT_STRING)
      return new RabbitError('refused', `the routing key has more than ${MAX_SHORT_STRING} bytes`)
    return undefined
  }

  #settle(message: Unconfirmed, error: RabbitError | undefined): void {
    if (!this.#unconfirmed.delete(message)) return
    const { messageId } = message.properties
    if (this.#mandatory.get(messageId) === message) this.#mandatory.delete(messageId)
    this.#tell(message, error)
  }

  /** A failure is told a little later: whoever hears of it may publish something else, and the channel is to be in order then. */
  #tell(message: Unconfirmed, error: RabbitError | undefined): void {
    this.#events.ended(error, message.at)
    if (error === undefined) message.told(undefined, message.returned)
    else queueMicrotask(() => message.told(error, undefined))
  }

  /** Gives up on messages published before `before`; returns how many there were. */
  expire(before: number): number {
    let expired = 0
    for (const message of this.#unconfirmed) {
      if (message.at >= before) break
      this.#settle(message, new RabbitError('timeout', 'the broker has not confirmed in time'))
      expired++
    }
    return expired
  }

  /** Gives up on everything that is unconfirmed. */
  abandon(reason: string): void {
    for (const message of this.#unconfirmed) this.#settle(message, new RabbitError('lost', reason))
  }

  #returned({ fields, properties }: Message): void {
    const { replyCode, replyText } = fields as unknown as { replyCode: number; replyText: string }
    const message = this.#mandatory.get(String(properties.messageId))
    if (message !== undefined) message.returned = `${replyCode} ${replyText}`
  }

  /** The driver says of a lost channel what it says of a refusal; only the text tells them apart. */
  #confirmed(message: Unconfirmed, error: unknown): void {
    if (error === null || error === undefined) return this.#settle(message, undefined)
    if (error instanceof Error && error.message === 'message nacked')
      return this.#settle(message, new RabbitError('nack', 'the broker has refused the message (nack)'))
    const text = this.#failure?.text ?? 'the connection was lost'
    this.#settle(message, new RabbitError(this.#problemOf(message), text))
  }

  #problemOf({ size }: Unconfirmed): RabbitProblem {
    if (this.#failure?.code === 404) return 'missing'
    // PRECONDITION_FAILED names the size of the one message at fault; the others were only on the same channel.
    if (this.#failure?.code === 406 && this.#failure.text.includes(`message size ${size} is larger`)) return 'refused'
    return 'lost'
  }
}
