import assert from 'node:assert/strict'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { connect, TimeoutError } from '../index.ts'
import { fakeServer } from './fake-server.ts'
import { openRaw, optionsFor, sendPieces, streamHeader } from './index.ts'

/** A server which calls `accept` for each connection. */
async function listening(
  t: { after(stop: () => void): void },
  accept: (socket: Socket) => void,
): Promise<{ host: string; port: number }> {
  const server = createServer(accept)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.after(() => void server.close())
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

test('bytes are written in pieces that begin where they are told to', async (t) => {
  const chunks: string[] = []
  const sink = {
    sendRaw: (bytes: Uint8Array) => void chunks.push(Buffer.from(bytes).toString()),
    flushed: async () => {},
  }
  await sendPieces(sink, 'abcdef', [1, 4])
  assert.deepEqual(chunks.splice(0), ['a', 'bcd', 'ef'])
  await sendPieces(sink, 'abcdefg', 3)
  assert.deepEqual(chunks.splice(0), ['abc', 'def', 'g'])
  await sendPieces(sink, 'abc', [0, 3])
  assert.deepEqual(chunks.splice(0), ['abc'])
  await sendPieces(sink, '', 1)
  assert.deepEqual(chunks, [])
  await assert.rejects(sendPieces(sink, 'abc', 0), RangeError)
  assert.ok(t.name)
})

test('a stream that comes byte by byte, also within a character, is understood', async (t) => {
  const server = await fakeServer(t, { startTls: false })
  const raw = await openRaw(server)
  await sendPieces(raw, `${streamHeader(server)}<message><body>é</body></message>`, 1)
  const answer = await raw.readUntilClose()
  assert.match(answer.toString(), /<not-authorized .*<\/stream:stream>$/)
  assert.equal(raw.bytesReceived, answer.length)
  assert.equal(await raw.closed, undefined)
})

test('a client can send in pieces, too', async (t) => {
  const server = await fakeServer(t)
  const client = await connect(optionsFor(server, undefined, { username: 'juliet', password: 'secret' }))
  await sendPieces(client, `<message id='whole' to='${client.jid}'/>`, 5)
  assert.equal((await client.receive()).attr('id'), 'whole')
  await client.close()
})

test('raw bytes under TLS', async (t) => {
  const server = await fakeServer(t)
  const { host, tlsPort: port, ca } = server
  const raw = await openRaw({ host, port, tls: { ca, servername: server.domain } })
  raw.sendRaw(streamHeader(server))
  const answer = await raw.readUntil('</stream:features>')
  assert.match(answer.toString(), /SCRAM-SHA-256-PLUS/)
  raw.destroy()
  await raw.closed
})

test('what comes is counted, and kept up to a limit', async (t) => {
  const place = await listening(t, (socket) => socket.end('x'.repeat(5000)))
  const raw = await openRaw({ ...place, keep: 100 })
  assert.equal((await raw.readUntilClose()).length, 100)
  assert.equal(raw.bytesReceived, 5000)
})

test('reading in vain says what came', async (t) => {
  const place = await listening(t, (socket) => {
    socket.on('error', () => {})
    socket.write('hello')
    socket.on('data', () => socket.end())
  })
  const raw = await openRaw({ ...place, timeoutMs: 5 })
  await assert.rejects(raw.readUntilClose(), TimeoutError)
  await raw.readUntil('hello', 10_000)
  raw.sendRaw('bye')
  await assert.rejects(raw.readUntil('world', 10_000), /ended without "world"; came: "hello"/)
})
