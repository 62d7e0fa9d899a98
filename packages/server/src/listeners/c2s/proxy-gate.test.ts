import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { test } from 'node:test'
import { settle, story } from '../../testing/story.ts'
import { C2sListener } from './listener.ts'
import { c2sOptions } from './options.ts'

const HEADER = 'PROXY TCP4 192.0.2.1 192.0.2.2 1000 5222\r\n'

async function listening(t: Parameters<typeof story>[0]) {
  const scene = await story(t, { modules: [] })
  const trustedProxy = (ip: string) => ip === '127.0.0.1'
  const listener = new C2sListener(
    scene.kernel,
    c2sOptions(0, { trustedProxy, authTimeoutMs: 30_000, maxConnections: 2 }),
  )
  const port = await listener.listen()
  const open = async (): Promise<Socket> => {
    const before = listener.size
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    socket.resume()
    while (listener.size === before) await settle()
    return socket
  }
  return { scene, listener, port, open }
}

test('S25: a connection whose header is late is closed, one that has sent it is not', async (t) => {
  const { scene, listener, open } = await listening(t)
  const idle = await open()
  const prompt = await open()
  idle.write('PROXY TCP4 192.0.2.1')
  prompt.write(HEADER)
  while (scene.kernel.counters.connectionsAccepted === 0) await settle()
  const closed = once(idle, 'close')
  await scene.wait(29)
  assert.equal(listener.size, 2)
  prompt.destroy()
  while (listener.size === 2) await settle()
  await scene.wait(2)
  await closed
  assert.equal(scene.kernel.counters.connectionsRefused, 1)
  await listener.close()
  assert.equal(listener.size, 0)
})

test('R20: connections that wait for their header do not delay the end of the server', async (t) => {
  const { listener, open } = await listening(t)
  const closed = once(await open(), 'close')
  await Promise.all([listener.close(), closed])
  assert.equal(listener.size, 0)
})

test('connections that wait for their header count for `max_connections`, and leave when their client does', async (t) => {
  const { scene, listener, port, open } = await listening(t)
  const [first, second] = [await open(), await open()]
  await once(
    connect(port, '127.0.0.1')
      .on('error', () => undefined)
      .resume(),
    'close',
  )
  assert.equal(scene.kernel.counters.connectionsRefused, 1)
  first.destroy()
  second.end()
  while (listener.size > 0) await settle()
  assert.equal(scene.kernel.counters.connectionsRefused, 1)
  assert.equal(scene.kernel.counters.connectionsAccepted, 0)
  await listener.close()
})
