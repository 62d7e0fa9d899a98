/** The driver hears the same of its publications, whoever reads what the broker says, and however it is cut on its way. */
import { deepEqual, equal } from 'node:assert/strict'
import type { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type DriversConnection, readAnswers } from './rabbit-answers.ts'
import { ofDriver } from './testing/driver.ts'

const defs = ofDriver('defs.js') as Record<string, number> & {
  readonly encodeMethod: (id: number, channel: number, fields: object) => Buffer
  readonly encodeProperties: (id: number, channel: number, size: number, fields: object) => Buffer
}
const { makeBodyFrame, HEARTBEAT_BUF } = ofDriver('frame.js') as {
  readonly makeBodyFrame: (channel: number, payload: Buffer) => Buffer
  readonly HEARTBEAT_BUF: Buffer
}
const { Connection } = ofDriver('connection.js') as {
  readonly Connection: new (stream: PassThrough) => DriversConnection
}
const { Channel } = ofDriver('channel.js') as {
  readonly Channel: new (connection: object) => EventEmitter & { accept(frame: object): void }
}

interface Returned {
  readonly fields: { readonly replyCode: number; readonly replyText: string }
  readonly properties: { readonly messageId?: string }
}

/** What two channels hear when this comes in these pieces. */
function heard(pieces: readonly Buffer[], past: boolean) {
  const connection = new Connection(new PassThrough())
  const told: unknown[] = []
  let frames = 0
  const channels = connection.channels as unknown as { channel: { accept(frame: object): void } }[]
  for (const number of [1, 2]) {
    const channel = new Channel(connection)
    for (const kind of ['ack', 'nack'])
      channel.on(kind, ({ deliveryTag, multiple }) => told.push([number, kind, deliveryTag, multiple]))
    channel.on('return', ({ fields, properties }: Returned) =>
      told.push([number, 'return', fields.replyCode, fields.replyText, properties.messageId]),
    )
    channels[number] = { channel }
  }
  if (past) readAnswers(connection)
  for (const piece of pieces) {
    connection.rest = Buffer.concat([connection.rest, piece])
    for (;;) {
      const frame = connection.recvFrame() as { readonly channel: number; readonly id?: number } | false
      if (frame === false) break
      frames++
      if (frame.channel > 0) channels[frame.channel]!.channel.accept(frame)
    }
  }
  equal(connection.rest.length, 0)
  return { told, frames }
}

const ack = (channel: number, deliveryTag: number, multiple = false): Buffer =>
  defs.encodeMethod(defs['BasicAck']!, channel, { deliveryTag, multiple })
const nack = (channel: number, deliveryTag: number): Buffer =>
  defs.encodeMethod(defs['BasicNack']!, channel, { deliveryTag, multiple: false, requeue: false })
const returned = (channel: number, bodies: readonly string[], properties: object): Buffer => {
  const parts = bodies.map((body) => Buffer.from(body))
  const size = parts.reduce((sum, { length }) => sum + length, 0)
  const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange: 'chat', routingKey: 'älice.sent' }
  return Buffer.concat([
    defs.encodeMethod(defs['BasicReturn']!, channel, fields),
    defs.encodeProperties(defs['BasicProperties']!, channel, size, properties),
    ...parts.map((part) => makeBodyFrame(channel, part)),
  ])
}

const ours = { contentType: 'application/json', deliveryMode: 2, messageId: '1-in', timestamp: 1_750_000_000 }
const everything = {
  ...ours,
  contentEncoding: 'utf-8',
  headers: { 'x-seen': 'yes', at: 3 },
  priority: 4,
  correlationId: 'c',
  replyTo: 'r',
  expiration: '60000',
  messageId: 'ü',
  type: 't',
  userId: 'u',
  appId: 'a',
}

describe('AMQP 0-9-1: what the broker says of publications', () => {
  it('is what the driver would hear, in any pieces', () => {
    const channel = fc.constantFrom(1, 2)
    const tag = fc.integer({ min: 1, max: 2 ** 40 })
    const said = fc.oneof(
      fc.tuple(channel, tag, fc.boolean()).map(([number, at, multiple]) => ack(number, at, multiple)),
      fc.tuple(channel, tag).map(([number, at]) => nack(number, at)),
      fc
        .tuple(
          channel,
          fc.array(fc.string({ minLength: 1, maxLength: 40 }), { maxLength: 3 }),
          fc.constantFrom<object>(ours, everything, { messageId: 'm' }, { timestamp: 1 }, {}),
        )
        .map(([number, bodies, properties]) => returned(number, bodies, properties)),
      fc.constant(HEARTBEAT_BUF),
    )
    fc.assert(
      fc.property(fc.array(said, { maxLength: 12 }), fc.array(fc.nat(2000), { maxLength: 8 }), (all, cuts) => {
        const octets = Buffer.concat(all)
        const places = [0, ...cuts.map((cut) => cut % (octets.length + 1)), octets.length].toSorted((a, b) => a - b)
        const pieces = places.slice(1).map((place, index) => octets.subarray(places[index], place))
        deepEqual(heard(pieces, true).told, heard([octets], false).told)
      }),
    )
  })

  it('is not left to the driver when it has come as a whole', () => {
    const { told, frames } = heard([Buffer.concat([ack(1, 7, true), returned(2, ['{}'], ours), ack(2, 1)])], true)
    deepEqual(told, [
      [1, 'ack', 7, true],
      [2, 'return', 312, 'NO_ROUTE', '1-in'],
      [2, 'ack', 1, false],
    ])
    equal(frames, 0)
  })
})
