/** A pool without a broker: a test decides what becomes of each message. */
import {
  type Exchange,
  type MessageProperties,
  type PoolState,
  type Published,
  RabbitError,
  type RabbitPool,
} from '../../../pools/rabbit-pool.ts'

/** What becomes of a message: `taken, lost` is one that the broker has taken but could not confirm. */
export type Fate = 'confirm' | 'return' | 'nack' | 'lost' | 'taken, lost' | 'refused' | 'missing' | 'hang'

/** A message that the broker has taken. */
export interface Taken {
  readonly exchange: string
  readonly routingKey: string
  readonly body: string
  readonly properties: MessageProperties
}

/** The pool. */
export class FakePool implements RabbitPool {
  readonly channels = 4
  readonly capacity = 1000
  attempted = Promise.resolve()
  readonly patience = Promise.resolve()
  connection = 0
  /** In the order in which the broker took them, repetitions included. */
  readonly taken: Taken[] = []
  /** Every declaration, also refused ones. */
  readonly declared: Exchange[] = []
  /** What the broker says against a declaration. */
  refuses: string | undefined
  /** Decides about each message. */
  fate: (message: Taken) => Fate = () => 'confirm'
  /** The number of messages under way, by lane, and the most there ever were. */
  readonly underWay = new Map<number, number>()
  mostInLane = 0
  readonly #listeners = new Set<() => void>()
  #state: PoolState = { state: 'connecting', since: 0, error: undefined }

  connect(): this {
    this.connection++
    this.#change({ state: 'connected', since: 0, error: undefined })
    return this
  }

  disconnect(error: string): void {
    this.#change({ state: 'failing', since: 0, error })
  }

  state(): PoolState {
    return this.#state
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async declareExchange(exchange: Exchange): Promise<void> {
    if (this.#state.state !== 'connected') throw new RabbitError('unavailable', 'not connected')
    this.declared.push(exchange)
    if (this.refuses !== undefined) throw new RabbitError('lost', this.refuses)
  }

  publish(exchange: string, routingKey: string, body: string, properties: MessageProperties, told: Published): void {
    this.#take({ exchange, routingKey, body, properties }).then(
      (returned) => told(undefined, returned),
      (error: unknown) => told(error as RabbitError, undefined),
    )
  }

  /** Resolves with why the message came back. */
  async #take(message: Taken): Promise<string | undefined> {
    if (this.#state.state !== 'connected') throw new RabbitError('unavailable', 'not connected')
    const fate = this.fate(message)
    const { lane } = message.properties
    const inLane = (this.underWay.get(lane) ?? 0) + 1
    this.underWay.set(lane, inLane)
    this.mostInLane = Math.max(this.mostInLane, inLane)
    try {
      await new Promise((resolve) => setImmediate(resolve))
      if (fate === 'hang') await new Promise(() => undefined)
      if (fate === 'confirm' || fate === 'return' || fate === 'taken, lost') this.taken.push(message)
      if (fate === 'confirm' || fate === 'return') return fate === 'return' ? '312 NO_ROUTE' : undefined
      throw new RabbitError(fate === 'taken, lost' ? 'lost' : fate === 'hang' ? 'timeout' : fate, `fate: ${fate}`)
    } finally {
      this.underWay.set(lane, (this.underWay.get(lane) ?? 1) - 1)
    }
  }

  #change(state: PoolState): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}
