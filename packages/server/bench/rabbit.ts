/** Publications as frames of AMQP, and what the broker says of them: past the driver, and by the driver. CPU time for each, in memory. */
import { Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { ConfirmChannel as DriversConfirmChannel } from 'amqplib'
import { type DriversConnection, readAnswers } from '../src/pools/rabbit-answers.ts'
import { PublishingChannel } from '../src/pools/rabbit-channel.ts'
import { PublicationFrames } from '../src/pools/rabbit-frames.ts'
import { ofDriver } from '../src/pools/testing/driver.ts'

const defs = ofDriver('defs.js') as Record<string, number> & {
  readonly encodeMethod: (id: number, channel: number, fields: object) => Buffer
  readonly encodeProperties: (id: number, channel: number, size: number, fields: object) => Buffer
}
const { makeBodyFrame } = ofDriver('frame.js') as { readonly makeBodyFrame: (channel: number, body: Buffer) => Buffer }

interface Connection extends Omit<DriversConnection, 'channels'> {
  readonly channels: { channel: object; buffer?: Writable }[]
  sendMessage(channel: number, method: number, fields: object, kind: number, properties: object, body: Buffer): void
}
const { Connection } = ofDriver('connection.js') as { readonly Connection: new (stream: Writable) => Connection }
const { Channel } = ofDriver('channel.js') as {
  readonly Channel: new (connection: object) => { accept(frame: object): void }
}
const { ConfirmChannel } = ofDriver('channel_model.js') as {
  readonly ConfirmChannel: new (connection: object) => DriversConfirmChannel
}

const BATCH = 200
/** One confirm is for so many. */
const AT_ONCE = 10
const ROUNDS = 300
const body = JSON.stringify({ to_user_id: 'b@localhost', from_user_id: 'a@localhost/phone', message: 'x'.repeat(150) })
const properties = {
  lane: 1,
  messageId: '1-in',
  timestamp: 1,
  contentType: 'application/json',
  persistent: true,
  mandatory: true,
}
const wire = { ...properties, deliveryMode: 2 }
const nowhere = () => new Writable({ write: (_octets, _encoding, done) => done() })

/** CPU microseconds for one of what `round` does so often; the first rounds are for V8. */
async function cost(round: () => void): Promise<number> {
  let before = process.cpuUsage()
  for (let n = 0; n < 2 * ROUNDS; n++) {
    if (n === ROUNDS) before = process.cpuUsage()
    round()
    await turn()
  }
  const { user, system } = process.cpuUsage(before)
  return Number(((user + system) / ROUNDS / BATCH).toFixed(2))
}

function publishing(past: boolean): () => void {
  const frames = new PublicationFrames(nowhere(), 131_072)
  const connection = new Connection(nowhere())
  connection.channels[1] = { channel: {}, buffer: nowhere() }
  const fields = {
    ticket: 0,
    exchange: 'chat_msg',
    routingKey: 'a@localhost.chat_msg_sent',
    mandatory: true,
    immediate: false,
  }
  const one = past
    ? () => void frames.publish(1, fields.exchange, fields.routingKey, body, properties)
    : () => connection.sendMessage(1, defs['BasicPublish']!, fields, defs['BasicProperties']!, wire, Buffer.from(body))
  return () => {
    for (let n = 0; n < BATCH; n++) one()
  }
}

function confirming(past: boolean): () => void {
  const connection = new Connection(nowhere())
  connection.channels[1] = { channel: {}, buffer: nowhere() }
  const driver = Object.assign(new ConfirmChannel(connection), { ch: 1 })
  const told = () => undefined
  const publisher = (): (() => unknown) => {
    if (!past) return () => driver.publish('chat_msg', 'a@localhost.chat_msg_sent', Buffer.from(body), properties, told)
    const events = { closed: told, ended: told }
    const channel = new PublishingChannel(driver, new PublicationFrames(nowhere(), 131_072), BATCH, events)
    return () => channel.publish('chat_msg', 'a@localhost.chat_msg_sent', body, properties, 0, told)
  }
  const publish = publisher()
  let deliveryTag = 0
  return () => {
    for (let n = 0; n < BATCH; n++) publish()
    for (let n = 0; n < BATCH; n += AT_ONCE)
      driver.emit('ack', { deliveryTag: (deliveryTag += AT_ONCE), multiple: true })
  }
}

function hearing(past: boolean): () => void {
  const connection = new Connection(nowhere())
  const channel = new Channel(connection)
  connection.channels[1] = { channel }
  Object.assign(connection, { stream: { read: () => null } })
  if (past) readAnswers(connection as unknown as DriversConnection)
  const returned = {
    replyCode: 312,
    replyText: 'NO_ROUTE',
    exchange: 'chat_msg',
    routingKey: 'a@localhost.chat_msg_sent',
  }
  const said = Buffer.concat(
    Array.from({ length: BATCH }, (_, n) => [
      defs.encodeMethod(defs['BasicReturn']!, 1, returned),
      defs.encodeProperties(defs['BasicProperties']!, 1, body.length, wire),
      makeBodyFrame(1, Buffer.from(body)),
      defs.encodeMethod(defs['BasicAck']!, 1, { deliveryTag: n + 1, multiple: true }),
    ]).flat(),
  )
  return () => {
    connection.rest = said
    for (let frame = connection.recvFrame(); frame !== false; frame = connection.recvFrame())
      channel.accept(frame as object)
  }
}

console.table([
  { what: 'published', 'past the driver': await cost(publishing(true)), 'the driver': await cost(publishing(false)) },
  {
    what: 'published and confirmed',
    'past the driver': await cost(confirming(true)),
    'the driver': await cost(confirming(false)),
  },
  {
    what: 'returned and confirmed',
    'past the driver': await cost(hearing(true)),
    'the driver': await cost(hearing(false)),
  },
])
