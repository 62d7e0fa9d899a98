import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Body, Message, Presence } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { outboxKey } from '../../core/outbox.ts'
import { type ModuleDeclaration, accountRemoved, defineModule, userReceive } from '../../core/module.ts'
import { StanzaError } from '@meerkat/protocol'
import { memoryDatabase } from '../../storage/memory.ts'
import { openOutbox } from '../../storage/outbox.ts'
import { type Story, settle, story } from '../../testing/story.ts'
import messages from '../messages.ts'
import presence from '../presence/index.ts'
import { sinksOf } from './api.ts'
import { pushEvent } from './hooks.ts'
import eventPusher from './index.ts'
import { FakePool } from './testing/fake-pool.ts'

interface Options {
  readonly rabbit?: Record<string, unknown>
  /** More settings of the module. */
  readonly more?: Record<string, unknown>
  readonly pool?: FakePool
  readonly others?: readonly ModuleDeclaration[]
  readonly users?: readonly string[]
}

async function pusher(t: { after(end: () => Promise<void>): void }, options: Options): Promise<[Story, FakePool]> {
  const storage = memoryDatabase()
  const pool = options.pool ?? new FakePool().connect()
  const outbox = await openOutbox(storage, { writer: 'one' })
  const others = (options.others ?? []).map((module) => [module] as const)
  const scene = await story(t, {
    modules: [[messages], [presence], [eventPusher, { rabbit: options.rabbit ?? {}, ...options.more }], ...others],
    users: options.users ?? ['alice/phone', 'bob/desk'],
    absent: ['carol'],
    storage,
    prepare(kernel) {
      kernel.addPool('rabbit', 'event_pusher', pool)
      kernel.share(outboxKey, outbox)
    },
  })
  return [scene, pool]
}

const chat = (to: string, words: string, type = 'chat'): Element => Message({ to, type }, Body({}, words))
const published = (pool: FakePool) =>
  pool.taken.map(({ exchange, routingKey, body }) => [exchange, routingKey, JSON.parse(body) as unknown])

const all = { chat_msg_exchange: {}, groupchat_msg_exchange: {}, presence_exchange: {} }

test('a chat message is published as sent and as received, in this order', async (t) => {
  const [scene, pool] = await pusher(t, { rabbit: { chat_msg_exchange: {} } })
  await scene.device('alice/phone').send(chat('bob@example.com', 'hello'))
  await settle()
  const payload = {
    to_user_id: 'bob@example.com',
    from_user_id: 'alice@example.com/phone',
    message: 'hello',
  }
  deepEqual(published(pool), [
    ['chat_msg', 'alice@example.com.chat_msg_sent', payload],
    ['chat_msg', 'bob@example.com.chat_msg_recv', payload],
  ])
  const [sent, received] = pool.taken
  equal(sent!.properties.lane, received!.properties.lane)
  ok(sent!.properties.messageId !== received!.properties.messageId)
  for (const { properties } of pool.taken) {
    const { contentType, persistent, mandatory, timestamp } = properties
    deepEqual([contentType, persistent, mandatory], ['application/json', true, true])
    equal(timestamp, Math.floor(scene.clock.now() / 1000))
  }
})

