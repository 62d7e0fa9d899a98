import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Message, SmAck, SmEnable, SmRequest, parseJid } from '@meerkat/protocol'
import streamManagement from '../../modules/stream-management/index.ts'
import { DOMAIN, type Story, settle, story } from '../../testing/story.ts'
import { BoundStage } from './bound.ts'
import { c2sOptions } from './options.ts'
import { ClientStream } from './stream.ts'
import type { Wire } from './wire.ts'

/** A stream, and what it does with its wire. */
function streamOf({ kernel }: Pick<Story, 'kernel'>) {
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
  return { stream: new ClientStream(kernel, c2sOptions(0), () => wire, nothing), done }
}

/** What a stream does with its wire while a step waits for `step`. */
async function waiting(t: Parameters<typeof story>[0], step: Promise<void>): Promise<string[]> {
  const { stream, done } = streamOf(await story(t, { modules: [] }))
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

test('XEP-0198 §4: acknowledgements, one for each message, are taken at once: the stream does not stop for them', async (t) => {
  const scene = await story(t, { modules: [[streamManagement]] })
  const { stream, done } = streamOf(scene)
  stream.start(BoundStage.open(stream, parseJid(`juliet@${DOMAIN}/1`)))
  for (const element of [SmEnable(), SmRequest(), SmAck({ h: 0 })]) stream.received(element, 10)
  await settle()
  assert.deepEqual(done, [])
  assert.equal(stream.ended, false)
})
