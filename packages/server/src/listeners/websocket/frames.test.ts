import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'node:test'
import { type WebSocket, WebSocketServer } from 'ws'
import { FrameLine } from './frames.ts'

/** What lies below a WebSocket, and takes only as much as the test lets it. */
class Below extends Duplex {
  readonly writes: Buffer[] = []
  #waiting: (() => void)[] = []
  open = true

  override _read(): void {}

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.writes.push(Buffer.concat(chunks.map(({ chunk }) => chunk)))
    if (this.open) done()
    else this.#waiting.push(done)
  }

  /** Takes everything from now on. */
  drain(): void {
    this.open = true
    for (const done of this.#waiting.splice(0)) done()
  }
}

async function lineOver(below: Below, caps = { outboundBytes: 1000, outboundStanzas: 10 }) {
  const request = new IncomingMessage(new Socket())
  const key = Buffer.alloc(16).toString('base64')
  request.method = 'GET'
  request.headers = { upgrade: 'websocket', 'sec-websocket-key': key, 'sec-websocket-version': '13' }
  const server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false })
  const socket = await new Promise<WebSocket>((resolve) =>
    server.handleUpgrade(request, below, Buffer.alloc(0), resolve),
  )
  // The answer to the request
  below.writes.length = 0
  let overflows = 0
  return { line: new FrameLine(socket, below, caps, () => overflows++), overflows: () => overflows }
}

/** The texts in short frames that have no mask. */
function textsIn(bytes: Buffer): string[] {
  const texts: string[] = []
  for (let at = 0; at < bytes.length; at += 2 + bytes[at + 1]!)
    texts.push(bytes.subarray(at + 2, at + 2 + bytes[at + 1]!).toString())
  return texts
}

test('what one turn collects leaves as one write, a frame each', async () => {
  const below = new Below()
  const { line } = await lineOver(below)
  for (const text of ['<a/>', '<b/>', '<c/>']) line.add(text)
  assert.equal(below.writes.length, 0)
  await turn()
  assert.deepEqual(below.writes.map(textsIn), [['<a/>', '<b/>', '<c/>']])
})

test('while the peer does not read nothing more is handed over, and then all of it in order', async () => {
  const below = new Below()
  const { line, overflows } = await lineOver(below)
  below.open = false
  line.add('<a/>')
  await turn()
  line.add('<b/>')
  await turn()
  line.add('<c/>')
  await turn()
  assert.equal(below.writes.length, 1)
  below.drain()
  await turn()
  await turn()
  assert.deepEqual(below.writes.map(textsIn), [['<a/>'], ['<b/>', '<c/>']])
  assert.equal(overflows(), 0)
})

test('S52: a peer that does not read costs no more than its cap, in stanzas and in bytes', async () => {
  for (const text of ['<a/>', `<a>${'x'.repeat(400)}</a>`]) {
    const below = new Below()
    const { line, overflows } = await lineOver(below)
    below.open = false
    line.add('<first/>')
    await turn()
    for (let i = 0; i < 50; i++) line.add(text)
    assert.equal(overflows(), 1)
    below.drain()
    await turn()
    assert.equal(below.writes.length, 1)
  }
})

test('S52: a burst of one turn is no overflow where the peer reads', async () => {
  const below = new Below()
  const { line, overflows } = await lineOver(below)
  for (let i = 0; i < 500; i++) line.add('<a/>')
  await turn()
  assert.equal(overflows(), 0)
  assert.equal(below.writes.flatMap(textsIn).length, 500)
})

test('S52: who sends much is told when the peer has taken it', async () => {
  const below = new Below()
  const { line } = await lineOver(below)
  assert.equal(line.room(true), undefined)
  below.open = false
  line.add('<a/>')
  assert.equal(line.room(false), undefined)
  const taken = line.room(true)
  assert.notEqual(taken, undefined)
  below.drain()
  await taken
  assert.equal(line.room(true), undefined)
})

test('nobody waits for a peer that is gone', async () => {
  const below = new Below()
  const { line } = await lineOver(below)
  below.open = false
  line.add('<a/>')
  const taken = line.room(true)
  below.destroy()
  await taken
})