test('both events of a message are one row; what a filter or a listener makes of the second has its own', async (t) => {
  const changes = defineModule({
    key: 'mod_changes',
    summary: 'Changes some messages on their way.',
    specs: [],
    start: () => ({
      hooks: [
        userReceive.on((delivery) => {
          const words = Body.in(delivery.stanza)
          if (words !== undefined && text(words) === 'rude')
            delivery.stanza = Message({ to: 'bob@example.com', type: 'chat' }, Body({}, '***'))
          return undefined
        }),
        pushEvent.on((pushed, event) =>
          event.kind === 'chat_event' && event.body === 'marked'
            ? { ...pushed, metadata: { by: event.direction } }
            : pushed,
        ),
      ],
    }),
  })
  const [scene, pool] = await pusher(t, { rabbit: { chat_msg_exchange: {} }, others: [changes] })
  pool.disconnect('gone')
  const rows = () =>
    scene.kernel.storage.query<{ id: string; events: number }>('SELECT id, events FROM outbox ORDER BY seq')
  const counts: number[][] = []
  for (const words of ['plain', 'rude', 'marked']) {
    const before = (await rows()).length
    await scene.device('alice/phone').send(chat('bob@example.com', words))
    counts.push((await rows()).slice(before).map(({ events }) => events))
  }
  deepEqual(counts, [[2], [1, 1], [1, 1]])
  const [sink] = sinksOf(scene.host)
  equal((await sink!.status()).pending, 6)
  pool.connect()
  await scene.wait(30)
  deepEqual(
    published(pool).map(([, key, payload]) => [key, (payload as { message: string }).message]),
    ['plain', 'plain', 'rude', '***', 'marked', 'marked'].map((message, n) => [
      n % 2 === 0 ? 'alice@example.com.chat_msg_sent' : 'bob@example.com.chat_msg_recv',
      message,
    ]),
  )
  equal(new Set(pool.taken.map(({ properties }) => properties.messageId)).size, 6)
})

test('of the two events in a row each is put aside, tried again and sent once more by itself', async (t) => {
  const [scene, pool] = await pusher(t, { rabbit: { chat_msg_exchange: {} }, more: { keep_delivered: 3600 } })
  pool.fate = ({ routingKey }) => (routingKey.endsWith('_sent') ? 'refused' : 'confirm')
  await scene.device('alice/phone').send(chat('bob@example.com', 'hello'))
  await settle()
  const keys = () => pool.taken.map(({ routingKey }) => routingKey)
  deepEqual(keys(), ['bob@example.com.chat_msg_recv'])
  const [sink] = sinksOf(scene.host)
  const letters = sink!.deadLetters!
  const [letter, ...others] = await letters.list(10)
  deepEqual([others.length, (await sink!.status()).pending], [0, 0])
  pool.fate = () => 'confirm'
  await letters.requeue([letter!.number])
  await settle()
  deepEqual(keys().slice(1), ['alice@example.com.chat_msg_sent'])
  const { messageId } = pool.taken[0]!.properties
  equal(await sink!.replay!({ id: messageId }), true)
  await settle()
  deepEqual(keys().slice(2, 4), ['alice@example.com.chat_msg_sent', 'bob@example.com.chat_msg_recv'])
  deepEqual(pool.taken[3]!.properties.messageId, messageId)
})

test('only configured exchanges are declared, with their properties; other events are not published', async (t) => {
  const exchange = { name: 'rooms', type: 'fanout', durable: true, sent_topic: 's', recv_topic: 'r' }
  const [scene, pool] = await pusher(t, { rabbit: { groupchat_msg_exchange: exchange } })
  deepEqual(pool.declared, [{ name: 'rooms', type: 'fanout', durable: true }])
  const alice = scene.device('alice/phone')
  await alice.send(chat('bob@example.com', 'hello'))
  await alice.send(Presence())
  await settle()
  deepEqual(pool.taken, [])
})

test('neither messages without a body nor errors, headlines and normal messages are published', async (t) => {
  const [scene, pool] = await pusher(t, { rabbit: all })
  const alice = scene.device('alice/phone')
  await alice.send(Message({ to: 'bob@example.com', type: 'chat' }))
  await alice.send(Message({ to: 'bob@example.com', type: 'chat' }, Body({}, '')))
  for (const type of ['headline', 'normal', 'error']) await alice.send(chat('bob@example.com', 'x', type))
  await settle()
  deepEqual(pool.taken, [])
})

test('coming and going are published with the full JID under the bare one', async (t) => {
  const [scene, pool] = await pusher(t, { rabbit: { presence_exchange: {} } })
  await scene.device('alice/phone').send(Presence())
  await scene.device('alice/phone').disconnect()
  await settle()
  const user_id = 'alice@example.com/phone'
  deepEqual(published(pool), [
    ['presence', 'alice@example.com', { user_id, present: true }],
    ['presence', 'alice@example.com', { user_id, present: false }],
  ])
})

