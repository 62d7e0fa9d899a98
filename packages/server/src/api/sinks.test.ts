import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type SinkControl, type SinkHealth, provideSinks } from '../modules/event-pusher/api.ts'
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
    pause: () => undefined,
    resume: () => undefined,
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
