/** `[outgoing_pools.rabbit.TAG]`: one connection to RabbitMQ (AMQP 0-9-1) with several confirming channels, made again whenever it is lost. */
import type { ChannelModel } from 'amqplib'
import { backoff } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import type { PoolOf } from '../core/config/types.ts'
import type { Log } from '../core/log.ts'
import { PublishingChannel } from './rabbit-channel.ts'
import { type RabbitSettings, bypass, connectRabbit, destroyRabbit } from './rabbit-connect.ts'
import { RabbitFigures } from './rabbit-figures.ts'
import type { PublicationFrames } from './rabbit-frames.ts'
import {
  type Exchange,
  type MessageProperties,
  type PoolState,
  type Published,
  RabbitError,
  type RabbitPool,
} from './rabbit-pool.ts'
import { within } from './within.ts'

/** How to open a pool. */
export interface RabbitPoolOptions {
  readonly settings: PoolOf<'rabbit'>['settings']
  /** For logs, and the name under which the broker lists the connection. */
  readonly name: string
  readonly log: Log
  readonly clock: Clock
}

/** A pool with its end. */
export interface OpenRabbitPool extends RabbitPool {
  /** What the pool counts. */
  readonly figures: RabbitFigures
  /** Waits for confirms, no longer than `call_timeout`, and ends the connection. */
  close(): Promise<void>
}

/** The longest pause between two attempts to connect, in milliseconds. */
const MAX_PAUSE = 10_000
/** How long a start may wait for the broker, and an end for its last word, in milliseconds. */
const GRACE = 1000
/** How many messages a channel may have unconfirmed when `max_worker_queue_len` does not say. */
const MAX_UNCONFIRMED = 1000

/**
 * Opens a pool; it connects in the background. `workers` is the number of channels, `reconnect.delay` the first pause before another attempt, and
 * `max_worker_queue_len` the number of unconfirmed messages of a channel. Attempts never end, whatever `reconnect.attempts` says, and messages
 * are always confirmed, whatever `confirms_enabled` says.
 */
export function openRabbitPool(options: RabbitPoolOptions): OpenRabbitPool {
  return new Pool(options)
}

/** A connection, and what publishes over it. */
interface Link {
  readonly model: ChannelModel
  readonly frames: PublicationFrames
}

class Pool implements OpenRabbitPool {
  readonly figures = new RabbitFigures()
  readonly channels: number
  readonly capacity: number
  readonly attempted: Promise<void>
  readonly patience: Promise<void>
  #patience: NodeJS.Timeout | undefined
  readonly #options: RabbitPoolOptions
  readonly #settings: RabbitSettings
  readonly #listeners = new Set<() => void>()
  readonly #open: (PublishingChannel | undefined)[] = []
  readonly #sweep: NodeJS.Timeout
  #model: ChannelModel | undefined
  #connection = 0
  #failures = 0
  /** The present connection counts as active. */
  #up = false
  #again: NodeJS.Timeout | undefined
  #state: PoolState
  #closing: Promise<void> | undefined
  /** The broker reads nothing for now, and has said so (`connection.blocked`). */
  #blocked = false
  /** Why the broker has last closed a channel; told once. */
  #channelFault: string | undefined