test('messages in a room: the sender to the room, the room to each occupant', async (t) => {
  const room = defineModule({
    key: 'mod_room',
    summary: 'A room for this test.',
    specs: [],
    start: (host) => ({
      services: [
        {
          domain: 'rooms.example.com',
          service: (delivery) => {
            const from = delivery.to.withResource('al')
            delivery.afterwards(() => void host.send(delivery.stanza, from, scene.device('bob/desk').jid))
          },
        },
      ],
    }),
  })
  const [scene, pool] = await pusher(t, { rabbit: all, others: [room] })
  await scene.device('alice/phone').send(chat('den@rooms.example.com', 'hi', 'groupchat'))
  await settle()
  const from_user_id = 'alice@example.com/phone'
  deepEqual(published(pool), [
    [
      'groupchat_msg',
      'alice@example.com.groupchat_msg_sent',
      { to_user_id: 'den@rooms.example.com', from_user_id, message: 'hi' },
    ],
    [
      'groupchat_msg',
      'bob@example.com.groupchat_msg_recv',
      { to_user_id: 'bob@example.com/desk', from_user_id: 'den@rooms.example.com/al', message: 'hi' },
    ],
  ])
  equal(pool.taken[0]!.properties.lane, pool.taken[1]!.properties.lane)
})

test('a refused message leaves no event', async (t) => {
  const filter = defineModule({
    key: 'mod_refuse',
    summary: 'Refuses all.',
    specs: [],
    start: () => ({
      hooks: [
        userReceive.on(() => {
          throw new StanzaError('cancel', 'not-acceptable')
        }),
      ],
    }),
  })
  const [scene, pool] = await pusher(t, { rabbit: all, others: [filter] })
  await scene.device('alice/phone').send(chat('bob@example.com', 'hello'))
  await settle()
  deepEqual(pool.taken, [])
})

test('push_event: a listener drops an event or adds metadata, which wins', async (t) => {
  const listener = defineModule({
    key: 'mod_listener',
    summary: 'Listens.',
    specs: [],
    start: () => ({
      hooks: [
        pushEvent.on((pushed, event) =>
          event.kind === 'chat_event' && event.direction === 'out'
            ? { ...pushed, dropped: true }
            : { ...pushed, metadata: { ...pushed.metadata, tenant: 7, message: '***' } },
        ),
      ],
    }),
  })
  const [scene, pool] = await pusher(t, { rabbit: { chat_msg_exchange: {} }, others: [listener] })
  await scene.device('alice/phone').send(chat('bob@example.com', 'hello'))
  await settle()
  equal(pool.taken.length, 1)
  const { message, tenant } = JSON.parse(pool.taken[0]!.body) as Record<string, unknown>
  deepEqual([message, tenant], ['***', 7])
})

test('R10: with the broker down messages flow; their events are published once it is back', async (t) => {
  const pool = new FakePool()
  pool.disconnect('connect ECONNREFUSED')
  const [scene] = await pusher(t, { rabbit: { chat_msg_exchange: {} }, pool })
  const bob = scene.device('bob/desk')
  await bob.send(Presence())
  bob.take()
  for (let n = 0; n < 20; n++) await scene.device('alice/phone').send(chat('bob@example.com', `${n}`))
  equal(bob.take().length, 20)
  const [sink] = sinksOf(scene.host)
  const before = await sink!.status()
  deepEqual([before.state, before.error, before.pending], ['starting', 'connect ECONNREFUSED', 40])
  const { pending: _, ...health } = before
  deepEqual(sink!.health(), health)
  pool.connect()
  await scene.wait(30)
  deepEqual(
    pool.taken.map(({ body }) => (JSON.parse(body) as { message: string }).message),
    Array.from({ length: 40 }, (_, n) => `${Math.floor(n / 2)}`),
  )
  equal(pool.mostInLane, 1)
  const after = await sink!.status()
  deepEqual([after.state, after.error, after.pending, after.counters.delivered], ['running', undefined, 0, 40])
})

