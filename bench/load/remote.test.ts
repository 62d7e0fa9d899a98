import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Socket, connect, createServer } from 'node:net'
import { test } from 'node:test'
import { RemoteServer } from './remote.ts'
import type { Client } from './client.ts'

const SECOND = 1000

/** A server of a domain, and the streams that came to it. */
async function serverOf(domain: string, timeoutMs = 10 * SECOND) {
  const streams: Client[] = []
  const server = new RemoteServer(domain, timeoutMs, (client) => streams.push(client))
  return { server, streams, port: await server.listen(0) }
}

async function hears(socket: Socket, what: RegExp): Promise<string> {
  for (let said = ''; ;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    said += chunk.toString()
    if (what.test(said)) return said
  }
}

test('XEP-0220: one that shows its domain to another may send over the stream', async (t) => {
  const [ours, theirs] = [await serverOf('ours.test'), await serverOf('theirs.test')]
  t.after(() => [ours, theirs].forEach(({ server }) => server.close()))

  const client = await ours.server.connect('theirs.test', theirs.port)

  assert.equal(theirs.streams.length, 1)
  const came = new Promise<string>((resolve) => theirs.streams[0]!.handle((data) => resolve(data.toString())))
  client.write('<message/>')
  assert.equal(await came, '<message/>')
  client.destroy()
})

test('XEP-0220 §2.2.2: keys are confirmed, also over a stream that has been handed on', async (t) => {
  const { server, streams, port } = await serverOf('theirs.test')
  const socket = connect(port, '127.0.0.1')
  t.after(() => [socket.destroy(), server.close()])

  socket.write("<stream:stream from='ours.test' to='theirs.test'>")
  await hears(socket, /<\/stream:features>/)
  socket.write("<db:result from='ours.test' to='theirs.test'>key</db:result>")
  await hears(socket, /<db:result from='theirs.test' to='ours.test' type='valid'\/>/)
  socket.write("<db:verify id='7' from='ours.test' to='theirs.test'>key</db:verify>")
  await hears(socket, /<db:verify from='theirs.test' to='ours.test' id='7' type='valid'\/>/)

  assert.equal(streams.length, 1)
})

test('a server that refuses is told apart from one that lets in', async (t) => {
  const { server } = await serverOf('ours.test')
  const refusing = createServer((socket) =>
    socket.on('data', (data) => {
      socket.write(data.includes('<db:result') ? "<db:result type='invalid'/>" : '<stream:features/>')
    }),
  ).listen(0, '127.0.0.1')
  await once(refusing, 'listening')
  t.after(() => [server.close(), refusing.close()])

  const { port } = refusing.address() as { port: number }
  await assert.rejects(server.connect('theirs.test', port), /theirs.test refuses ours.test/)
})
