/** A real RabbitMQ, seen through its management API; `interop/services/up.sh rabbitmq` makes it answer. */
import assert from 'node:assert/strict'
import { setTimeout as passed } from 'node:timers/promises'

const API = 'http://127.0.0.1:15672/api'

/** How often the queue is looked at, in milliseconds, and how often in vain at most. */
const LOOK_MS = 50
const LOOKS = 600

async function api(method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { authorization: `Basic ${btoa('guest:guest')}`, 'content-type': 'application/json' }
  return fetch(`${API}/${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
}

/** Why a test with the broker is skipped; false when it answers. */
export async function brokerAbsent(): Promise<string | false> {
  const answers = await api('GET', 'overview').then(
    ({ ok }) => ok,
    () => false,
  )
  return answers ? false : `the management API of RabbitMQ does not answer at ${API}`
}

/** An event, as the management API shows it. */
interface Received {
  readonly routing_key: string
  readonly payload: string
  readonly properties: Readonly<Record<string, unknown>>
}

/** A queue that gets every event of an exchange of its own. */
export class Events {
  readonly name = `meerkat-crash-${crypto.randomUUID().slice(0, 8)}`
  /** The ids of the events by routing key and message. */
  readonly #ids = new Map<string, Set<string>>()

  /** The lines of the configuration that make a server publish here. */
  get settings(): string {
    return `[outgoing_pools.rabbit.event_pusher]
connection.host = "127.0.0.1"
connection.reconnect.delay = 100
[modules.mod_event_pusher.rabbit]
chat_msg_exchange = { name = "${this.name}" }
`
  }

  /** Begins to receive; the exchange is made as the server declares it. */
  async listen(): Promise<void> {
    const answers = [
      await api('PUT', `exchanges/%2F/${this.name}`, { type: 'topic', durable: false }),
      await api('PUT', `queues/%2F/${this.name}`, { durable: true }),
      await api('POST', `bindings/%2F/e/${this.name}/q/${this.name}`, { routing_key: '#' }),
    ]
    for (const { ok, status } of answers) assert.ok(ok, `the broker answers ${status}`)
  }

  /** Removes the queue and the exchange. */
  async remove(): Promise<void> {
    await api('DELETE', `queues/%2F/${this.name}`)
    await api('DELETE', `exchanges/%2F/${this.name}`)
  }

  /** The ids of the events that have come under a key for a message; an event that comes twice has one id. */
  idsOf(routingKey: string, message: string): ReadonlySet<string> {
    return this.#ids.get(`${routingKey} ${message}`) ?? new Set()
  }

  /** Takes events until there is nothing left in `missing`. */
  async until(missing: () => readonly string[]): Promise<void> {
    for (let looks = 0; missing().length > 0; looks++) {
      assert.ok(looks < LOOKS, `these events do not come: ${missing().join(', ')}`)
      if (!(await this.#take())) await passed(LOOK_MS)
    }
  }

  async #take(): Promise<boolean> {
    const options = { count: 1000, ackmode: 'ack_requeue_false', encoding: 'auto' }
    const answer = await api('POST', `queues/%2F/${this.name}/get`, options)
    const events = (await answer.json()) as readonly Received[]
    for (const { routing_key, payload, properties } of events) {
      const { message } = JSON.parse(payload) as { readonly message: string }
      const key = `${routing_key} ${message}`
      this.#ids.set(key, (this.#ids.get(key) ?? new Set()).add(String(properties['message_id'])))
    }
    return events.length > 0
  }
}