test('R11: a broker that accepts the connection and says nothing does not hold up the start', async (t) => {
  const pool = new FakePool()
  pool.attempted = new Promise(() => undefined)
  const [scene] = await pusher(t, { rabbit: { chat_msg_exchange: {} }, pool })
  equal((await sinksOf(scene.host)[0]!.status()).state, 'starting')
})

test("R11: an exchange that the broker refuses shows the broker's words, and is declared again until accepted", async (t) => {
  const pool = new FakePool().connect()
  pool.refuses = "PRECONDITION_FAILED - inequivalent arg 'type'"
  const [scene] = await pusher(t, { rabbit: { chat_msg_exchange: {} }, pool })
  await scene.device('alice/phone').send(chat('bob@example.com', 'hello'))
  await scene.wait(10)
  const [sink] = sinksOf(scene.host)
  const status = await sink!.status()
  deepEqual([status.state, status.error, status.pending], ['failing', pool.refuses, 2])
  ok(pool.declared.length > 1)
  pool.refuses = undefined
  await scene.wait(61)
  equal(pool.taken.length, 2)
  equal((await sink!.status()).state, 'running')
})

test('exchanges are declared again after each connection, and when somebody has deleted one', async (t) => {
  const [scene, pool] = await pusher(t, { rabbit: { chat_msg_exchange: {} } })
  equal(pool.declared.length, 1)
  pool.disconnect('gone')
  pool.connect()
  await settle()
  equal(pool.declared.length, 2)
  let deleted = true
  pool.fate = () => (deleted ? 'missing' : 'confirm')
  await scene.device('alice/phone').send(chat('bob@example.com', 'hello'))
  await settle()
  deleted = false
  ok(pool.declared.length > 2)
  await scene.wait(31)
  equal(pool.taken.length, 2)
})

test('a message that comes back counts as delivered, and shows', async (t) => {
  const [scene, pool] = await pusher(t, { rabbit: { chat_msg_exchange: {} } })
  pool.fate = () => 'return'
  await scene.device('alice/phone').send(chat('bob@example.com', 'hello'))
  await settle()
  const [sink] = sinksOf(scene.host)
  const { state, error, pending, counters } = await sink!.status()
  deepEqual([state, pending, counters.delivered, counters.unroutable], ['unroutable', 0, 2, 2])
  match(error ?? '', /312 NO_ROUTE.*bob@example\.com\.chat_msg_recv/)
})

test('R13: an event that the broker can never take is put aside', async (t) => {
  const [scene, pool] = await pusher(t, { rabbit: { chat_msg_exchange: {} } })
  pool.fate = ({ body }) => (body.includes('huge') ? 'refused' : 'confirm')
  await scene.device('alice/phone').send(chat('bob@example.com', 'huge'))
  await scene.device('alice/phone').send(chat('bob@example.com', 'small'))
  await settle()
  equal(pool.taken.length, 2)
  const [sink] = sinksOf(scene.host)
  equal((await sink!.status()).counters.deadLettered, 2)
})

test('best_effort: nothing is stored; what cannot be published is dropped and counted', async (t) => {
  const [scene, pool] = await pusher(t, { rabbit: { chat_msg_exchange: {}, delivery: 'best_effort' } })
  const alice = scene.device('alice/phone')
  await alice.send(chat('bob@example.com', 'one'))
  await settle()
  equal(pool.taken.length, 2)
  ok(pool.taken.every(({ properties }) => !properties.mandatory && !properties.persistent))
  pool.fate = () => 'nack'
  await alice.send(chat('bob@example.com', 'two'))
  await settle()
  pool.disconnect('gone')
  for (let n = 0; n < 600; n++) await alice.send(chat('bob@example.com', `${n}`))
  const [sink] = sinksOf(scene.host)
  const { counters, pending, state } = await sink!.status()
  deepEqual([counters.delivered, counters.failed, counters.dropped, pending], [2, 2, 202, 1000])
  equal(state, 'failing')
  deepEqual(await scene.host.storage.query('SELECT id FROM outbox'), [])
})

