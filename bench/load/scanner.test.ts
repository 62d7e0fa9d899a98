import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Messages } from './messages.ts'
import { type Marker, Scanner, countPresence } from './scanner.ts'
import { wired } from './wired.fixture.ts'

const BODY = 150

/** What a sender of pair 0 puts on the wire: so many messages. */
function sentBy(count: number, askEvery = 0): string {
  const { client, written } = wired()
  const messages = new Messages([client], ["to='u2@example.test'"], BODY, askEvery)
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
  const messages = new Messages([client], ["to='u2@example.test'"], BODY, 0)
  client.write = () => {}
  for (let time = 0; time < 4; time++) messages.send(0)
  const arrive = (pair: number, number: number) =>
    messages.arrived({ pair, recipient: 0, number, sentAt: 0, intact: true })
  arrive(0, 0)
  arrive(0, 0)
  arrive(0, 2)
  arrive(1, 0)
  assert.deepEqual(messages.faults, { dup: 1, gap: 1, misrouted: 1, damaged: 0 })
  assert.equal(messages.faultless, false)
})

test('a connection that has what is for many tells the recipients apart', () => {
  const { client, receive } = wired()
  const recipients: number[] = []
  const scanner = new Scanner(
    client,
    BODY,
    (_, { recipient }) => recipients.push(recipient),
    (head) => Number(/ to='u(\d+)@/.exec(head)?.[1]),
  )
  receive(`${sentBy(1)}${sentBy(1).replace('u2@', 'u7@')}`)
  assert.deepEqual(recipients, [2, 7])
  assert.equal(scanner.unmarked, 0)
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
