import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Outbox, type Place, outboxKey } from '../core/outbox.ts'
import { type DeadLetter, type SinkControl, type SinkHealth, provideSinks } from '../modules/event-pusher/api.ts'
import { apiStory, codeOf } from './api-story.fixture.ts'
import { nodeStatus } from './handler.ts'

const WORDS = "NOT_FOUND - no exchange 'chat_msg' in vhost '/'"
const counters = { delivered: 3_000_000_000, unroutable: 1, failed: 2, deadLettered: 0, dropped: 0 }

/** A sink in a certain state. */
function sink(known: Partial<SinkHealth>, pending: () => Promise<number> = () => Promise.resolve(7)): SinkControl {
  const name = known.name ?? 'rabbit'
  const health = (): SinkHealth => ({
    state: 'running',
    error: undefined,
    lastDeliveredAt: undefined,
    counters,
    ...known,
    name,
  })
  return {
    name,
    health,
    status: async () => ({ ...health(), pending: await pending() }),
    pause: () => Promise.resolve(),
    resume: () => Promise.resolve(),
  }
}

const QUERY = '{ server { sinks { hostType name state error pending lastDeliveredAt delivered failed } } }'

describe('R10: event sinks', () => {
  it("are listed with their state, their numbers and the broker's own words", async (t) => {
    const { story, ask } = await apiStory(t)
    const lastDeliveredAt = Date.UTC(2026, 0, 1)
    provideSinks(story.host, [sink({ lastDeliveredAt }), sink({ name: 'other', state: 'failing', error: WORDS })])
    const { body } = await ask(QUERY)
    assert.equal(body.errors, undefined)
    const same = { hostType: 'example.com', pending: 7, delivered: 3_000_000_000, failed: 2 }
    const time = '2026-01-01T00:00:00.000000Z'
    assert.deepEqual(JSON.parse(JSON.stringify(body.data)), {
      server: {
        sinks: [
          { ...same, name: 'rabbit', state: 'RUNNING', error: null, lastDeliveredAt: time },
          { ...same, name: 'other', state: 'FAILING', error: WORDS, lastDeliveredAt: null },
        ],
      },
    })
  })

  it('tell what they know when the store fails', async (t) => {
    const { story, ask } = await apiStory(t)
    provideSinks(story.host, [sink({ state: 'failing', error: WORDS }, () => Promise.reject(new Error('no store')))])
    const { body } = await ask('{ server { sinks { state error pending } } }')
    assert.deepEqual(JSON.parse(JSON.stringify(body)), {
      data: { server: { sinks: [{ state: 'FAILING', error: WORDS, pending: null }] } },
    })
  })

  it('are for global admins only; there may be none', async (t) => {
    const { ask } = await apiStory(t)
    assert.deepEqual(JSON.parse(JSON.stringify((await ask(QUERY)).body.data)), { server: { sinks: [] } })
    assert.equal(codeOf(await ask(QUERY, { role: 'domain_admin', domain: 'example.com' })), 'no_permissions')
  })

  it('that do not run well are in the status of the node, without asking the store', async (t) => {
    const { story } = await apiStory(t)
    const never = () => new Promise<number>(() => undefined)
    const bad = sink({ name: 'bad', state: 'unroutable', error: WORDS }, never)
    provideSinks(story.host, [sink({}, never), bad, sink({ name: 'held', state: 'paused' })])
    const { sinks } = nodeStatus(story.kernel) as { sinks: unknown }
    assert.deepEqual(sinks, [
      { name: 'bad', state: 'unroutable', error: WORDS },
      { name: 'held', state: 'paused', error: '' },
    ])
  })
})

const LETTER: DeadLetter = {
  number: 7,
  since: 1_767_225_600_000_000,
  reason: 'too long',
  id: 'e1',
  kind: 'chat_event',
  conversation: 'a@example.com b@example.com',
  at: 1_767_225_600_000_000,
  body: '{}',
}

/** A sink that notes its orders. */
function obedient(orders: unknown[]): SinkControl {
  const noted = (order: string) => (numbers: readonly number[]) => {
    orders.push([order, ...numbers])
    return Promise.resolve(1)
  }
  return {
    ...sink({ name: 'rabbit@example.com' }),
    pause: async () => void orders.push('pause'),
    resume: async () => void orders.push('resume'),
    async replay(from: Place) {
      orders.push(from)
      return !('id' in from && from.id === 'unknown')
    },
    deadLetters: {
      list: (limit) => (orders.push(limit), Promise.resolve([LETTER])),
      count: () => Promise.resolve(1),
      requeue: noted('requeue'),
      remove: noted('remove'),
    },
  }
}

