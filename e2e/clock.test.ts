/** A clock that is behind the ids of before when the server starts again. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { type Client } from '@meerkat/client'
import { connectDevice, freshUser } from '@meerkat/client/testing'
import { Body, Iq, MamResult, Message, buildMamQuery } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { startServer } from './harness.ts'

const server = await startServer({ modules: '[modules.mod_mam]\n[modules.mod_mam.pm]' })

/** The greatest time that the server says it has given, in microseconds; changed by `moved` if given. */
function mark(moved = 0): number {
  const db = new DatabaseSync(join(server.folder, 'data/meerkat.db'))
  try {
    db.prepare(`UPDATE store_value SET content = CAST(content AS INTEGER) + ? WHERE store = 'clock'`).run(moved)
    return Number(db.prepare(`SELECT content FROM store_value WHERE store = 'clock'`).get()?.['content'])
  } finally {
    db.close()
  }
}

/** The results of everything in the archive, in its order. */
async function archived(client: Client): Promise<Element[]> {
  await client.request(Iq({ type: 'set' }, buildMamQuery(undefined, [])))
  return client.drop().flatMap((stanza) => MamResult.in(stanza) ?? [])
}

/** The microseconds in an archive id: digits of base 32, 0–9 and A–V, and eight bits for the node. */
const microsOf = (id = ''): number =>
  Number(Array.from(id).reduce((sum, digit) => sum * 32n + BigInt(parseInt(digit, 32)), 0n) >> 8n)

const keep = async (client: Client, body: string): Promise<void> => {
  client.send(Message({ to: client.jid.bare.toString(), type: 'chat' }, Body({}, body)))
  await client.request(Iq({ type: 'set' }, buildMamQuery(undefined, [])))
  client.drop()
}

test('R9: archive ids go on growing when the server starts with a clock that is an hour behind the one of before', async () => {
  const user = await freshUser(server, 'alice')
  const before = await connectDevice(server, user)
  await keep(before, 'first')
  await before.close()
  await server.stop()
  // As a server leaves it whose clock is an hour ahead of the one that comes now.
  const last = mark(3_600_000_000)
  await server.restart()
  const after = await connectDevice(server, user)
  await keep(after, 'second')
  const results = await archived(after)
  assert.deepEqual(new Set(results.map((result) => text(Body.in(messageOf(result))))), new Set(['first', 'second']))
  assert.ok(microsOf(results.at(-1)!.attr('id')) > last)
  await after.close()
  await server.deleteUser(user.username)
})

function messageOf(result: Element): Element {
  return result
    .elements()[0]!
    .elements()
    .find((child) => child.name === 'message')!
}
