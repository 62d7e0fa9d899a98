import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Events, MARKER, publication } from './events.ts'
import { type Marker, Scanner } from './scanner.ts'
import { wired } from './wired.fixture.ts'

const got = (recipient: number, number: number): Marker => ({ pair: 0, recipient, number, sentAt: 0, intact: true })

test('an item is complete when everybody has it', () => {
  const events = new Events(2)
  events.next()
  assert.equal(events.arrived(got(0, 0)), false)
  assert.equal(events.faultless, false)
  assert.equal(events.arrived(got(1, 0)), true)
  assert.equal(events.faultless, true)
  assert.equal(events.notified, 2)
})

test('an item that comes twice, or not at all, is counted', () => {
  const events = new Events(1)
  for (let item = 0; item < 3; item++) events.next()
  for (const number of [0, 0, 2]) events.arrived(got(0, number))
  events.arrived({ ...got(0, 3), intact: false })
  assert.deepEqual(events.faults, { dup: 1, gap: 1, damaged: 1 })
  assert.equal(events.faultless, false)
})

test('an item is about 1 kB, and its number is found in what a contact gets', () => {
  const [item = ''] = /<item [\s\S]*<\/item>/.exec(publication(7)) ?? []
  assert.ok(item.length > 900 && item.length < 1200, `${item.length} characters`)
  const { client, receive } = wired()
  const markers: Marker[] = []
  const scanner = new Scanner(client, MARKER, (_, marker) => markers.push(marker))
  receive(`<message><event><items>${item.replaceAll("'", '"')}</items></event></message>`)
  assert.deepEqual(
    markers.map(({ number, intact }) => [number, intact]),
    [[7, true]],
  )
  assert.equal(scanner.unmarked, 0)
})
