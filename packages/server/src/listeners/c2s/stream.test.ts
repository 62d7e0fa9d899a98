import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Message } from '@meerkat/protocol'
import { settle, story } from '../../testing/story.ts'
import { c2sOptions } from './options.ts'
import { ClientStream } from './stream.ts'
import type { Wire } from './wire.ts'

/** What a stream does with its wire while a step waits for `step`. */
async function waiting(t: Parameters<typeof story>[0], step: Promise<void>): Promise<string[]> {
  const { kernel } = await story(t, { modules: [] })
  const done: string[] = []
  const nothing = (): void => undefined
  const wire: Wire = {
    ip: '192.0.2.1',
    port: 1,
    buffered: 0,
    encrypted: true,
    ready: true,
    limits: c2sOptions(0).beforeLogin,
    channelBinding: () => undefined,
    open: nothing,
    send: () => 0,
    close: nothing,
    destroy: nothing,
    restart: nothing,
    pause: () => void done.push('pause'),
    resume: () => void done.push('resume'),
    hold: () => void done.push('hold'),
    release: () => void done.push('release'),
  }
  const stream = new ClientStream(kernel, c2sOptions(0), () => wire, nothing)
  stream.start({ features: () => [], element: () => step })
  stream.received(Message(), 10)
  return done
}

test('while a step waits, nothing is read from the connection', async (t) => {
  const step = Promise.withResolvers<void>()
  const done = await waiting(t, step.promise)
  assert.deepEqual(done, ['pause'])
  // Whatever is read from the connection is read in a later turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(done, ['pause', 'hold'])
  step.resolve()
  await settle()
  assert.deepEqual(done, ['pause', 'hold', 'resume', 'release'])
})

test('reading does not stop for a step that waits for nothing but promises which are kept', async (t) => {
  const several = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }
  const done = await waiting(t, several())
  await settle()
  assert.deepEqual(done, ['pause', 'resume'])
})