test('R10: a sink that fails is told in the log every minute, and once when it is well again', async (t) => {
  const pool = new FakePool()
  pool.disconnect('connect ECONNREFUSED')
  const [scene] = await pusher(t, { rabbit: { chat_msg_exchange: {} }, pool })
  const told: unknown[] = []
  t.mock.method(scene.host.log, 'warn', (line: unknown) => told.push(line))
  t.mock.method(scene.host.log, 'info', (line: unknown) => told.push(line))
  await scene.device('alice/phone').send(chat('bob@example.com', 'hello'))
  await scene.wait(121)
  pool.connect()
  await scene.wait(120)
  const details = { sink: 'rabbit@example.com', error: 'connect ECONNREFUSED', pending: 2 }
  deepEqual(told, [
    { what: 'event_sink_failing', ...details },
    { what: 'event_sink_failing', ...details },
    { what: 'event_sink_recovered', ...details, error: undefined, pending: 0 },
  ])
})

test('a sink that gives its best effort forgets what a certain one has left', async (t) => {
  const pool = new FakePool()
  const [scene] = await pusher(t, { rabbit: { chat_msg_exchange: {} }, pool })
  await scene.device('alice/phone').send(chat('bob@example.com', 'hello'))
  const cursors = () => scene.host.storage.query('SELECT sink FROM outbox_cursor')
  equal((await cursors()).length, 1)
  await scene.reconfigure(eventPusher, { rabbit: { chat_msg_exchange: {}, delivery: 'best_effort' } })
  await settle()
  deepEqual(await cursors(), [])
})

test('the module stops, starts and changes its settings while sessions stay', async (t) => {
  const [scene, pool] = await pusher(t, { rabbit: { chat_msg_exchange: {} } })
  await scene.reconfigure(eventPusher, { rabbit: { chat_msg_exchange: { sent_topic: 'said' } } })
  await scene.device('alice/phone').send(chat('carol@example.com', 'hello'))
  await settle()
  ok(pool.taken.some(({ routingKey }) => routingKey === 'alice@example.com.said'))
  await scene.kernel.modules.stop(scene.host, 'mod_event_pusher')
  deepEqual(sinksOf(scene.host), [])
  const before = pool.taken.length
  await scene.device('alice/phone').send(chat('bob@example.com', 'unseen'))
  await settle()
  equal(pool.taken.length, before)
})

test('what waits for a sink that is no longer configured is given up after a time, and told', async (t) => {
  const [scene] = await pusher(t, { rabbit: { chat_msg_exchange: {} }, more: { keep_for_absent: 1 } })
  const outbox = scene.host.shared(outboxKey)
  const gone = outbox.reader('rabbit@gone.example')
  await gone.read(1)
  await gone.close()
  await scene.device('alice/phone').send(chat('bob@example.com', 'hello'))
  await scene.wait(60)
  deepEqual([outbox.absent(), await outbox.waiting('rabbit@gone.example')], [['rabbit@gone.example'], 2])
  const told: unknown[] = []
  t.mock.method(scene.host.log, 'warn', (line: unknown) => told.push(line))
  await scene.wait(22 * 3600)
  equal(await outbox.waiting('rabbit@gone.example'), 2)
  await scene.wait(4 * 3600)
  equal(await outbox.waiting('rabbit@gone.example'), 0)
  deepEqual(told, [{ what: 'events_for_absent_sinks_given_up', sinks: ['rabbit@gone.example'], events: 2 }])
})

test('dead letters go with the account, and by their age', async (t) => {
  const [scene, pool] = await pusher(t, { rabbit: { chat_msg_exchange: {} }, more: { keep_dead_letters: 1 } })
  pool.fate = () => 'refused'
  const alice = scene.device('alice/phone')
  const letters = sinksOf(scene.host)[0]!.deadLetters!
  await alice.send(chat('carol@example.com', 'hello'))
  await settle()
  equal(await letters.count(), 2)
  await scene.host.commit(...(await scene.host.hooks.fold(accountRemoved, [], alice.jid.bare)))
  equal(await letters.count(), 0)
  await alice.send(chat('bob@example.com', 'hello'))
  await settle()
  equal(await letters.count(), 2)
  await scene.wait(26 * 3600)
  equal(await letters.count(), 0)
})
