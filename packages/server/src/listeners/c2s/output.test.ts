import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { Output } from './output.ts'

/** A peer's socket that takes writes only while it is open. */
class Peer extends Writable {
  readonly taken: string[] = []
  #waiting: (() => void) | undefined
  #open: boolean

  constructor(open: boolean) {
    super({ highWaterMark: 16, decodeStrings: false })
    this.#open = open
  }

  override _write(chunk: string, _encoding: BufferEncoding, done: () => void): void {
    this.taken.push(chunk)
    if (this.#open) done()
    else this.#waiting = done
  }

  read(): void {
    this.#open = true
    this.#waiting?.()
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function outputTo(peer: Peer, caps = { outboundBytes: 100, outboundStanzas: 5 }) {
  const seen = { overflows: 0, characters: 0 }
  const output = new Output(peer, caps, {
    overflowed: () => seen.overflows++,
    written: (characters) => (seen.characters += characters),
  })
  return { output, seen }
}

test('what one turn of the event loop brings is one write', async () => {
  const peer = new Peer(true)
  const { output, seen } = outputTo(peer)
  output.add('<a/>')
  output.add('<b/>')
  assert.deepEqual(peer.taken, [])
  await turn()
  assert.deepEqual(peer.taken, ['<a/><b/>'])
  assert.equal(seen.characters, 8)
})

test('while the peer does not read, text waits in order, and goes on when it does', async () => {
  const peer = new Peer(false)
  const { output } = outputTo(peer)
  output.add('<a>0123456789</a>')
  await turn()
  output.add('<b/>')
  await turn()
  output.add('<c/>')
  await turn()
  assert.deepEqual(peer.taken, ['<a>0123456789</a>'])
  peer.read()
  await turn()
  assert.deepEqual(peer.taken, ['<a>0123456789</a>', '<b/><c/>'])
})

test('S52: more bytes than the cap for a peer that does not read overflow once, and are dropped', async () => {
  const peer = new Peer(false)
  const { output, seen } = outputTo(peer)
  for (let i = 0; i < 50; i++) {
    output.add('<message/>')
    await turn()
  }
  assert.equal(seen.overflows, 1)
  assert.ok(seen.characters <= 100)
})

test('S52: more stanzas than the cap for a peer that does not read overflow', async () => {
  const peer = new Peer(false)
  const { output, seen } = outputTo(peer, { outboundBytes: 10_000, outboundStanzas: 5 })
  output.add('<fills-the-socket/>')
  await turn()
  for (let i = 0; i < 5; i++) output.add('<a/>')
  assert.equal(seen.overflows, 0)
  output.add('<a/>')
  assert.equal(seen.overflows, 1)
})

test('S52: a peer that reads may be sent more than the cap in one turn', async () => {
  const peer = new Peer(true)
  const { output, seen } = outputTo(peer)
  for (let i = 0; i < 50; i++) {
    output.add('<message/>'.repeat(4))
    // A real socket hands its bytes to the operating system as it is written to.
    await Promise.resolve()
  }
  await turn()
  assert.equal(seen.overflows, 0)
  assert.equal(peer.taken.join('').length, 2000)
})

test('a socket that takes its bytes only in the next turn, as TLS does, may be sent more than the cap in one turn', async () => {
  const peer = new Peer(false)
  const { output, seen } = outputTo(peer, { outboundBytes: 100, outboundStanzas: 1000 })
  // The first eleven fill the socket.
  for (let i = 0; i < 18; i++) output.add('<message/>')
  assert.equal(seen.overflows, 0)
  assert.equal(peer.taken.length, 1)
  peer.read()
  await turn()
  assert.deepEqual([peer.taken.join('').length, peer.taken.length], [180, 2])
})

test('S52: what waits behind a full socket is bounded, within one turn too', () => {
  const { output, seen } = outputTo(new Peer(false), { outboundBytes: 100, outboundStanzas: 1000 })
  for (let i = 0; i < 30; i++) output.add('<message/>')
  assert.equal(seen.overflows, 1)
  assert.ok(seen.characters <= 110)
})

test('the end comes behind what is in line; later text is ignored', async () => {
  const peer = new Peer(false)
  const { output } = outputTo(peer)
  output.add('<a>0123456789</a>')
  await turn()
  output.add('<b/>')
  output.end()
  output.add('<c/>')
  peer.read()
  await turn()
  assert.deepEqual(peer.taken, ['<a>0123456789</a>', '<b/>'])
  assert.ok(peer.writableFinished)
})

test('what is in line for a connection that is no more is forgotten: to write there would be an error each time', async () => {
  const peer = new Peer(true)
  const { output, seen } = outputTo(peer)
  const failures: Error[] = []
  peer.on('error', (error) => failures.push(error))
  output.add('<a/>')
  output.drop()
  peer.destroy()
  output.add('<b/>')
  await turn()
  assert.deepEqual([peer.taken, failures, seen.characters], [[], [], 0])
})

test('another socket takes over what comes after', async () => {
  const [plain, secure] = [new Peer(false), new Peer(true)]
  const { output } = outputTo(plain)
  output.add('<proceed>0123456789</proceed>')
  output.flush()
  output.move(secure)
  output.add('<features/>')
  await turn()
  assert.deepEqual([plain.taken, secure.taken], [['<proceed>0123456789</proceed>'], ['<features/>']])
})

test('S52: who sends much is told when there is room for more', async () => {
  const peer = new Peer(false)
  const { output, seen } = outputTo(peer)
  assert.equal(output.room(false), undefined)
  output.add('x'.repeat(20))
  assert.equal(output.room(false), undefined, 'what is little waits for the end of the turn')
  output.add('y'.repeat(40))
  const room = output.room(false)
  assert.ok(room instanceof Promise)
  assert.equal(output.room(false), room)
  output.add('z')
  peer.read()
  await room
  assert.equal(peer.taken.join(''), `${'x'.repeat(20)}${'y'.repeat(40)}z`)
  assert.equal(output.room(true), undefined)
  assert.equal(seen.overflows, 0)
})

test('with all, there is room when the socket has taken everything', async () => {
  const peer = new Peer(false)
  const { output } = outputTo(peer)
  output.add('<message>long enough</message>')
  const taken = output.room(true)
  assert.deepEqual(peer.taken, ['<message>long enough</message>'])
  peer.read()
  await taken
  assert.equal(output.room(true), undefined)
})

test('S52: nobody waits for a peer that is gone, or that was closed for reading too slowly', async () => {
  const gone = new Peer(false)
  const { output } = outputTo(gone)
  output.add('x'.repeat(60))
  const waiting = output.room(false)
  assert.ok(waiting instanceof Promise)
  gone.destroy()
  await waiting

  const slow = new Peer(false)
  const { output: full, seen } = outputTo(slow)
  full.add('x'.repeat(60))
  const ended = full.room(false)
  for (let i = 0; i < 6; i++) full.add('x')
  await ended
  assert.equal(seen.overflows, 1)
  assert.equal(full.room(false), undefined)
})
