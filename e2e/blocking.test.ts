/** Blocking (XEP-0191) between people who see each other, on a server that keeps messages in archives and mailboxes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectDevice, expect, freshUser, story } from '@meerkat/client/testing'
import {
  Block,
  Blocked,
  Blocklist,
  Body,
  Iq,
  type Jid,
  Message,
  Presence,
  Unblock,
  buildBlocking,
  buildMamQuery,
  errorCondition,
  parseMamFin,
  payload,
} from '@meerkat/protocol'
import { type Element } from '@meerkat/xml'
import { startServer } from './harness.ts'

const server = await startServer({
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_disco]
[modules.mod_ping]
[modules.mod_offline]
[modules.mod_blocking]
[modules.mod_mam.pm]`,
})

const chat = (to: { toString(): string }, body: string): Element =>
  Message({ to: to.toString(), type: 'chat' }, Body({}, body))
const command = (kind: typeof Block, ...jids: Jid[]): Element => Iq({ type: 'set' }, buildBlocking(kind, jids))

test('S68, XEP-0191 §3: whoever is blocked sees a user who is away, and reaches nobody', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, friends: true }, async ({ alice, bob }) => {
    await alice.request(command(Block, bob.jid.bare))
    await expect(bob).presence({ type: 'unavailable', from: alice })
    for (const to of [alice.jid, alice.jid.bare]) {
      bob.send(chat(to, 'Can you hear me now?'))
      await expect(bob).error('service-unavailable')
    }
    bob.send(Presence({ type: 'probe', to: alice.jid.bare }))
    await expect(bob).nothing()
    alice.send(chat(bob.jid.bare, 'No.'))
    const refused = await alice.receive((stanza) => stanza.attr('type') === 'error')
    assert.equal(errorCondition(refused), 'not-acceptable')
    assert.ok(refused.elements().some((error) => Blocked.in(error) !== undefined))
    const archived = await alice.request(Iq({ type: 'set' }, buildMamQuery('q', [])))
    assert.equal(parseMamFin(payload(archived)!)?.page?.count, 0)

    await alice.request(command(Unblock))
    await expect(bob).presence({ from: alice })
    bob.send(chat(alice.jid.bare, 'And now?'))
    await alice.receive((stanza) => stanza.name === 'message' && stanza.attr('from') === bob.jid.toString())
  })
})

test('S68: a block holds while the user is away, and when the server is started again', async (t) => {
  const carol = await freshUser(server, 'carol')
  await story(t, { server, users: { bob: 1 } }, async ({ bob }) => {
    const device = await connectDevice(server, carol)
    await device.request(command(Block, bob.jid.bare))
    await device.close()
    bob.send(chat(carol.jid, 'Hark!'))
    await expect(bob).error('service-unavailable')
  })
  await server.restart()
  const device = await connectDevice(server, carol)
  const list = await device.request(Iq({ type: 'get' }, buildBlocking(Blocklist)))
  assert.equal(payload(list)!.elements().length, 1)
  device.send(Presence())
  await expect(device).presence({ from: device })
  await expect(device).nothing()
  await device.close()
})
