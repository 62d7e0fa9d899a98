/** The sink `rabbit`: which event goes to which exchange, under which routing key, and with which payload (MongooseIM's, to the letter). */
import type { OutboxRow } from '../../core/outbox.ts'
import type { Exchange, MessageProperties, RabbitError, RabbitPool } from '../../pools/rabbit-pool.ts'
import { type Event, type Metadata, PoisonError, eventOf } from './events.ts'
import type { Exchanges } from './exchanges.ts'
import type { RabbitSection } from './settings.ts'
import type { SinkWork, Told } from './sink-work.ts'

/** A message to be published. */
export interface Publication {
  readonly exchange: string
  readonly routingKey: string
  /** JSON. */
  readonly body: string
}

/** The exchanges that the section asks for. */
export function exchangesOf(section: RabbitSection): Exchange[] {
  const { presence_exchange, chat_msg_exchange, groupchat_msg_exchange } = section
  return [presence_exchange, chat_msg_exchange, groupchat_msg_exchange]
    .filter((exchange) => exchange !== undefined)
    .map(({ name, type, durable }) => ({ name, type, durable }))
}

/** What is published for an event; undefined when its exchange is not configured. */
export function publicationOf(section: RabbitSection, event: Event, metadata: Metadata): Publication | undefined {
  if (event.kind === 'user_status_event') {
    const exchange = section.presence_exchange
    if (exchange === undefined) return undefined
    const payload = { user_id: event.jid, present: event.online, ...metadata }
    return { exchange: exchange.name, routingKey: bareOf(event.jid), body: JSON.stringify(payload) }
  }
  const exchange = event.type === 'chat' ? section.chat_msg_exchange : section.groupchat_msg_exchange
  if (exchange === undefined) return undefined
  const sent = event.direction === 'in'
  const routingKey = `${bareOf(sent ? event.from : event.to)}.${sent ? exchange.sent_topic : exchange.recv_topic}`
  const payload = { to_user_id: event.to, from_user_id: event.from, message: event.body, ...metadata }
  return { exchange: exchange.name, routingKey, body: JSON.stringify(payload) }
}

/** A JID without its resource. */
function bareOf(jid: string): string {
  const slash = jid.indexOf('/')
  return slash < 0 ? jid : jid.slice(0, slash)
}

/** The properties under which an event is published. */
export function propertiesOf(event: { id: string; at: number }, lane: number, certain: boolean): MessageProperties {
  const timestamp = Math.floor(event.at / 1_000_000)
  return {
    lane,
    messageId: event.id,
    timestamp,
    contentType: 'application/json',
    persistent: certain,
    mandatory: certain,
  }
}

/** Publishes the events of one host type, and is content only when the broker confirms. */
export class RabbitWork implements SinkWork {
  readonly #hostType: string
  readonly #section: RabbitSection
  readonly #pool: RabbitPool
  readonly #exchanges: Exchanges

  constructor(hostType: string, section: RabbitSection, pool: RabbitPool, exchanges: Exchanges) {
    this.#hostType = hostType
    this.#section = section
    this.#pool = pool
    this.#exchanges = exchanges
  }

  obstacle(): string | undefined {
    const { state, error } = this.#pool.state()
    if (state !== 'connected') return error ?? 'not connected yet'
    return this.#exchanges.obstacle()
  }

  fault(): string | undefined {
    return this.#exchanges.fault()
  }

  deliver(row: OutboxRow, told: Told): boolean {
    if (row.hostType !== this.#hostType) return false
    const { event, metadata } = eventOf(row)
    const publication = publicationOf(this.#section, event, metadata)
    if (publication === undefined) return false
    const { exchange, routingKey, body } = publication
    const fault = this.#exchanges.faultOf(exchange)
    if (fault !== undefined) throw new Error(fault)
    this.#pool.publish(exchange, routingKey, body, propertiesOf(row, row.lane, true), (error, returned) => {
      if (error !== undefined) told(this.#failed(exchange, error), undefined)
      else told(undefined, returned && `${returned}: no queue takes "${routingKey}" from the exchange "${exchange}"`)
    })
    return true
  }

  #failed(exchange: string, error: RabbitError): Error {
    if (error.problem === 'refused') return new PoisonError(error.message)
    if (error.problem === 'missing') this.#exchanges.lost(exchange)
    return error
  }
}
