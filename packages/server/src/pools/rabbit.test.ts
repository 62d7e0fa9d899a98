import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../core/clock.ts'
import { silentLog } from '../core/log.ts'
import type { RabbitSettings } from './rabbit-connect.ts'
import type { MessageProperties, RabbitError } from './rabbit-pool.ts'
import { type OpenRabbitPool, openRabbitPool } from './rabbit.ts'
import { Listener, Proxy, brokerAbsent, rabbitSettings, until } from './testing/broker.ts'

const open = (settings: RabbitSettings): OpenRabbitPool =>
  openRabbitPool({ settings, name: 'meerkat test', log: silentLog(), clock: systemClock() })

const properties = (id: string, lane = 0): MessageProperties => ({
  lane,
  messageId: id,
  timestamp: 1_750_000_000,
  contentType: 'application/json',
  persistent: true,
  mandatory: true,
})

/** Publishes; resolves with what the broker said. */
const publish = (pool: OpenRabbitPool, ...args: [exchange: string, key: string, body: string, MessageProperties]) =>
  new Promise<{ returned: string | undefined }>((resolve, reject) =>
    pool.publish(...args, (error, returned) => (error === undefined ? resolve({ returned }) : reject(error))),
  )

const problem = (wanted: string) => (error: unknown) => (equal((error as RabbitError).problem, wanted), true)
const connected = (pool: OpenRabbitPool) => until('connected', () => pool.state().state === 'connected')

describe('a pool without a broker', () => {
  it('R10: opens, says why it fails, refuses messages at once and closes', async () => {
    const proxy = await Proxy.open(false)
    const pool = open(rabbitSettings({ host: '127.0.0.1', port: proxy.port }))
    await pool.attempted
    equal(pool.state().state, 'failing')
    match(pool.state().error ?? '', /ECONNREFUSED/)
    await rejects(publish(pool, 'x', 'y', '{}', properties('1')), problem('unavailable'))
    await rejects(pool.declareExchange({ name: 'x', type: 'topic', durable: false }), problem('unavailable'))
    await pool.close()
    equal(pool.state().state, 'closed')
  })
})

const skip = await brokerAbsent()

