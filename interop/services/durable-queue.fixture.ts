/** A durable queue behind a durable exchange, and what has come into it compared with what was said. */
import { connect } from 'amqplib'

/** What is wrong with the events of the queue. */
export interface Comparison {
  /** Messages without one of their events: `FROM TO NUMBER TOPIC`. */
  readonly lost: string[]
  /** Conversations and topics whose events came in another order than they were said. */
  readonly disordered: string[]
  /** Events that came more than once, which at-least-once allows. */
  readonly repeated: number
}

interface Event {
  readonly routingKey: string
  readonly payload: Readonly<Record<'from_user_id' | 'to_user_id' | 'message', string>>
}

/** The topics behind the addresses of the routing keys. */
const TOPICS = ['chat_msg_sent', 'chat_msg_recv'] as const

/** The queue. */
export class DurableQueue {
  readonly name: string
  readonly #port: number

  private constructor(port: number, name: string) {
    this.#port = port
    this.name = name
  }

  /** Makes the exchange as the server declares it with `durable = true`, and the queue with these arguments, which gets all of it. */
  static async make(port: number, name: string, args: Readonly<Record<string, unknown>> = {}): Promise<DurableQueue> {
    const model = await connect({ hostname: '127.0.0.1', port })
    const channel = await model.createChannel()
    await channel.assertExchange(name, 'topic', { durable: true })
    await channel.assertQueue(name, { durable: true, arguments: args })
    await channel.bindQueue(name, name, '#')
    await model.close()
    return new DurableQueue(port, name)
  }

  /** Takes everything out of the queue: the words of the messages, those of each event once. */
  async words(): Promise<string[]> {
    const { events } = await this.#take()
    return events.map(({ payload }) => payload.message)
  }

  /** Takes everything out of the queue; `said` has the numbers of each conversation, `FROM TO`, in order. */
  async compare(said: ReadonlyMap<string, readonly number[]>): Promise<Comparison> {
    const { events, repeated } = await this.#take()
    const heard = Map.groupBy(events, placeOf)
    const lost: string[] = []
    const disordered: string[] = []
    for (const [conversation, wanted] of said)
      for (const topic of TOPICS) {
        const place = `${conversation} ${topic}`
        const numbers = (heard.get(place) ?? []).map(({ payload }) => Number.parseInt(payload.message, 10))
        const there = new Set(numbers)
        for (const number of wanted) if (!there.has(number)) lost.push(`${place} ${number}`)
        if (numbers.some((number, n) => n > 0 && number < numbers[n - 1]!)) disordered.push(place)
      }
    return { lost, disordered, repeated }
  }

  /** Each event once, in the order in which they came first. */
  async #take(): Promise<{ events: Event[]; repeated: number }> {
    const model = await connect({ hostname: '127.0.0.1', port: this.#port })
    const channel = await model.createChannel()
    const { messageCount } = await channel.checkQueue(this.name)
    const events = new Map<string, Event>()
    const { promise: all, resolve } = Promise.withResolvers<void>()
    let left = messageCount
    if (left === 0) resolve()
    const { consumerTag } = await channel.consume(this.name, (message) => {
      if (message === null || left === 0) return
      channel.ack(message)
      const { messageId } = message.properties as { readonly messageId: string }
      const payload = JSON.parse(message.content.toString()) as Event['payload']
      if (!events.has(messageId)) events.set(messageId, { routingKey: message.fields.routingKey, payload })
      if (--left === 0) resolve()
    })
    await all
    await channel.cancel(consumerTag)
    await channel.close()
    await model.close()
    return { events: [...events.values()], repeated: messageCount - events.size }
  }
}

/** The conversation and the topic of an event: `FROM TO TOPIC`. */
function placeOf({ routingKey, payload }: Event): string {
  const [from, to] = [payload.from_user_id, payload.to_user_id].map((jid) => jid.split('/')[0])
  return `${from} ${to} ${routingKey.slice(routingKey.lastIndexOf('.') + 1)}`
}
