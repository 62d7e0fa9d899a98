import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { settle, story } from '../../testing/story.ts'
import { turn } from '../turn.ts'
import { c2sOptions } from './options.ts'
import { TcpWire } from './tcp-wire.ts'
import type { Receiver } from './wire.ts'

const STREAM = "<stream:stream to='localhost' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"

/** A wire whose receiver notes what it is told, and the peer's end of it. */
async function wired(t: Parameters<typeof story>[0]) {
  const { kernel } = await story(t, { modules: [] })
  const told: string[] = []
  const receiver: Receiver = {
    heard: () => true,
    opened: () => void told.push('opened'),
    received: ({ name }) => void told.push(name),
    finished: () => void told.push('finished'),
    failed: (error) => void told.push(String(error)),
    overflowed: () => void told.push('overflowed'),
    lost: (reason) => void told.push(reason),
    gone: () => void told.push('gone'),
  }
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const wire = new TcpWire(kernel, c2sOptions(0), socket as Socket, { ip: '192.0.2.1', port: 1 }, receiver)
  /** The end of what the peer says, as a socket of Node's tells it. */
  const end = (): void => {
    socket.push(null)
    socket.read(0)
  }
  return { wire, socket, told, end }
}

/** Lets the present turn be one that has no time for anything more; resolves with the next ones, when all is done that had to wait. */
async function later(told: string[], work: () => void): Promise<void> {
  turn.later(() => void told.push('others'))
  work()
  while (turn.isOver) await settle()
}

test('R21: a peer that speaks and goes while there is no time is heard first, and its end is work like other work', async (t) => {
  const { socket, told, end } = await wired(t)
  await later(told, () => {
    socket.push(`${STREAM}<message/>`)
    end()
  })
  assert.deepEqual(told, ['others', 'opened', 'message', 'connection closed'])
})

test('R21: so is the end of a connection that breaks: its receiver hears of it in order', async (t) => {
  const { socket, told } = await wired(t)
  await later(told, () => void socket.destroy(new Error('reset')))
  assert.deepEqual(told, ['others', 'connection lost', 'gone'])
})

test('R21: who has said a little is read on while it waits; who says more, or much, is not until it was heard', async (t) => {
  for (const [said, stops] of [
    [['<message/>'], 0],
    [['<message/>', '<message/>'], 1],
    [[`<message>${' '.repeat(5000)}</message>`], 1],
  ] as const) {
    const { socket, told } = await wired(t)
    socket.push(STREAM)
    await settle()
    const pause = t.mock.method(socket, 'pause')
    await later(told, () => {
      for (const words of said) socket.push(words)
      assert.equal(pause.mock.callCount(), stops)
      assert.equal(socket.isPaused(), stops > 0)
    })
    assert.equal(socket.isPaused(), false)
    assert.deepEqual(told, ['opened', 'others', ...said.map(() => 'message')])
  }
})
