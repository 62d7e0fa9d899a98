import { deepEqual } from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { ConfirmChannel } from 'amqplib'
import { PublishingChannel } from './rabbit-channel.ts'
import { PublicationFrames } from './rabbit-frames.ts'

test('nothing is written for a channel that is closed: that would cost its connection', async () => {
  const driver = Object.assign(new EventEmitter(), { ch: 3, pushConfirmCallback: () => undefined })
  const out = new PassThrough()
  const ended: (string | undefined)[] = []
  const channel = new PublishingChannel(driver as unknown as ConfirmChannel, new PublicationFrames(out, 4096), 10, {
    closed: (reason) => ended.push(reason),
    ended: (error) => ended.push(error?.problem),
  })
  driver.emit('error', Object.assign(new Error('NOT_FOUND'), { code: 404 }))
  driver.emit('close')
  const properties = {
    lane: 0,
    messageId: '1',
    timestamp: 1,
    contentType: 'text/plain',
    persistent: true,
    mandatory: true,
  }
  const told = Promise.withResolvers<unknown>()
  channel.publish('x', 'k', '{}', properties, 0, (error) => told.resolve(error?.message))
  deepEqual(await told.promise, 'NOT_FOUND')
  await turn()
  deepEqual([out.readableLength, ended], [0, ['NOT_FOUND', 'lost']])
})
