/** The sink `rabbit` against a real RabbitMQ: the pool, the sink and the outbox together. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Message } from '@meerkat/protocol'
import { systemClock } from '../../core/clock.ts'
import { silentLog } from '../../core/log.ts'
import { outboxKey } from '../../core/outbox.ts'
import { openRabbitPool } from '../../pools/rabbit.ts'
import { Listener, Proxy, brokerAbsent, rabbitSettings, until } from '../../pools/testing/broker.ts'
import { memoryDatabase } from '../../storage/memory.ts'
import { openOutbox } from '../../storage/outbox.ts'
import { type Story, story } from '../../testing/story.ts'
import messages from '../messages.ts'
import presence from '../presence/index.ts'
import { type SinkStatus, sinksOf } from './api.ts'
import eventPusher from './index.ts'

interface Ending {
  after(end: () => Promise<void>): void
}

interface Served {
  readonly scene: Story
  /** Sends messages of alice to bob, with these words. */
  say(...words: readonly string[]): Promise<void>
  status(): Promise<SinkStatus>
  /** Waits until all events are delivered, while the story's time passes. */
  drained(): Promise<void>
}

/** A story whose messages go to `exchange` through `port`. */
async function serve(t: Ending, port: number, exchange: string, callTimeout = 5000): Promise<Served> {
  const storage = memoryDatabase()
  const outbox = await openOutbox(storage, { writer: 'one' })
  const settings = rabbitSettings({ host: '127.0.0.1', port }, { call_timeout: callTimeout })
  const pool = openRabbitPool({ settings, name: 'meerkat test', log: silentLog(), clock: systemClock() })
  t.after(() => pool.close())
  const scene = await story(t, {
    modules: [[messages], [presence], [eventPusher, { rabbit: { chat_msg_exchange: { name: exchange } } }]],
    users: ['alice/phone', 'bob/desk'],
    storage,
    prepare(kernel) {
      kernel.addPool('rabbit', 'event_pusher', pool)
      kernel.share(outboxKey, outbox)
    },
  })
  const status = () => sinksOf(scene.host)[0]!.status()
  return {
    scene,
    status,
    async say(...words) {
      for (const one of words)
        await scene.device('alice/phone').send(Message({ to: 'bob@example.com', type: 'chat' }, Body({}, one)))
    },
    async drained() {
      await until('all events delivered', async () => {
        await scene.wait(1)
        return (await status()).pending === 0
      })
    },
  }
}

/** The words of the messages whose events have come, in order, each event once. */
function heard(listener: Listener): string[] {
  const seen = new Set<string>()
  return listener.received.flatMap(({ content, properties }) => {
    const id = String(properties.messageId)
    if (seen.has(id)) return []
    seen.add(id)
    return [(JSON.parse(content.toString()) as { message: string }).message]
  })
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `${from + n}`)
const twice = (words: readonly string[]) => words.flatMap((one) => [one, one])

const skip = await brokerAbsent()

describe('the sink rabbit and RabbitMQ', { skip }, () => {
  it('declares the exchange at start, and publishes with keys, payload and properties', async (t) => {
    const listener = await Listener.open()
    t.after(() => listener.close())
    const exchange = listener.name('chat')
    const it = await serve(t, 5672, exchange)
    equal(await listener.check(exchange, 'topic', false), true)
    await listener.listen(exchange)
    const saidAt = Math.floor(it.scene.clock.now() / 1000)
    await it.say('hello')
    await it.drained()
    await until('both received', () => listener.received.length === 2)
    const payload = { to_user_id: 'bob@example.com', from_user_id: 'alice@example.com/phone', message: 'hello' }
    deepEqual(
      listener.received.map(({ fields, content }) => [fields.routingKey, JSON.parse(content.toString()) as unknown]),
      [
        ['alice@example.com.chat_msg_sent', payload],
        ['bob@example.com.chat_msg_recv', payload],
      ],
    )
    for (const { properties } of listener.received) {
      deepEqual([properties.contentType, properties.deliveryMode], ['application/json', 2])
      equal(properties.timestamp, saidAt)
      ok(typeof properties.messageId === 'string')
    }
    equal((await it.status()).state, 'running')
  })

  it('R10: started without a broker, the server serves, says so and catches up', async (t) => {
    const listener = await Listener.open()
    t.after(() => listener.close())
    const exchange = listener.name('down')
    const proxy = await Proxy.open(false)
    t.after(() => proxy.close())
    const it = await serve(t, proxy.port, exchange)
    await it.say(...numbers(0, 20))
    const { state, error, pending } = await it.status()
    deepEqual([state, pending], ['starting', 40])
    match(error ?? '', /ECONNREFUSED/)
    await listener.listen(exchange, '#', { type: 'topic', durable: false })
    await proxy.listen()
    await it.drained()
    await until('all received', () => listener.received.length >= 40)
    deepEqual(heard(listener), twice(numbers(0, 20)))
  })

  it('a connection that is cut again and again loses nothing and keeps the order', async (t) => {
    const listener = await Listener.open()
    t.after(() => listener.close())
    const exchange = listener.name('cut')
    const proxy = await Proxy.open()
    t.after(() => proxy.close())
    const it = await serve(t, proxy.port, exchange)
    await listener.listen(exchange)
    for (let round = 0; round < 5; round++) {
      await it.say(...numbers(round * 20, round * 20 + 20))
      proxy.cut()
    }
    await it.drained()
    await until('all received', () => heard(listener).length === 200)
    deepEqual(heard(listener), twice(numbers(0, 100)))
    ok(proxy.accepted > 1)
  })

  it('R11: confirms that never come mean another attempt, with the same ids', async (t) => {
    const listener = await Listener.open()
    t.after(() => listener.close())
    const exchange = listener.name('silent')
    const proxy = await Proxy.open()
    t.after(() => proxy.close())
    const it = await serve(t, proxy.port, exchange, 300)
    await listener.listen(exchange)
    proxy.mode = 'swallow'
    await it.say('hello')
    await until('failing', async () => (await it.status()).state === 'failing')
    equal((await it.status()).pending, 2)
    proxy.mode = 'pass'
    await it.drained()
    await until('both received', () => heard(listener).length === 2)
    ok(listener.received.length > 2, 'the unconfirmed one came twice')
  })

  it("R11: an exchange of another type shows the broker's words; events go out once it is right", async (t) => {
    const listener = await Listener.open()
    t.after(() => listener.close())
    const exchange = listener.name('type')
    await listener.listen(exchange, '#', { type: 'fanout', durable: true })
    const it = await serve(t, 5672, exchange)
    await it.say('hello')
    const { state, error, pending } = await it.status()
    deepEqual([state, pending], ['failing', 2])
    match(error ?? '', /PRECONDITION[_-]FAILED.*inequivalent arg/s)
    await listener.remove(exchange)
    await listener.listen(exchange, '#', { type: 'topic', durable: false })
    await it.drained()
    await until('both received', () => listener.received.length === 2)
  })

  it('an event that no queue takes shows as unroutable', async (t) => {
    const listener = await Listener.open()
    t.after(() => listener.close())
    const it = await serve(t, 5672, listener.name('nobody'))
    await it.say('hello')
    await it.drained()
    const { state, error, counters } = await it.status()
    deepEqual([state, counters.delivered, counters.unroutable], ['unroutable', 2, 2])
    match(error ?? '', /312 NO_ROUTE/)
  })
})
