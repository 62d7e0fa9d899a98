import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type ChatEvent,
  type Event,
  NO_METADATA,
  PoisonError,
  eventOf,
  eventsIn,
  idOfBoth,
  rowOf,
  rowOfBoth,
} from './events.ts'
import { exchangesOf, publicationOf } from './rabbit.ts'
import type { RabbitSection } from './settings.ts'

const common = { id: 'i', hostType: 'h', at: 1_750_000_000_000_001, conversation: 'c' }
const sent: ChatEvent = {
  ...common,
  kind: 'chat_event',
  direction: 'in',
  type: 'chat',
  from: 'alice@localhost/phone',
  to: 'bob@localhost/desk/2',
  body: 'hello',
}
const section: RabbitSection = {
  presence_exchange: { name: 'p', type: 'topic', durable: false },
  chat_msg_exchange: { name: 'c', type: 'topic', durable: true, sent_topic: 's', recv_topic: 'r' },
  groupchat_msg_exchange: undefined,
  delivery: 'at_least_once',
}

test('an event survives its row, metadata included', () => {
  const texts = fc.string({ unit: 'binary' })
  const chat = fc.record({
    direction: fc.constantFrom('in', 'out'),
    type: fc.constantFrom('chat', 'groupchat'),
    from: texts,
    to: texts,
    body: texts,
  })
  const status = fc.record({ jid: texts, online: fc.boolean() })
  const event = fc.oneof(
    chat.map((one): Event => Object.assign({ kind: 'chat_event' as const }, common, one)),
    status.map((one): Event => Object.assign({ kind: 'user_status_event' as const }, common, one)),
  )
  const metadata = fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(texts, fc.integer(), fc.boolean()), {
    noNullPrototype: true,
  })
  fc.assert(
    fc.property(event, metadata, (one, more) => {
      deepEqual(eventOf({ ...rowOf(one, more), seq: 1, lane: 1, events: 1 }), { event: one, metadata: more })
    }),
  )
})

test('both events of a message survive their one row, and have rows of their own behind it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (body) => {
      const events: ChatEvent[] = [
        { ...sent, id: '1-x-in', body },
        { ...sent, id: '1-x-out', body, direction: 'out' },
      ]
      for (const metadata of [{}, NO_METADATA]) {
        const row = rowOfBoth(rowOf(events[0]!, metadata), events[1]!)
        deepEqual([row.id, row.events], ['1-x', 2])
        const rows = eventsIn({ ...row, seq: 1, lane: 1, events: 2 })
        deepEqual(
          rows.map((one) => eventOf(one)),
          events.map((event) => ({ event, metadata: {} })),
        )
        deepEqual(
          rows,
          events.map((event) => Object.assign(rowOf(event, metadata), { seq: 1, lane: 1, events: 1 })),
        )
      }
    }),
  )
  deepEqual(['1-x-in', '1-x-out', '1-x', '1-x-online'].map(idOfBoth), ['1-x', '1-x', '1-x', '1-x-online'])
})

test('what comes from memory is what went there: its text is not read', () => {
  const received: ChatEvent = { ...sent, direction: 'out' }
  const place = { seq: 1, lane: 1, events: 1, body: '' }
  equal(eventOf({ ...rowOf(sent, NO_METADATA), ...place }).event, sent)
  throws(() => eventOf({ ...rowOf(sent, { more: 1 }), ...place }), PoisonError)
  const rows = eventsIn({ ...rowOfBoth(rowOf(sent, NO_METADATA), received), seq: 1, lane: 1, events: 2 })
  deepEqual(
    rows.map((row) => eventOf({ ...row, body: '' }).event),
    [sent, received],
  )
})

test('R13: a row that holds no event is poison', () => {
  const row = { ...rowOf(sent, {}), seq: 1, lane: 1, events: 1 }
  for (const body of ['', '{', 'null', '3', '{}', '{"from":"a","to":"b"}'])
    throws(() => eventOf({ ...row, body }), PoisonError)
  throws(() => eventOf({ ...row, kind: 'weather' }), PoisonError)
})

test('routing keys have bare JIDs, payloads have those of the stanza', () => {
  const payload = '{"to_user_id":"bob@localhost/desk/2","from_user_id":"alice@localhost/phone","message":"hello"}'
  deepEqual(publicationOf(section, sent, {}), { exchange: 'c', routingKey: 'alice@localhost.s', body: payload })
  const received: ChatEvent = { ...sent, direction: 'out' }
  equal(publicationOf(section, received, {})?.routingKey, 'bob@localhost.r')
  const gone: Event = { ...common, kind: 'user_status_event', jid: 'alice@localhost/phone', online: false }
  deepEqual(publicationOf(section, gone, { shard: 3 }), {
    exchange: 'p',
    routingKey: 'alice@localhost',
    body: '{"user_id":"alice@localhost/phone","present":false,"shard":3}',
  })
})

test('what has no exchange is not published, nor is its exchange declared', () => {
  equal(publicationOf(section, { ...sent, type: 'groupchat' }, {}), undefined)
  deepEqual(exchangesOf(section), [
    { name: 'p', type: 'topic', durable: false },
    { name: 'c', type: 'topic', durable: true },
  ])
})