describe('a pool of RabbitMQ', { skip }, () => {
  it('publishes with its properties, and resolves when the broker has confirmed', async (t) => {
    const listener = await Listener.open()
    t.after(() => listener.close())
    const exchange = listener.name('publish')
    const pool = open(rabbitSettings({ host: '127.0.0.1' }, { workers: 3 }))
    t.after(() => pool.close())
    await connected(pool)
    await pool.declareExchange({ name: exchange, type: 'topic', durable: false })
    equal(await listener.check(exchange, 'topic', false), true)
    const none = await publish(pool, exchange, 'a.b', '{}', properties('unwanted'))
    equal(none.returned, '312 NO_ROUTE')
    await listener.listen(exchange)
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => publish(pool, exchange, 'a.b', `{"n":${n}}`, properties(`${n}`, 1))),
    )
    ok(answers.every(({ returned }) => returned === undefined))
    await until('all received', () => listener.received.length === 50)
    deepEqual(
      listener.received.map(({ content }) => content.toString()),
      Array.from({ length: 50 }, (_, n) => `{"n":${n}}`),
    )
    const { fields, properties: got } = listener.received[0]!
    deepEqual(
      [fields.routingKey, got.messageId, got.timestamp, got.contentType, got.deliveryMode],
      ['a.b', '0', 1_750_000_000, 'application/json', 2],
    )
  })

  it("R11: an exchange of another type rejects with the broker's words, and harms no channel", async (t) => {
    const listener = await Listener.open()
    t.after(() => listener.close())
    const exchange = listener.name('type')
    await listener.listen(exchange, '#', { type: 'fanout', durable: false })
    const pool = open(rabbitSettings({ host: '127.0.0.1' }, { workers: 1 }))
    t.after(() => pool.close())
    await connected(pool)
    await rejects(
      pool.declareExchange({ name: exchange, type: 'topic', durable: false }),
      /PRECONDITION[_-]FAILED.*inequivalent arg 'type'/s,
    )
    equal((await publish(pool, exchange, 'k', '{}', properties('1'))).returned, undefined)
    equal(pool.connection, 1)
  })

  it('an exchange that is missing loses only its channel, which is opened again', async (t) => {
    const listener = await Listener.open()
    t.after(() => listener.close())
    const exchange = listener.name('missing')
    const pool = open(rabbitSettings({ host: '127.0.0.1' }, { workers: 1 }))
    t.after(() => pool.close())
    await connected(pool)
    let changes = 0
    pool.onChange(() => changes++)
    await rejects(publish(pool, exchange, 'k', '{}', properties('1')), problem('missing'))
    await pool.declareExchange({ name: exchange, type: 'topic', durable: false })
    await until('published', () =>
      publish(pool, exchange, 'k', '{}', properties('2')).then(
        () => true,
        () => false,
      ),
    )
    equal(pool.connection, 1)
    equal(changes, 0, 'nobody is told to try again at once')
  })

  it('an exchange that is missing takes what is under way on its channel along, each once', async (t) => {
    const pool = open(rabbitSettings({ host: '127.0.0.1' }, { workers: 1 }))
    t.after(() => pool.close())
    await connected(pool)
    const outcomes = Array.from({ length: 40 }, (_, n) => {
      const exchange = n === 20 ? 'meerkat-test-none' : 'amq.topic'
      return publish(pool, exchange, 'k', '{}', properties(`${n}`)).then(
        () => 'taken',
        (error: RabbitError) => error.problem,
      )
    })
    const problems = await Promise.all(outcomes)
    // The broker may keep the confirms of what came before to itself.
    ok(problems.slice(0, 20).every((one) => one === 'taken' || one === 'missing'))
    ok(problems.slice(20).every((one) => one === 'missing'))
    await until('published', () =>
      publish(pool, 'amq.topic', 'k', '{}', properties('more')).then(
        () => true,
        () => false,
      ),
    )
    equal(pool.connection, 1)
  })

  it('tells of each message whether it came back', async (t) => {
    const listener = await Listener.open()
    t.after(() => listener.close())
    const exchange = listener.name('some')
    await listener.listen(exchange, 'wanted', { type: 'topic', durable: false })
    const pool = open(rabbitSettings({ host: '127.0.0.1' }, { workers: 2 }))
    t.after(() => pool.close())
    await connected(pool)
    const isWanted = (n: number): boolean => n % 7 < 3
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(
        Array.from({ length: 300 }, (_, n) =>
          publish(pool, exchange, isWanted(n) ? 'wanted' : 'not', '{}', properties(`${n}`, n)),
        ),
      )
      deepEqual(
        answers.map(({ returned }) => returned),
        answers.map((_, n) => (isWanted(n) ? undefined : '312 NO_ROUTE')),
      )
    }
  })

  it('a routing key that AMQP cannot carry is refused for good', async (t) => {
    const pool = open(rabbitSettings({ host: '127.0.0.1' }, { workers: 1 }))
    t.after(() => pool.close())
    await connected(pool)
    await rejects(publish(pool, 'amq.topic', 'é'.repeat(128), '{}', properties('1')), problem('refused'))
  })

  it('R11: a broker that confirms nothing is a time-out, and the connection is made anew', async (t) => {
    const proxy = await Proxy.open()
    t.after(() => proxy.close())
    const pool = open(rabbitSettings({ host: '127.0.0.1', port: proxy.port }, { workers: 1, call_timeout: 300 }))
    t.after(() => pool.close())
    await connected(pool)
    proxy.mode = 'swallow'
    await rejects(publish(pool, 'amq.topic', 'k', '{}', properties('1')), problem('timeout'))
    await until('failing', () => pool.state().state === 'failing')
    match(pool.state().error ?? '', /has not confirmed within 300 ms/)
    proxy.mode = 'pass'
    await until('connected again', () => pool.connection === 2)
  })

  it('R11: a broker that accepts connections and says nothing fails in bounded time', async (t) => {
    const proxy = await Proxy.open()
    proxy.mode = 'swallow'
    t.after(() => proxy.close())
    const pool = open(rabbitSettings({ host: '127.0.0.1', port: proxy.port }, { call_timeout: 200 }))
    t.after(() => pool.close())
    await until('failing', () => pool.state().state === 'failing')
    ok(pool.state().error !== undefined)
  })

  it('R11: a wrong password and a missing virtual host are told', async (t) => {
    for (const [connection, words] of [
      [{ password: 'wrong' }, /ACCESS[_-]REFUSED/],
      [{ virtual_host: 'meerkat-test-none' }, /into the virtual host "meerkat-test-none"/],
    ] as const) {
      const pool = open(rabbitSettings({ host: '127.0.0.1', ...connection }))
      t.after(() => pool.close())
      await until('failing', () => pool.state().state === 'failing')
      match(pool.state().error ?? '', words)
    }
  })

  it('a lost connection rejects what is unconfirmed, and comes back by itself', async (t) => {
    const proxy = await Proxy.open()
    t.after(() => proxy.close())
    const pool = open(rabbitSettings({ host: '127.0.0.1', port: proxy.port }, { workers: 2 }))
    t.after(() => pool.close())
    await connected(pool)
    proxy.mode = 'swallow'
    const waiting = publish(pool, 'amq.topic', 'k', '{}', properties('1'))
    proxy.cut()
    await rejects(waiting, problem('lost'))
    proxy.mode = 'pass'
    await until('connected again', () => pool.connection === 2 && pool.state().state === 'connected')
    equal((await publish(pool, 'amq.topic', 'nobody', '{}', properties('2'))).returned, '312 NO_ROUTE')
  })

  it('the number of unconfirmed messages of a channel is bounded', async (t) => {
    const proxy = await Proxy.open()
    t.after(() => proxy.close())
    const settings = rabbitSettings({ host: '127.0.0.1', port: proxy.port }, { workers: 1, max_worker_queue_len: 5 })
    const pool = open(settings)
    t.after(() => pool.close())
    await connected(pool)
    proxy.mode = 'swallow'
    const outcomes = Array.from({ length: 20 }, (_, n) => publish(pool, 'amq.topic', 'k', '{}', properties(`${n}`)))
    const problems = Promise.all(outcomes.map((one) => one.then(String, (error: RabbitError) => error.problem)))
    proxy.cut()
    const counted = Map.groupBy(await problems, (one) => one)
    deepEqual([counted.get('lost')?.length, counted.get('overloaded')?.length], [5, 15])
  })
})
