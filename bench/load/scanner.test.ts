import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from './client.ts'
import { Messages } from './messages.ts'
import { type Marker, Scanner, countPresence } from './scanner.ts'
import { SaltedPasswords } from './scram.ts'

const BODY = 150

/** A client whose bytes a test puts in by hand, and what it has written. */
function wired() {
  const client = new Client({
    port: 0,
    domain: 'example.test',
    user: 'u1',
    password: 'p1',
    mechanism: 'PLAIN',
    tls: false,
    salted: new SaltedPasswords(''),
    timeoutMs: 1000,
  })
  let take: (data: Buffer) => void = () => {}
  const written: string[] = []
  client.handle = (handler) => (take = handler)
  client.write = (text) => void written.push(text)
  return { client, written, receive: (text: string) => take(Buffer.from(text)) }
}

/** What a sender of pair 0 puts on the wire: so many messages. */
function sentBy(count: number, askEvery = 0): string {
  const { client, written } = wired()
  const messages = new Messages([client], ['u2@example.test'], BODY, askEvery)
  for (let time = 0; time < count; time++) messages.send(0)
  return written.join('')
}

function scanned(chunks: readonly string[]) {
  const { client, written, receive } = wired()
  const markers: Marker[] = []
  const scanner = new Scanner(client, BODY, (_, marker) => markers.push(marker))
  for (const chunk of chunks) receive(chunk)
  return { markers, scanner, written }
}

test('messages are found wherever the bytes are cut', () => {
  const text = sentBy(3)
  for (let cut = 1; cut < text.length; cut++) {
    const { markers } = scanned([text.slice(0, cut), text.slice(cut)])
    assert.deepEqual(
      markers.map(({ pair, number, intact }) => [pair, number, intact]),
      [
        [0, 0, true],
        [0, 1, true],
        [0, 2, true],
      ],
    )
  }
})

test('a damaged body, an error and a message of somebody else are told apart', () => {
  const text = sentBy(1)
  const { markers, scanner } = scanned([
    text.replace('E~', 'E'),
    "<message type='error'><error/></message>",
    '<message><body>hello</body></message>',
  ])
  assert.deepEqual(
    markers.map(({ intact }) => intact),
    [false],
  )
  assert.equal(scanner.errors, 1)
  assert.equal(scanner.unmarked, 2)
})

test('XEP-0198 §4: an acknowledgement counts every stanza that has come, also when the question is cut', () => {
  const text = `${sentBy(2)}<r xmlns='urn:xmpp:sm:3'/>`
  for (let cut = text.length - 26; cut < text.length; cut++) {
    const { written } = scanned([text.slice(0, cut), text.slice(cut)])
    assert.deepEqual(written, ["<a xmlns='urn:xmpp:sm:3' h='2'/>"])
  }
})

test('a sender asks behind every so many messages', () => {
  assert.equal(sentBy(10, 5).split('<r ').length - 1, 2)
  assert.equal(sentBy(10).split('<r ').length - 1, 0)
})

test('what comes twice, is missing or goes to another user is counted', () => {
  const { client } = wired()
  const messages = new Messages([client], ['u2@example.test'], BODY, 0)
  client.write = () => {}
  for (let time = 0; time < 4; time++) messages.send(0)
  const recipient = wired().client
  const arrive = (pair: number, number: number) =>
    messages.arrived(recipient, { pair, number, sentAt: 0, intact: true })
  arrive(0, 0)
  arrive(0, 0)
  arrive(0, 2)
  arrive(1, 0)
  assert.deepEqual(messages.faults, { dup: 1, gap: 1, misrouted: 1, damaged: 0 })
  assert.equal(messages.faultless, false)
})

test('presences are counted once, wherever the bytes are cut', () => {
  const text = "<presence from='a@example.test/b'/><presence type='unavailable'><x/></presence>"
  for (let cut = 1; cut < text.length; cut++) {
    const { client, receive } = wired()
    const count = countPresence(client)
    receive(text.slice(0, cut))
    receive(text.slice(cut))
    assert.equal(count(), 2)
  }
})
