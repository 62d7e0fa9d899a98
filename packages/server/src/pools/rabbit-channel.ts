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

/** What the broker says of one message, or of all up to it. */
interface Confirm {
  readonly deliveryTag: number
  readonly multiple: boolean
}

/** AMQP's short strings, of which a routing key is one, hold so many bytes. */
const MAX_SHORT_STRING = 255

/** A channel for publishing. Once closed it stays closed; the pool opens another. */
export class PublishingChannel {
  /** The number of the channel. */
  readonly #number: number
  readonly #frames: PublicationFrames
  readonly #limit: number
  readonly #events: ChannelEvents
  /** By delivery tag, which is a message's number on this channel, from 1 on; in the order in which they were published. */
  readonly #unconfirmed = new Map<number, Unconfirmed>()
  /** The tag of the message that was published last. */
  #lastTag = 0
  /** Whatever has a lower tag is settled. */
  #firstTag = 1
  /** The tag of the message that came back last. */
  #returnedTag = 0
  /** The broker's reason for closing the channel. */
  #failure: { readonly code: number; readonly text: string } | undefined
  #closed = false

  /** `frames` are those of the connection that the channel belongs to. */
  constructor(channel: ConfirmChannel, frames: PublicationFrames, limit: number, events: ChannelEvents) {
    // The driver's types do not tell.
    this.#number = (channel as unknown as { readonly ch: number }).ch
    this.#frames = frames
    this.#limit = limit
    this.#events = events
    channel.on('error', (error: Error & { code?: number }) => {
      this.#failure ??= { code: error.code ?? 0, text: error.message }
    })
    channel.on('return', (message: Message) => this.#returned(message))
    // The driver's own listeners look for the message in a list that is not kept here.
    channel.removeAllListeners('ack').on('ack', (confirm: Confirm) => this.#confirmed(confirm, undefined))
    channel.removeAllListeners('nack').on('nack', (confirm: Confirm) => {
      this.#confirmed(confirm, new RabbitError('nack', 'the broker has refused the message (nack)'))
    })
    channel.on('close', () => this.#end())
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
    message.size = this.#frames.publish(this.#number, exchange, routingKey, body, properties)
    this.#unconfirmed.set(++this.#lastTag, message)
  }

  #refusal(routingKey: string): RabbitError | undefined {
    if (this.#closed) return new RabbitError('lost', this.#failure?.text ?? 'the channel is closed')
    if (this.#unconfirmed.size >= this.#limit)
      return new RabbitError('overloaded', `${this.#limit} messages are unconfirmed`)
    if (Buffer.byteLength(routingKey) > MAX_SHORT_STRING)
      return new RabbitError('refused', `the routing key has more than ${MAX_SHORT_STRING} bytes`)
    return undefined
  }

  /** A tag that is settled already, or was never given, harms nobody. */
  #settle(tag: number, error: RabbitError | undefined): void {
    const message = this.#unconfirmed.get(tag)
    if (message === undefined) return
    this.#unconfirmed.delete(tag)
    while (this.#firstTag <= this.#lastTag && !this.#unconfirmed.has(this.#firstTag)) this.#firstTag++
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
    for (const [tag, message] of this.#unconfirmed) {
      if (message.at >= before) break
      this.#settle(tag, new RabbitError('timeout', 'the broker has not confirmed in time'))
      expired++
    }
    return expired
  }

  /** Gives up on everything that is unconfirmed. */
  abandon(reason: string): void {
    for (const tag of this.#unconfirmed.keys()) this.#settle(tag, new RabbitError('lost', reason))
  }

  #confirmed({ deliveryTag, multiple }: Confirm, error: RabbitError | undefined): void {
    if (!multiple) return this.#settle(deliveryTag, error)
    const last = Math.min(deliveryTag, this.#lastTag)
    for (let tag = this.#firstTag; tag <= last; tag++) this.#settle(tag, error)
  }

  /** What comes back does not say its tag, but comes back in the order in which it was published, and before its confirm. */
  #returned({ fields, properties: { messageId } }: Message): void {
    const { replyCode, replyText } = fields as unknown as { replyCode: number; replyText: string }
    // What has expired may come back later than its second attempt: then the order does not hold.
    const tag = this.#find(messageId, this.#returnedTag + 1) ?? this.#find(messageId, 1)
    if (tag === undefined) return
    this.#returnedTag = tag
    this.#unconfirmed.get(tag)!.returned = `${replyCode} ${replyText}`
  }

  /** The tag of the first message with this id, from a tag on, that can come back. */
  #find(messageId: unknown, from: number): number | undefined {
    for (let tag = Math.max(from, this.#firstTag); tag <= this.#lastTag; tag++) {
      const properties = this.#unconfirmed.get(tag)?.properties
      if (properties?.messageId === messageId && properties?.mandatory === true) return tag
    }
    return undefined
  }

  #end(): void {
    const text = this.#failure?.text
    this.#closed = true
    for (const [tag, message] of this.#unconfirmed)
      this.#settle(tag, new RabbitError(this.#problemOf(message), text ?? 'the connection was lost'))
    this.#events.closed(text)
  }

  #problemOf({ size }: Unconfirmed): RabbitProblem {
    if (this.#failure?.code === 404) return 'missing'
    // PRECONDITION_FAILED names the size of the one message at fault; the others were only on the same channel.
    if (this.#failure?.code === 406 && this.#failure.text.includes(`message size ${size} is larger`)) return 'refused'
    return 'lost'
  }
}
