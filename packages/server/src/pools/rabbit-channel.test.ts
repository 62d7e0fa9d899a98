/** A channel of the driver hears frames from the broker, and publishers hear what became of their messages. */
import { deepEqual, equal } from 'node:assert/strict'
import type { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { ConfirmChannel } from 'amqplib'
import fc from 'fast-check'
import { PublishingChannel } from './rabbit-channel.ts'
import { PublicationFrames } from './rabbit-frames.ts'
import type { MessageProperties } from './rabbit-pool.ts'
import { ofDriver } from './testing/driver.ts'

interface DriversChannel extends EventEmitter {
  readonly unconfirmed: readonly unknown[]
  accept(frame: object): void
  toClosed(): void
}
const { Channel } = ofDriver('channel.js') as { readonly Channel: new (connection: object) => DriversChannel }
const defs = ofDriver('defs.js') as Record<string, number>

const NO_ROUTE = '312 NO_ROUTE'

type Publication = Partial<MessageProperties> & { readonly at?: number; readonly body?: string }

const propertiesOf = (messageId: string, more: Partial<MessageProperties> = {}): MessageProperties => ({
  lane: 0,
  messageId,
  timestamp: 1,
  contentType: 'text/plain',
  persistent: true,
  mandatory: true,
  ...more,
})

/** A channel, what the broker says to it, and what is told: by messages (`id: outcome`), and to the pool. */
function scene(limit = 100) {
  const driver = new Channel({ sendMethod: () => true, releaseChannel: () => undefined })
  const out = new PassThrough({ highWaterMark: 1 << 20 })
  const told: string[] = []
  const pool: unknown[] = []
  const channel = new PublishingChannel(
    Object.assign(driver, { ch: 3 }) as unknown as ConfirmChannel,
    new PublicationFrames(out, 4096),
    limit,
    { closed: (reason) => pool.push(`closed: ${reason}`), ended: (error, at) => pool.push([error?.problem, at]) },
  )
  const say = (name: string, fields: object, more: object = {}) =>
    driver.accept({ id: defs[name], channel: 3, fields, ...more })
  return {
    driver,
    out,
    told,
    pool,
    channel,
    publish: (id: string, { at = 0, body = '{}', ...more }: Publication = {}) =>
      channel.publish('x', 'k', body, propertiesOf(id, more), at, (error, returned) =>
        told.push(`${id}: ${error === undefined ? (returned ?? 'taken') : `${error.problem}, ${error.message}`}`),
      ),
    ack: (deliveryTag: number, multiple = false) => say('BasicAck', { deliveryTag, multiple }),
    nack: (deliveryTag: number, multiple = false) => say('BasicNack', { deliveryTag, multiple, requeue: false }),
    comesBack: (messageId: string) => {
      say('BasicReturn', { replyCode: 312, replyText: 'NO_ROUTE', exchange: 'x', routingKey: 'k' })
      say('BasicProperties', { messageId }, { size: 0 })
    },
    close: (replyCode: number, replyText: string) =>
      say('ChannelClose', { replyCode, replyText, classId: 60, methodId: 40 }),
  }
}

/** Messages `1`, `2` and so on, published at these times. */
function withMessages(count: number, limit?: number) {
  const all = scene(limit)
  for (let n = 1; n <= count; n++) all.publish(`${n}`, { at: n })
  return all
}

const NACK = 'nack, the broker has refused the message (nack)'

describe('publisher confirms', () => {
  it('come one by one, and out of order', () => {
    const { channel, driver, told, ack, publish } = withMessages(4)
    for (const tag of [1, 3, 4]) ack(tag)
    deepEqual(told, ['1: taken', '3: taken', '4: taken'])
    equal(channel.unconfirmed, 1)
    publish('5')
    ack(2)
    ack(5)
    deepEqual(told.slice(3), ['2: taken', '5: taken'])
    deepEqual([channel.unconfirmed, driver.unconfirmed], [0, []])
  })

  it('are for many at once', () => {
    const { channel, told, pool, ack, publish } = withMessages(5)
    ack(2)
    ack(4, true)
    deepEqual(told, ['2: taken', '1: taken', '3: taken', '4: taken'])
    deepEqual(
      pool,
      [2, 1, 3, 4].map((at) => [undefined, at]),
    )
    publish('6')
    ack(6, true)
    deepEqual(told.slice(4), ['5: taken', '6: taken'])
    equal(channel.unconfirmed, 0)
  })

  it('may be refusals, for one or many', async () => {
    const { told, pool, ack, nack } = withMessages(4)
    nack(2)
    nack(3, true)
    ack(4)
    deepEqual(told, ['4: taken'], 'failures are told a little later')
    await turn()
    deepEqual(told.slice(1), [`2: ${NACK}`, `1: ${NACK}`, `3: ${NACK}`])
    deepEqual(pool, [
      ['nack', 2],
      ['nack', 1],
      ['nack', 3],
      [undefined, 4],
    ])
  })

  it('harm nobody when nothing waits for them', () => {
    const { channel, told, ack, nack, publish } = withMessages(2)
    ack(2)
    for (const tag of [0, 2, 3, 2 ** 52]) {
      ack(tag)
      nack(tag)
    }
    ack(0, true)
    equal(channel.unconfirmed, 1)
    ack(2 ** 52, true)
    publish('3')
    ack(3)
    deepEqual(told, ['2: taken', '1: taken', '3: taken'])
  })

  it('leave room for those who publish when they hear of them', () => {
    const { channel, driver, told, ack, publish } = scene(1)
    channel.publish('x', 'k', '{}', propertiesOf('1'), 0, () => publish('2'))
    ack(1, true)
    equal(channel.unconfirmed, 1)
    driver.emit('ack', { deliveryTag: 2, multiple: false })
    deepEqual(told, ['2: taken'])
  })

  it('are counted without what was refused here', async () => {
    const { told, ack, publish } = withMessages(3, 2)
    ack(1)
    publish('4')
    ack(3)
    await turn()
    deepEqual(told, ['1: taken', '4: taken', '3: overloaded, 2 messages are unconfirmed'])
  })

  it('tell each message once, whatever comes in any order', async () => {
    const tag = fc.integer({ min: 0, max: 30 })
    const step = fc.oneof(
      fc.constant('publish' as const),
      fc.tuple(fc.constantFrom('ack' as const, 'nack' as const), tag, fc.boolean()),
      tag,
      tag.map(String),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const all = scene()
        let published = 0
        for (const one of steps) {
          if (one === 'publish') all.publish(`${++published}`, { at: published })
          else if (typeof one === 'number') all.channel.expire(one)
          else if (typeof one === 'string') all.comesBack(one)
          else all[one[0]](one[1], one[2])
        }
        all.driver.toClosed()
        await turn()
        const ids = all.told.map((text) => Number(text.split(':')[0])).toSorted((a, b) => a - b)
        deepEqual(
          ids,
          Array.from({ length: published }, (_, n) => n + 1),
        )
        deepEqual([all.channel.unconfirmed, all.pool.length], [0, published + 1])
      }),
    )
  })
})

