import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { Duplex } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { readIntoShared } from './shared-memory.ts'

/** Both ends of a connection over the loopback: the accepted one first. */
async function connection(t: TestContext): Promise<readonly [Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [Socket]
  t.after(() => {
    for (const socket of [accepted, client]) socket.destroy()
    server.close()
  })
  return [accepted, client]
}

/** A connection that notes what comes, and resolves `all` when so many bytes are there. */
function noted(socket: Socket) {
  const got = { text: '', streamed: 0 }
  const waiting: { count: number; resolve: () => void }[] = []
  const note = (text: string): void => {
    got.text += text
    for (const { count, resolve } of waiting) if (got.text.length >= count) resolve()
  }
  socket.on('data', (chunk: Buffer) => {
    got.streamed += chunk.length
    note(chunk.toString())
  })
  const shared = readIntoShared(socket, (memory, count) => note(memory.toString('utf8', 0, count)))
  const all = (count: number): Promise<void> => new Promise((resolve) => waiting.push({ count, resolve }))
  return { got, shared, all }
}

test('what connections bring comes to each of them, out of the same memory, and none of it by way of Node’s streams', async (t) => {
  const [[one, toOne], [other, toOther]] = [await connection(t), await connection(t)]
  const [first, second] = [noted(one), noted(other)]
  assert.deepEqual([first.shared, second.shared], [true, true], 'this Node lets connections be read so')
  const texts = ['a'.repeat(300_000), 'b'.repeat(300_000)] as const
  const both = Promise.all([first.all(300_000), second.all(300_000)])
  toOne.write(texts[0])
  toOther.write(texts[1])
  await both
  assert.equal(first.got.text, texts[0])
  assert.equal(second.got.text, texts[1])
  assert.equal(first.got.streamed + second.got.streamed, 0)
})

test('what was put back comes first; a pause stops the reading at once; the end is told', async (t) => {
  const [accepted, client] = await connection(t)
  accepted.pause()
  accepted.unshift(Buffer.from('header '))
  const { got, all } = noted(accepted)
  const header = all('header '.length)
  accepted.resume()
  await header
  const more = all('header more'.length).then(() => accepted.pause())
  client.write('more')
  await more
  client.end(' and the rest')
  // Long enough for it to come if it were read: the other direction has come and gone meanwhile.
  accepted.write('to and fro')
  await once(client, 'data')
  assert.equal(got.text, 'header more')
  const ended = once(accepted, 'end')
  accepted.resume()
  await ended
  assert.equal(got.text, 'header more and the rest')
  assert.equal(got.streamed, 'header '.length)
})

test('what is no connection of Node’s own goes on by its events', () => {
  const stream = new Duplex({ read: () => undefined })
  assert.equal(
    readIntoShared(stream as Socket, () => assert.fail('never called')),
    false,
  )
})
