/** A started server and a real RabbitMQ, seen from outside: GraphQL on one side, the broker's management API on the other. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../packages/server/src/main.ts', import.meta.url))
/** Nobody listens there. */
const CLOSED_PORT = 1

interface Ending {
  after(end: () => Promise<void> | void): void
}

/** The broker's management API; `interop/services/up.sh rabbitmq` makes it answer. */
const API = 'http://127.0.0.1:15672/api'

async function api(method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { authorization: `Basic ${btoa('guest:guest')}`, 'content-type': 'application/json' }
  return fetch(`${API}/${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
}

/** Why the tests are skipped; false when a broker answers. */
async function brokerAbsent(): Promise<string | false> {
  const answers = await api('GET', 'overview').then(
    ({ ok }) => ok,
    () => false,
  )
  return answers ? false : `the management API of RabbitMQ does not answer at ${API}`
}

/** A message, as the management API shows it. */
interface Received {
  readonly routing_key: string
  readonly payload: string
  readonly properties: Readonly<Record<string, unknown>>
}

/** A queue on an exchange of its own. */
class Queue {
  readonly received: Received[] = []
  readonly name = `meerkat-test-${crypto.randomUUID().slice(0, 8)}`

  constructor(t: Ending) {
    t.after(async () => {
      await api('DELETE', `queues/%2F/${this.name}`)
      await api('DELETE', `exchanges/%2F/${this.name}`)
    })
  }

  /** What the broker says of the exchange. */
  async exchange(): Promise<{ type?: string; durable?: boolean }> {
    return (await (await api('GET', `exchanges/%2F/${this.name}`)).json()) as { type?: string; durable?: boolean }
  }

  /** Begins to receive; the exchange is made as the server declares it, unless it is there. */
  async listen(): Promise<void> {
    const answers = [
      await api('PUT', `exchanges/%2F/${this.name}`, { type: 'topic', durable: false }),
      await api('PUT', `queues/%2F/${this.name}`, { durable: true }),
      await api('POST', `bindings/%2F/e/${this.name}/q/${this.name}`, { routing_key: '#' }),
    ]
    ok(answers.every((answer) => answer.ok))
  }

  /** Takes what has come. */
  async take(): Promise<void> {
    const options = { count: 1000, ackmode: 'ack_requeue_false', encoding: 'auto' }
    const answer = await api('POST', `queues/%2F/${this.name}/get`, options)
    this.received.push(...((await answer.json()) as Received[]))
  }

  /** Messages that have come under a routing key, in order, without repetitions of the same event. */
  heard(routingKey: string): string[] {
    const events = new Map<string, string>()
    for (const { routing_key, properties, payload } of this.received) {
      if (routing_key !== routingKey) continue
      const id = String(properties['message_id'])
      if (!events.has(id)) events.set(id, (JSON.parse(payload) as { message: string }).message)
    }
    return [...events.values()]
  }

  /** Takes messages until something holds. */
  async until(what: string, holds: () => boolean): Promise<void> {
    for (let tries = 0; tries < 600 && !holds(); tries++) {
      await this.take()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    ok(holds(), what)
  }
}

/** The smallest server with the sink; `port` is that of the broker. */
const config = (port: number, exchange: string) => `[general]
loglevel = "info"
hosts = ["localhost"]
default_server_domain = "localhost"
data_dir = "data"
[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[[listen.http.handlers.mongoose_graphql_handler]]
host = "_"
path = "/api/graphql"
schema_endpoint = "admin"
[auth]
methods = ["internal"]
[auth.internal]
[outgoing_pools.rabbit.event_pusher]
connection.host = "localhost"
connection.port = ${port}
connection.reconnect.delay = 100
[modules.mod_event_pusher.rabbit]
chat_msg_exchange = { name = "${exchange}" }
`

/** A server that can be killed and started again over the same data. */
class Started {
  readonly folder = mkdtempSync(join(tmpdir(), 'meerkat-interop-'))
  readonly exchange: string
  log = ''
  #child: ChildProcess | undefined
  #url = ''

  constructor(t: Ending, exchange: string) {
    this.exchange = exchange
    t.after(async () => {
      await this.kill('SIGTERM')
      rmSync(this.folder, { recursive: true, force: true })
    })
  }

  async start(brokerPort: number): Promise<void> {
    writeFileSync(join(this.folder, 'meerkat.toml'), config(brokerPort, this.exchange))
    const child = spawn(process.execPath, [MAIN, '-c', 'meerkat.toml'], { cwd: this.folder, stdio: 'pipe' })
    this.#child = child
    child.stderr.on('data', (chunk: Buffer) => (this.log += chunk.toString()))
    let said = ''
    for await (const chunk of child.stdout) {
      said += String(chunk)
      this.#url = /http:\S+\/graphql/.exec(said)?.[0] ?? ''
      if (this.#url !== '') break
    }
    ok(this.#url !== '', `the server does not start: ${this.log}`)
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'close')
    child.kill(signal)
    await ended
  }

  /** Runs a GraphQL operation; false when it failed, or the server was gone before its answer. */
  async ask(query: string): Promise<boolean> {
    try {
      const body = JSON.stringify({ query })
      const answer = await fetch(this.#url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      return !Object.hasOwn((await answer.json()) as object, 'errors')
    } catch {
      return false
    }
  }

  async register(...users: readonly string[]): Promise<void> {
    for (const user of users) {
      const args = `username: "${user}", domain: "localhost", password: "secret12"`
      ok(await this.ask(`mutation { account { registerUser(${args}) { message } } }`))
    }
  }

  send(body: string): Promise<boolean> {
    const args = `from: "alice@localhost", to: "bob@localhost", body: "${body}"`
    return this.ask(`mutation { stanza { sendMessage(${args}) { id } } }`)
  }
}

const SENT = 'alice@localhost.chat_msg_sent'
const RECEIVED = 'bob@localhost.chat_msg_recv'
const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n}`)

describe('mod_event_pusher and RabbitMQ', { skip: await brokerAbsent() }, () => {
  it('after the start the exchange is there; a message comes under both keys', async (t) => {
    const queue = new Queue(t)
    const server = new Started(t, queue.name)
    await server.start(5672)
    const { type, durable } = await queue.exchange()
    deepEqual([type, durable], ['topic', false])
    await queue.listen()
    await server.register('alice', 'bob')
    ok(await server.send('hello'))
    await queue.until('both events come', () => queue.received.length === 2)
    const wanted = { to_user_id: 'bob@localhost', from_user_id: 'alice@localhost', message: 'hello' }
    deepEqual(
      queue.received.map(({ routing_key, payload }) => [routing_key, JSON.parse(payload) as unknown]),
      [
        [SENT, wanted],
        [RECEIVED, wanted],
      ],
    )
    const { content_type, delivery_mode } = queue.received[0]!.properties
    deepEqual([content_type, delivery_mode], ['application/json', 2])
  })

  it('R3, R10: started without a broker and killed, the server publishes after the next start', async (t) => {
    const queue = new Queue(t)
    const server = new Started(t, queue.name)
    await server.start(CLOSED_PORT)
    await server.register('alice', 'bob')
    for (const n of numbers(30)) ok(await server.send(n))
    match(server.log, /rabbit_connection_failed.*ECONNREFUSED/)
    await server.kill('SIGKILL')
    await queue.listen()
    await server.start(5672)
    await queue.until('all events come', () => queue.heard(SENT).length === 30 && queue.heard(RECEIVED).length === 30)
    deepEqual(queue.heard(SENT), numbers(30))
    deepEqual(queue.heard(RECEIVED), numbers(30))
  })

  it('R3: kill -9 while messages flow loses no event of an acknowledged message, and keeps the order', async (t) => {
    const queue = new Queue(t)
    const server = new Started(t, queue.name)
    await queue.listen()
    await server.start(5672)
    await server.register('alice', 'bob')
    const acknowledged: string[] = []
    let next = 0
    for (const last of [40, 80, 120]) {
      let killing: Promise<void> | undefined
      while (next < last) {
        const body = `${next++}`
        const sent = server.send(body)
        if (next === last) killing = server.kill('SIGKILL')
        if (await sent) acknowledged.push(body)
      }
      await killing
      await server.start(5672)
    }
    await queue.until('the last ones come', () => acknowledged.every((body) => queue.heard(RECEIVED).includes(body)))
    for (const key of [SENT, RECEIVED]) {
      const heard = queue.heard(key).map(Number)
      deepEqual(
        heard,
        heard.toSorted((a, b) => a - b),
      )
      equal(new Set(heard).size, heard.length)
      ok(acknowledged.every((body) => heard.includes(Number(body))))
    }
    ok(acknowledged.length >= 117)
  })
})
