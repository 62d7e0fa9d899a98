/** For tests against a real RabbitMQ on 127.0.0.1:5672: who listens to it, and what stands between it and the server. */
import { type AddressInfo, type Server, type Socket, connect as connectSocket, createServer } from 'node:net'
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import { sectionSchema } from '../../core/settings.ts'
import { poolSettings } from '../../core/config/declarations/pools.ts'
import type { RabbitSettings } from '../rabbit-connect.ts'

const PORT = 5672

/** Why tests against the broker are to be skipped; false when it answers. */
export function brokerAbsent(): Promise<string | false> {
  return new Promise((resolve) => {
    const socket = connectSocket(PORT, '127.0.0.1')
    const end = (answer: string | false): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(3000, () => end('RabbitMQ does not answer on 127.0.0.1:5672'))
    socket.once('error', () => end('RabbitMQ is not running on 127.0.0.1:5672'))
    socket.once('connect', () => socket.write('AMQP\0\0\x09\x01'))
    socket.once('data', () => end(false))
  })
}

/** The settings of a pool, with all defaults. */
export function rabbitSettings(
  connection: Record<string, unknown>,
  more: Record<string, unknown> = {},
): RabbitSettings {
  const schema = sectionSchema(poolSettings.rabbit, { folder: '.' })
  return schema.parse({ ...more, connection: { reconnect: { delay: 50 }, ...connection } }) as RabbitSettings
}

/** Someone who listens to the broker, and cleans up behind the test. */
export class Listener {
  readonly #model: ChannelModel
  readonly #channel: Channel
  /** What has come, oldest first. */
  readonly received: ConsumeMessage[] = []
  readonly #exchanges = new Set<string>()

  private constructor(model: ChannelModel, channel: Channel) {
    this.#model = model
    this.#channel = channel
  }

  static async open(): Promise<Listener> {
    const { connect } = await import('amqplib')
    const model = await connect({ hostname: '127.0.0.1', port: PORT })
    model.on('error', () => undefined)
    return new Listener(model, await model.createChannel())
  }

  /** A name that no other test has; the exchange is removed at the end. */
  name(prefix: string): string {
    const name = `meerkat-test-${prefix}-${crypto.randomUUID().slice(0, 8)}`
    this.#exchanges.add(name)
    return name
  }

  /** Listens to an exchange through a queue of its own; the exchange is to be there, or is made as given. */
  async listen(exchange: string, pattern = '#', make?: { type: string; durable: boolean }): Promise<void> {
    if (make !== undefined) await this.#channel.assertExchange(exchange, make.type, { durable: make.durable })
    const { queue } = await this.#channel.assertQueue('', { exclusive: true })
    await this.#channel.bindQueue(queue, exchange, pattern)
    await this.#channel.consume(queue, (message) => void (message && this.received.push(message)), { noAck: true })
  }

  /** Whether an exchange is there with these properties; what the broker says against it otherwise. */
  async check(exchange: string, type: string, durable: boolean): Promise<true | string> {
    const channel = await this.#model.createChannel()
    channel.on('error', () => undefined)
    try {
      await channel.checkExchange(exchange)
      await channel.assertExchange(exchange, type, { durable })
      await channel.close()
      return true
    } catch (error) {
      return (error as Error).message
    }
  }

  async remove(exchange: string): Promise<void> {
    await this.#channel.deleteExchange(exchange)
  }

  async close(): Promise<void> {
    for (const name of this.#exchanges) await this.#channel.deleteExchange(name)
    await this.#model.close()
  }
}

/** How a proxy treats what comes from the broker. */
type Mode = 'pass' | 'swallow'

/** A way to the broker that a test can cut and block. */
export class Proxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #mode: Mode = 'pass'
  /** The connections that were made. */
  accepted = 0
  port = 0

  private constructor() {
    this.#server = createServer((client) => this.#join(client))
  }

  /** A proxy that listens at once, or only when told so; until then its port refuses connections. */
  static async open(listening = true): Promise<Proxy> {
    const proxy = new Proxy()
    await proxy.listen()
    if (!listening) await proxy.refuse()
    return proxy
  }

  /** Listens, again on the same port. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.port, '127.0.0.1', resolve)
    })
    this.port = (this.#server.address() as AddressInfo).port
  }

  /** Refuses connections from now on, and cuts those there are. */
  async refuse(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut()
    await closed
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Passes on what the broker says, or keeps it back. */
  set mode(mode: Mode) {
    this.#mode = mode
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.refuse()
  }

  #join(client: Socket): void {
    this.accepted++
    const broker = connectSocket(PORT, '127.0.0.1')
    for (const [one, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.#sockets.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
    client.on('data', (chunk) => void broker.write(chunk))
    broker.on('data', (chunk) => void (this.#mode === 'pass' && client.write(chunk)))
  }
}

/** Waits, in real time, until something holds; fails the test after half a minute. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 3000; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`never: ${what}`)
}