const order = (field: string, more = '', answer = '') =>
  `mutation { server { ${field}(sink: "rabbit@example.com"${more}) ${answer} } }`

describe('orders for event sinks', () => {
  it('pause, resume, and send once more', async (t) => {
    const { story, ask } = await apiStory(t)
    const orders: unknown[] = []
    provideSinks(story.host, [obedient(orders)])
    const told = '{ name state pending keptDeadLetters }'
    const { body } = await ask(order('pauseSink', '', told))
    assert.deepEqual(JSON.parse(JSON.stringify(body.data)), {
      server: { pauseSink: { name: 'rabbit@example.com', state: 'RUNNING', pending: 7, keptDeadLetters: 1 } },
    })
    await ask(order('resumeSink', '', told))
    await ask(order('replaySink', ', since: "2026-01-01T00:00:00Z"', told))
    await ask(order('replaySink', ', event: "e1"', told))
    assert.deepEqual(orders, ['pause', 'resume', { at: 1_767_225_600_000_000 }, { id: 'e1' }])
    const refused = [
      [', event: "unknown"', 'event_not_found'],
      ['', 'bad_request'],
      [', event: "e1", since: "2026-01-01T00:00:00Z"', 'bad_request'],
    ] as const
    for (const [more, code] of refused) assert.equal(codeOf(await ask(order('replaySink', more, told))), code)
  })

  it('R13: list what was put aside, try it again, remove it', async (t) => {
    const { story, ask } = await apiStory(t)
    const orders: unknown[] = []
    provideSinks(story.host, [obedient(orders)])
    const fields = '{ number since reason id kind conversation happenedAt body }'
    const { body } = await ask(`{ server { deadLetters(sink: "rabbit@example.com") ${fields} } }`)
    const { at: _, since: __, ...same } = LETTER
    const time = '2026-01-01T00:00:00.000000Z'
    assert.deepEqual(JSON.parse(JSON.stringify(body.data)), {
      server: { deadLetters: [{ ...same, since: time, happenedAt: time }] },
    })
    await ask(`{ server { deadLetters(sink: "rabbit@example.com", limit: 5000) { id } } }`)
    await ask(order('requeueDeadLetters', ', numbers: [7, 8]'))
    await ask(order('deleteDeadLetters', ', numbers: [9]'))
    assert.deepEqual(orders, [100, 1000, ['requeue', 7, 8], ['remove', 9]])
  })

  it('are refused where there is no such sink, or it keeps nothing', async (t) => {
    const { story, ask } = await apiStory(t)
    assert.equal(codeOf(await ask(order('pauseSink', '', '{ name }'))), 'sink_not_found')
    provideSinks(story.host, [sink({ name: 'rabbit@example.com' })])
    assert.equal(codeOf(await ask(order('replaySink', ', event: "e1"', '{ name }'))), 'not_supported')
    assert.equal(codeOf(await ask(order('requeueDeadLetters', ', numbers: [1]'))), 'not_supported')
  })

  it('a sink that is not configured is shown, and can be forgotten; no other can', async (t) => {
    const { story, ask } = await apiStory(t)
    const absent = ['rabbit@gone.example']
    story.kernel.share(outboxKey, {
      absent: () => absent,
      waiting: () => Promise.resolve(12),
      forget: async () => void absent.pop(),
    } as unknown as Outbox)
    provideSinks(story.host, [sink({ name: 'rabbit@example.com' })])
    const { body } = await ask('{ server { sinks { hostType name state pending } } }')
    assert.deepEqual((JSON.parse(JSON.stringify(body.data)) as { server: { sinks: unknown[] } }).server.sinks[1], {
      hostType: 'gone.example',
      name: 'rabbit@gone.example',
      state: 'NOT_CONFIGURED',
      pending: 12,
    })
    const status = nodeStatus(story.kernel) as { sinks: unknown }
    assert.deepEqual(status.sinks, [{ name: 'rabbit@gone.example', state: 'not configured', error: '' }])
    assert.equal(codeOf(await ask(order('forgetSink'))), 'sink_configured')
    const forget = 'mutation { server { forgetSink(sink: "rabbit@gone.example") } }'
    assert.match(JSON.stringify((await ask(forget)).body.data), /is forgotten, and with it 12 events/)
    assert.equal(codeOf(await ask(forget)), 'sink_not_found')
  })
})