  constructor(options: RabbitPoolOptions) {
    this.#options = options
    this.#settings = options.settings
    this.channels = options.settings.workers
    this.capacity = options.settings.max_worker_queue_len || MAX_UNCONFIRMED
    this.#state = { state: 'connecting', since: options.clock.now(), error: undefined }
    this.#sweep = setInterval(() => this.#expire(), Math.max(50, Math.min(1000, options.settings.call_timeout / 4)))
    this.#sweep.unref()
    this.patience = new Promise((resolve) => (this.#patience = setTimeout(resolve, GRACE)))
    this.attempted = this.#connect()
  }

  get connection(): number {
    return this.#connection
  }

  state(): PoolState {
    return this.#state
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async declareExchange({ name, type, durable }: Exchange): Promise<void> {
    const model = this.#model
    if (model === undefined) throw new RabbitError('unavailable', this.#state.error ?? 'not connected')
    const text = `the broker has not answered the declaration of ${name} in time`
    await within(declare(model, name, type, durable), this.#settings.call_timeout, text).catch((error: unknown) => {
      // R11: whoever does not answer a declaration will confirm nothing either.
      if (textOf(error) === text && !this.#blocked) destroyRabbit(model, text)
      throw new RabbitError('lost', textOf(error))
    })
  }

  publish(exchange: string, routingKey: string, body: string, properties: MessageProperties, told: Published): void {
    const channel = this.#open[properties.lane % this.channels]
    if (channel === undefined || this.#blocked || this.#closing !== undefined) {
      const error = new RabbitError('unavailable', this.#state.error ?? 'not connected')
      queueMicrotask(() => told(error, undefined))
      return
    }
    this.figures.began(body.length)
    channel.publish(exchange, routingKey, body, properties, this.#options.clock.monotonic(), told)
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    clearTimeout(this.#again)
    clearTimeout(this.#patience)
    const deadline = this.#options.clock.monotonic() + this.#settings.call_timeout
    while (this.#unconfirmed() > 0 && this.#options.clock.monotonic() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10))
    clearInterval(this.#sweep)
    for (const channel of this.#open) channel?.abandon('the server is stopping')
    const model = this.#model
    this.#forget()
    if (model !== undefined) {
      await within(model.close(), GRACE, 'the broker has not answered').catch(() => destroyRabbit(model, 'stopping'))
    }
    this.#change('closed', undefined)
    this.#listeners.clear()
  }

  #unconfirmed(): number {
    return this.#open.reduce((sum, channel) => sum + (channel?.unconfirmed ?? 0), 0)
  }

  /** Attempts once; when that fails the next attempt is planned. Never rejects. */
  async #connect(): Promise<void> {
    let model: ChannelModel | undefined
    try {
      model = await connectRabbit(this.#settings, this.#options.name)
      this.#watch(model)
      const link = { model, frames: bypass(model) }
      const opening = Promise.all(Array.from({ length: this.channels }, (_, index) => this.#channel(link, index)))
      await within(opening, this.#settings.call_timeout, 'the broker does not open channels')
    } catch (error) {
      if (model === undefined) this.#failed(textOf(error))
      // Its listener plans the next attempt.
      else destroyRabbit(model, textOf(error))
      return
    }
    if (this.#model !== model) return
    this.#failures = 0
    this.#connection++
    this.figures.up()
    this.#up = true
    this.#options.log.info({ what: 'rabbit_connected', pool: this.#options.name }, 'connected to RabbitMQ')
    this.#change('connected', undefined)
  }

  #watch(model: ChannelModel): void {
    this.#model = model
    let reason: string | undefined
    model.on('error', (error: unknown) => (reason ??= textOf(error)))
    model.on('close', (error: unknown) => {
      if (this.#model !== model) return
      this.#forget()
      this.#failed(reason ?? (error === undefined ? 'the broker has closed the connection' : textOf(error)))
    })
    model.on('blocked', (why: unknown) => {
      this.#blocked = true
      this.#change('failing', `blocked by the broker: ${String(why)}`)
    })
    model.on('unblocked', () => {
      this.#blocked = false
      this.#change('connected', undefined)
    })
    if (this.#closing !== undefined) destroyRabbit(model, 'stopping')
  }

  #forget(): void {
    if (this.#up) this.figures.down()
    this.#up = false
    this.#model = undefined
    this.#blocked = false
    this.#open.fill(undefined)
  }

  /** Opens the channel with this number; when the broker closes it alone, another takes its place. */
  async #channel(link: Link, index: number): Promise<void> {
    const { model, frames } = link
    const driver = await model.createConfirmChannel()
    const channel = new PublishingChannel(driver, frames, this.capacity, {
      closed: (why) => {
        if (this.#model !== model) return
        this.#open[index] = undefined
        // Without a reason the whole connection is on its way down.
        if (why !== undefined) this.#reopen(link, index, why)
      },
      ended: (error, at) => this.figures.ended(error, this.#options.clock.monotonic() - at),
    })
    if (this.#model === model) this.#open[index] = channel
  }

  /** Tells nobody: whoever has lost a message tries again after a pause, and may only lose the next channel (R11: a revoked right). */
  #reopen(link: Link, index: number, why: string): void {
    if (why !== this.#channelFault) this.#log('rabbit_channel_closed', why)
    this.#channelFault = why
    this.#channel(link, index).catch((error: unknown) => destroyRabbit(link.model, textOf(error)))
  }

  #failed(error: string): void {
    if (this.#closing !== undefined) return
    this.#failures++
    this.figures.failed++
    if (error !== this.#state.error) this.#log('rabbit_connection_failed', error)
    this.#change('failing', error)
    const pause = backoff(this.#failures, this.#settings.connection.reconnect.delay, MAX_PAUSE)
    this.#again = setTimeout(() => void this.#connect(), pause)
    this.#again.unref()
  }

  #change(state: PoolState['state'], error: string | undefined): void {
    const { since } = this.#state
    this.#state = { state, since: state === this.#state.state ? since : this.#options.clock.now(), error }
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      try {
        listener()
      } catch (error) {
        this.#log('rabbit_listener_failed', textOf(error))
      }
    }
  }

  /** R11: a broker that confirms nothing is as good as gone, unless it has said that it will not read for a while. */
  #expire(): void {
    const before = this.#options.clock.monotonic() - this.#settings.call_timeout
    let expired = 0
    for (const channel of this.#open) expired += channel?.expire(before) ?? 0
    if (expired > 0 && !this.#blocked && this.#model !== undefined)
      destroyRabbit(this.#model, `the broker has not confirmed within ${this.#settings.call_timeout} ms`)
  }

  #log(what: string, error: string): void {
    this.#options.log.warn({ what, pool: this.#options.name, error }, `RabbitMQ: ${error}`)
  }
}

/** On a channel of its own, since a refusal closes the channel. */
async function declare(model: ChannelModel, name: string, type: string, durable: boolean): Promise<void> {
  const channel = await model.createChannel()
  // The refusal also rejects the declaration.
  channel.on('error', () => undefined)
  await channel.assertExchange(name, type, { durable })
  await channel.close()
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error))
