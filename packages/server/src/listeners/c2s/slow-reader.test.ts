/** Steps of a stream that wait for a client which reads slowly, or no more (S52). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Message } from '@meerkat/protocol'
import { settle, story } from '../../testing/story.ts'
import { c2sOptions } from './options.ts'
import { ClientStream, type Stage } from './stream.ts'
import type { Wire } from './wire.ts'

/** A stream over a wire whose client takes something when the test says so; its step waits for that `times` times. */
async function scene(t: Parameters<typeof story>[0], times: number) {
  const begun = await story(t, { modules: [] })
  const { kernel } = begun
  const done: string[] = []
  let taken: PromiseWithResolvers<void> | undefined
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
    room: () => (taken ??= Promise.withResolvers<void>()).promise,
    close: () => void done.push('closed'),
    destroy: () => void done.push('dropped'),
    restart: nothing,
    pause: nothing,
    resume: nothing,
    hold: nothing,
    release: nothing,
  }
  const stage: Stage = {
    features: () => [],
    async element() {
      for (let i = 0; i < times; i++) await stream.ready(false)
      done.push('step')
    },
  }
  const stream = new ClientStream(kernel, c2sOptions(0, { authTimeoutMs: 1e9 }), () => wire, nothing)
  stream.start(stage)
  stream.received(Message(), 10)
  const later = async (seconds: number): Promise<void> => {
    begun.clock.advance(seconds)
    stream.endIfStuck()
    await settle()
  }
  const take = async (): Promise<void> => {
    taken?.resolve()
    taken = undefined
    await settle()
  }
  return { kernel, done, later, take }
}

test('S52: a client that reads slowly may take its time, as long as it reads', async (t) => {
  const { kernel, done, later, take } = await scene(t, 5)
  for (let i = 0; i < 5; i++) {
    await later(100)
    assert.deepEqual(done, [])
    await take()
  }
  assert.deepEqual(done, ['step'])
  assert.equal(kernel.counters.slowReadersClosed, 0)
})

test('S52: a client that reads no more is let go as a slow reader; that is no failure of the server', async (t) => {
  const { kernel, done, later } = await scene(t, 5)
  await later(119)
  assert.deepEqual(done, [])
  await later(1)
  assert.deepEqual(done, ['dropped'])
  assert.deepEqual([kernel.counters.slowReadersClosed, kernel.counters.unexpectedErrors], [1, 0])
})