describe('messages that come back', () => {
  it('are some of those that were published, and come before their confirms', () => {
    const { told, ack, comesBack } = withMessages(6)
    comesBack('2')
    comesBack('3')
    ack(2, true)
    comesBack('5')
    ack(5)
    ack(6, true)
    deepEqual(told, ['1: taken', `2: ${NO_ROUTE}`, `5: ${NO_ROUTE}`, `3: ${NO_ROUTE}`, '4: taken', '6: taken'])
  })

  it('are none that may not come back, or that nobody knows', () => {
    const { told, ack, comesBack, publish } = scene()
    publish('1', { mandatory: false })
    publish('1')
    publish('2')
    for (const id of ['1', 'other', '2']) comesBack(id)
    ack(3, true)
    deepEqual(told, ['1: taken', `1: ${NO_ROUTE}`, `2: ${NO_ROUTE}`])
  })

  it('may have the same message-id', () => {
    const { told, ack, comesBack, publish } = scene()
    for (const id of ['1', '2', '1', '3']) publish(id)
    comesBack('1')
    comesBack('1')
    comesBack('3')
    ack(4, true)
    deepEqual(told, [`1: ${NO_ROUTE}`, '2: taken', `1: ${NO_ROUTE}`, `3: ${NO_ROUTE}`])
  })

  it('may have expired, and be under way again in another order', async () => {
    const { channel, told, ack, comesBack, publish } = withMessages(3)
    equal(channel.expire(4), 3)
    await turn()
    deepEqual(
      told.splice(0),
      ['1', '2', '3'].map((id) => `${id}: timeout, the broker has not confirmed in time`),
    )
    for (const id of ['2', '4', '1', '3', '5']) publish(id, { at: 9 })
    for (const id of ['1', '2', '3']) comesBack(id)
    ack(3, true)
    equal(channel.unconfirmed, 5)
    for (const id of ['2', '4', '3']) comesBack(id)
    ack(8, true)
    deepEqual(told, [`2: ${NO_ROUTE}`, `4: ${NO_ROUTE}`, `1: ${NO_ROUTE}`, `3: ${NO_ROUTE}`, '5: taken'])
  })
})

