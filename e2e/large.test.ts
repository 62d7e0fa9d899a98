/** S52: much and large that others have left for a user does not end the connection of a client that reads it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectDevice, freshUser, type TestUser } from '@meerkat/client/testing'
import { Body, Iq, MamResult, Presence, buildMamQuery, buildRsmRequest, parseMamFin, payload } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import { startServer } from './harness.ts'

const MESSAGES = 50
const LARGE = 'x'.repeat(100_000)

// The server keeps as little as it may for a client that does not read: less than one of these messages.
const server = await startServer({
  listeners: { main: { tls: 'starttls', settings: 'limits.max_queue_bytes = 65536' } },
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_disco]
[modules.mod_ping]
[modules.mod_offline]
[modules.mod_mam]
[modules.mod_mam.pm]`,
})

const SEND =
  'mutation ($from: JID!, $to: JID!, $body: String!) { stanza { sendMessage(from: $from, to: $to, body: $body) { id } } }'

/** Leaves large messages for a user who is away; the API answers when each is stored. */
async function plant(user: TestUser): Promise<void> {
  const from = (await freshUser(server, 'attacker')).jid.toString()
  for (let i = 0; i < MESSAGES; i++)
    await server.graphql(SEND, { from, to: user.jid.toString(), body: `${i} ${LARGE}` })
}

const numberOf = (body: string): number => Number(body.slice(0, body.indexOf(' ')))

test('S52: a page of an archive that somebody has filled with large messages', async () => {
  const victim = await freshUser(server, 'victim')
  await plant(victim)
  const client = await connectDevice(server, victim)
  for (let round = 0; round < 2; round++) {
    const answer = await client.request(
      Iq({ type: 'set' }, buildMamQuery(undefined, [], { rsm: buildRsmRequest({ max: MESSAGES }) })),
    )
    assert.equal(parseMamFin(payload(answer)!).complete, true)
    const results = client.drop().filter((stanza) => MamResult.in(stanza) !== undefined)
    assert.equal(results.length, MESSAGES)
  }
  await client.close()
})

test('S52: a mailbox that somebody has filled with large messages', async () => {
  const victim = await freshUser(server, 'victim')
  await plant(victim)
  const client = await connectDevice(server, victim)
  client.send(Presence())
  for (let i = 0; i < MESSAGES; i++) {
    const came = await client.receive((stanza) => stanza.name === 'message')
    assert.equal(numberOf(text(Body.in(came))), i)
  }
  await client.barrier()
  await client.close()
})
