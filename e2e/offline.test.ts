/** Messages for users who are not there (XEP-0160, RFC 6121 §8.5.2.2). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Body, Message, Presence } from '@meerkat/protocol'
import { connectDevice, expect, freshUser, message, story } from '@meerkat/client/testing'
import { type Element, tag } from '@meerkat/xml'
import { startServer } from './harness.ts'

const server = await startServer({
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_disco]
[modules.mod_ping]
[modules.mod_offline]`,
})

const Delay = tag('urn:xmpp:delay', 'delay')

function chat(to: { toString(): string }, body: string): Element {
  return Message({ to: to.toString(), type: 'chat' }, Body({}, body))
}

test('XEP-0160 §3: what was sent to an absent user comes with the first presence, in order, with its time', async (t) => {
  const bob = await freshUser(server, 'bob')
  await story(t, { server, users: { alice: 1 }, nothingLeft: true }, async ({ alice }) => {
    for (let i = 0; i < 50; i++) alice.send(chat(bob.jid, `${i}`))
    await expect(alice).nothing()
    const device = await connectDevice(server, bob)
    await expect(device).nothing()
    device.send(Presence())
    for (let i = 0; i < 50; i++) {
      const came = await device.receive(message().matches)
      assert.equal(came.attr('from'), alice.jid.toString())
      assert.ok(message({ body: `${i}`, has: Delay }).matches(came))
    }
    await device.barrier()
    device.drop()
    await device.close()

    const later = await connectDevice(server, bob)
    later.send(Presence())
    await expect(later).presence({ from: later })
    await expect(later).nothing()
    await later.close()
  })
})

test('RFC 6121 §8.5.2.2.1: a headline for an absent user is dropped', async (t) => {
  const bob = await freshUser(server, 'bob')
  await story(t, { server, users: { alice: 1 }, nothingLeft: true }, async ({ alice }) => {
    alice.send(Message({ to: bob.jid, type: 'headline' }, Body({}, 'news')))
    await expect(alice).nothing()
    const device = await connectDevice(server, bob)
    device.send(Presence())
    await expect(device).presence({ from: device })
    await expect(device).nothing()
    await device.close()
  })
})

test('R1, R2: what the API has acknowledged for an absent user survives a kill -9, and is delivered once', async () => {
  const [alice, bob] = [await freshUser(server, 'alice'), await freshUser(server, 'bob')]
  for (let i = 0; i < 20; i++)
    await server.graphql(
      'mutation ($from: JID!, $to: JID!, $body: String!) { stanza { sendMessage(from: $from, to: $to, body: $body) { id } } }',
      { from: alice.jid.toString(), to: bob.jid.toString(), body: `${i}` },
    )
  await server.kill('SIGKILL')
  await server.restart()

  const device = await connectDevice(server, bob)
  device.send(Presence())
  for (let i = 0; i < 20; i++) {
    const came = await device.receive(message().matches)
    assert.ok(message({ body: `${i}`, from: alice.jid }).matches(came), `message ${i}`)
  }
  await device.barrier()
  assert.equal(device.drop().filter((stanza) => stanza.name === 'message').length, 0)
  await device.close()
})
