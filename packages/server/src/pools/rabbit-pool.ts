/** A pool of channels to RabbitMQ, as modules see it. The driver is elsewhere (rabbit.ts): this file loads nothing. */

/** How a pool's connection is: `failing` from a failure on until it works again. */
export interface PoolState {
  readonly state: 'connecting' | 'connected' | 'failing' | 'closed'
  /** Since when: milliseconds since 1970. */
  readonly since: number
  /** Why it fails, in the words of the broker or of the operating system. */
  readonly error: string | undefined
}

/** An exchange to be declared; other flags are AMQP's defaults. */
export interface Exchange {
  readonly name: string
  /** `topic`, `direct`, `fanout`, `headers`, or a type that a plug-in of the broker brings. */
  readonly type: string
  readonly durable: boolean
}

/** The AMQP properties of a message, and which channel takes it. */
export interface MessageProperties {
  /** Messages with the same number go through the same channel, so that they cannot overtake each other. */
  readonly lane: number
  readonly messageId: string
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly contentType: string
  /** Kept by durable queues when the broker restarts. */
  readonly persistent: boolean
  /** Comes back when no queue takes it. */
  readonly mandatory: boolean
}

/**
 * Learns what became of a message, once, after `publish` has returned: why it was not taken, or that the broker has it. `returned`: why it came
 * back although it was taken (`312 NO_ROUTE`); undefined when it did not, or was not mandatory.
 */
export type Published = (error: RabbitError | undefined, returned: string | undefined) => void

/**
 * Why a message was not taken: there is no connection (`unavailable`), too many are unconfirmed (`overloaded`), the broker says no (`nack`) or
 * nothing in time (`timeout`), the channel was lost first (`lost`), the exchange is not there (`missing`), or the message can never be taken
 * (`refused`). After `timeout` and `lost` the broker may have it all the same.
 */
export type RabbitProblem = 'unavailable' | 'overloaded' | 'nack' | 'timeout' | 'lost' | 'missing' | 'refused'

/** A message or a declaration that failed. */
export class RabbitError extends Error {
  override readonly name = 'RabbitError'
  readonly problem: RabbitProblem

  constructor(problem: RabbitProblem, message: string) {
    super(message)
    this.problem = problem
  }
}

/** Channels to one broker. It connects by itself, again and again; nothing of it ever throws into the void. */
export interface RabbitPool {
  /** How many channels it has. */
  readonly channels: number
  /** How many messages each of them may have unconfirmed; more are `overloaded`. */
  readonly capacity: number
  /** Grows with every connection that is made: what was declared on an earlier one may be gone. 0 before the first. */
  readonly connection: number
  /** Resolves when the first attempt to connect has ended. */
  readonly attempted: Promise<void>
  /** Resolves a second after the pool was opened: as long as a start may wait for the broker. */
  readonly patience: Promise<void>
  state(): PoolState
  /** Calls `listener` whenever the state has changed; returns how to stop that. */
  onChange(listener: () => void): () => void
  /** Declares an exchange, on a channel of its own; rejects with a RabbitError that has the broker's words. */
  declareExchange(exchange: Exchange): Promise<void>
  /** Publishes, and tells in bounded time what became of the message. */
  publish(exchange: string, routingKey: string, body: string, properties: MessageProperties, told: Published): void
}
