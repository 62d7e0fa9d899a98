import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Message, StanzaError, parseJid } from '@meerkat/protocol'
import { Delivery } from './delivery.ts'
import { DROP, Hooks, type Registration, filter, first, fold, notify } from './hooks.ts'

const greeted = notify<[name: string]>('greeted')
const asked = first<[question: string], number>('asked')
const summed = fold<number, [factor: number]>('summed')
const passing = filter('passing')

const broken = () => {
  throw new Error('broken')
}

/** Hooks with the given listeners, and what they reported as failed. */
function withListeners(...registrations: Registration[]) {
  const failures: string[] = []
  const hooks = new Hooks((hook, owner, error) => failures.push(`${hook} ${owner} ${(error as Error).message}`))
  registrations.forEach((registration, i) => hooks.add(`mod_${i}`, registration))
  return { hooks, failures }
}

const delivery = () => new Delivery(Message({}, Body({}, 'hi')), parseJid('a@x'), parseJid('b@x'), 'client', 1)

describe('notify', () => {
  it('runs every listener in order of place, then of registration', () => {
    const order: string[] = []
    const listener = (name: string) => () => void order.push(name)
    const { hooks } = withListeners(
      greeted.on(listener('late'), 'late'),
      greeted.on(listener('normal 1')),
      greeted.on(listener('early'), 'early'),
      greeted.on(listener('normal 2')),
    )
    assert.equal(hooks.notify(greeted, 'you'), undefined)
    assert.deepEqual(order, ['early', 'normal 1', 'normal 2', 'late'])
  })

  it('reports listeners that throw or reject, and goes on', async () => {
    let reached = 0
    const { hooks, failures } = withListeners(
      greeted.on(broken),
      greeted.on(() => Promise.reject(new Error('later'))),
      greeted.on(() => void reached++),
    )
    await hooks.notify(greeted, 'you')
    assert.equal(reached, 1)
    assert.deepEqual(failures, ['greeted mod_0 broken', 'greeted mod_1 later'])
  })
})

describe('first', () => {
  it('ends at the first answer', async () => {
    const { hooks } = withListeners(
      asked.on(() => undefined),
      asked.on(async () => undefined),
      asked.on(() => 42),
      asked.on(broken),
    )
    assert.equal(await hooks.first(asked, '?'), 42)
  })

  it('answers without a promise when no listener waits', () => {
    const { hooks } = withListeners(asked.on(() => 42))
    assert.equal(hooks.first(asked, '?'), 42)
  })

  it('passes a StanzaError on, and skips a listener that fails otherwise', async () => {
    const refusing = withListeners(asked.on(() => Promise.reject(new StanzaError('cancel', 'gone'))))
    await assert.rejects(async () => refusing.hooks.first(asked, '?'), /gone/)
    const failing = withListeners(
      asked.on(broken),
      asked.on(() => 1),
    )
    assert.equal(failing.hooks.first(asked, '?'), 1)
    assert.deepEqual(failing.failures, ['asked mod_0 broken'])
  })
})

describe('fold', () => {
  it('hands each listener what the one before it returned', async () => {
    const { hooks } = withListeners(
      summed.on((value, factor) => value + factor),
      summed.on(async (value, factor) => value * factor),
      summed.on((value) => value + 1),
    )
    assert.equal(await hooks.fold(summed, 1, 10), 111)
  })

  it('goes on with the value unchanged when a listener fails', async () => {
    const rejecting = () => Promise.reject(new Error('later'))
    const { hooks, failures } = withListeners(
      summed.on(broken),
      summed.on(rejecting),
      summed.on((value) => value + 1),
    )
    assert.equal(await hooks.fold(summed, 1, 10), 2)
    assert.equal(failures.length, 2)
  })
})

describe('filter', () => {
  it('passes, and replaces the stanza for those behind', async () => {
    const replaced = Message({}, Body({}, 'changed'))
    const seen: unknown[] = []
    const { hooks } = withListeners(
      passing.on(() => replaced),
      passing.on(async ({ stanza }) => void seen.push(stanza)),
      passing.on(({ stanza }) => void seen.push(stanza)),
    )
    const passed = delivery()
    assert.equal(await hooks.filter(passing, passed), true)
    assert.deepEqual([passed.stanza, ...seen], [replaced, replaced, replaced])
  })

  it('drops silently, also late', async () => {
    const { hooks } = withListeners(
      passing.on(() => Promise.resolve(DROP)),
      passing.on(broken),
    )
    assert.equal(await hooks.filter(passing, delivery()), false)
  })

  it('refuses with the StanzaError of a listener', async () => {
    const { hooks } = withListeners(passing.on(() => Promise.reject(new StanzaError('auth', 'forbidden'))))
    await assert.rejects(async () => hooks.filter(passing, delivery()), { condition: 'forbidden' })
  })

  it('fails closed: a listener that breaks stops the stanza with internal-server-error', async () => {
    for (const fault of [broken, () => Promise.reject(new Error('broken'))]) {
      const { hooks, failures } = withListeners(passing.on(fault))
      await assert.rejects(async () => hooks.filter(passing, delivery()), { condition: 'internal-server-error' })
      assert.deepEqual(failures, ['passing mod_0 broken'])
    }
  })
})

describe('removing', () => {
  it('takes out one listener, and leaves a run under way alone', async () => {
    const order: string[] = []
    const second = greeted.on(() => void order.push('second'))
    const { hooks } = withListeners(
      greeted.on(() => {
        order.push('first')
        hooks.remove(second)
      }),
      second,
    )
    await hooks.notify(greeted, 'you')
    await hooks.notify(greeted, 'you')
    assert.deepEqual(order, ['first', 'second', 'first'])
    assert.deepEqual(hooks.list(), [{ hook: 'greeted', kind: 'notify', owners: ['mod_0'] }])
  })
})