describe('a channel that closes', () => {
  it('has told of everything before, each once', async () => {
    const { channel, driver, told, pool, ack, close } = withMessages(4)
    ack(3)
    close(404, "NOT_FOUND - no exchange 'x'")
    const text = 'Channel closed by server: 404 (NOT-FOUND) with message "NOT_FOUND - no exchange \'x\'"'
    deepEqual(pool, [[undefined, 3], ['missing', 1], ['missing', 2], ['missing', 4], `closed: ${text}`])
    deepEqual(told, ['3: taken'])
    await turn()
    deepEqual(told.slice(1), [`1: missing, ${text}`, `2: missing, ${text}`, `4: missing, ${text}`])
    deepEqual([channel.unconfirmed, driver.unconfirmed], [0, []])
  })

  it('may do so for the size of one message', async () => {
    const { told, close, publish } = scene()
    for (const [id, body] of [
      ['1', 'small'],
      ['2', 'too large'],
      ['3', ''],
    ] as const)
      publish(id, { body })
    close(406, 'PRECONDITION_FAILED - message size 9 is larger than configured max size 8')
    await turn()
    deepEqual(
      told.map((text) => text.split(',')[0]),
      ['1: lost', '2: refused', '3: lost'],
    )
  })

  it('may be lost with its connection', async () => {
    const { driver, told, pool } = withMessages(2)
    driver.toClosed()
    deepEqual(pool, [['lost', 1], ['lost', 2], 'closed: undefined'])
    await turn()
    deepEqual(told, ['1: lost, the connection was lost', '2: lost, the connection was lost'])
  })

  it('is told nothing of what was given up before', async () => {
    const { channel, driver, told, pool, ack } = withMessages(2)
    channel.abandon('stopping')
    ack(2, true)
    driver.toClosed()
    await turn()
    deepEqual(told, ['1: lost, stopping', '2: lost, stopping'])
    equal(pool.length, 3)
  })

  it('has nothing written to it any more: that would cost its connection', async () => {
    const { out, told, pool, close, publish } = scene()
    close(404, 'NOT_FOUND')
    publish('1')
    await turn()
    const text = 'Channel closed by server: 404 (NOT-FOUND) with message "NOT_FOUND"'
    deepEqual(told, [`1: lost, ${text}`])
    deepEqual([out.readableLength, pool], [0, [`closed: ${text}`, ['lost', 0]]])
  })
})
