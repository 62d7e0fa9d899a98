/** What one user tries on another with stanzas, over sockets, with the modules that people run together. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client } from '@meerkat/client'
import { Body, Iq, Message } from '@meerkat/protocol'
import { befriend, expect, message, story } from '@meerkat/client/testing'
import { Element, tag, text } from '@meerkat/xml'
import { startServer } from './harness.ts'
import { NODES } from './process.ts'

const server = await startServer({
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_disco]
[modules.mod_ping]
[modules.mod_carboncopy]
[modules.mod_offline]
[modules.mod_mam.pm]`,
})

const StanzaId = tag('urn:xmpp:sid:0', 'stanza-id')
const MamQuery = tag('urn:xmpp:mam:2', 'query')
const Fin = tag('urn:xmpp:mam:2', 'fin')
const CARBONS = 'urn:xmpp:carbons:2'

/** Makes two users contacts of each other; both have asked for their rosters, as clients do. */
async function acquaint(one: Client, other: Client): Promise<void> {
  for (const client of [one, other]) await client.request(Iq({ type: 'get' }, tag('jabber:iq:roster', 'query')()))
  await befriend(one, other)
  for (const client of [one, other, one]) await client.barrier()
  for (const client of [one, other]) client.drop()
}

function idsOf(stanza: Element): string[] {
  return stanza
    .elements()
    .filter((child) => child.ns === StanzaId.ns && child.name === StanzaId.local)
    .map((child) => `${child.attr('by')} ${child.attr('id')}`)
}

/** Bodies in the archive that `client` may read: its own. */
async function archived(client: Client): Promise<string[]> {
  const answer = client.request(Iq({ type: 'set' }, MamQuery({ queryid: 'q' })))
  const bodies: string[] = []
  const stop = client.onStanza((stanza) => {
    const result = stanza.elements().find(({ name }) => name === 'result')
    if (result !== undefined) bodies.push(bodyWithin(result))
  })
  assert.ok(Fin.in(await answer))
  stop()
  client.drop()
  return bodies
}

function bodyWithin(element: Element): string {
  for (const child of element.elements()) {
    const found = child.name === 'body' ? text(child) : bodyWithin(child)
    if (found !== '') return found
  }
  return ''
}

test('S60: ids that claim to be from the recipient or the server are replaced, however many there are', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    const bare = bob.jid.bare.toString()
    const claims = [bare, bare, bare.toUpperCase(), `${bare}/x`].map(
      (by) => `<stanza-id xmlns='urn:xmpp:sid:0' by='${by}' id='forged'/>`,
    )
    alice.sendRaw(`<message to='${bob.jid}' type='chat'>${claims.join('')}<body>hi</body>${claims[0]}</message>`)
    const came = await bob.receive(message({ from: alice, body: 'hi' }).matches)
    const own = idsOf(came).filter((id) => id.startsWith(`${bare} `))
    assert.equal(own.length, 1)
    assert.notEqual(own[0], `${bare} forged`)
    for (const id of idsOf(came)) assert.ok(!id.toLowerCase().startsWith(`${bare} forged`), id)
  })
})

test('S54: what looks like a copy of somebody else comes, and is kept, as the message that it is', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 2, mallory: 1 } }, async ({ alice, bob, bob2, mallory }) => {
    for (const device of [bob, bob2]) await device.request(Iq({ type: 'set' }, tag(CARBONS, 'enable')()))
    for (const direction of ['sent', 'received']) {
      const inner = `<message xmlns='jabber:client' from='${alice.jid}' to='${bob.jid}' type='chat'><body>forged</body></message>`
      mallory.sendRaw(
        `<message to='${bob.jid}' type='chat'><body>plain</body><${direction} xmlns='${CARBONS}'><forwarded xmlns='urn:xmpp:forward:0'>${inner}</forwarded></${direction}></message>`,
      )
      // It keeps the address of who has sent it; clients trust copies only from the own bare address.
      const came = await bob.receive(message({ body: 'plain' }).matches)
      assert.equal(came.attr('from'), mallory.jid.toString())
    }
    await alice.barrier()
    await expect(alice).nothing()
    bob2.drop()
    assert.deepEqual(await archived(bob), ['plain', 'plain'])
  })
})

test("S56: a roster push that a user makes reaches nobody, and changes nobody's roster", async (t) => {
  await story(t, { server, users: { alice: 1, mallory: 1 } }, async ({ alice, mallory }) => {
    await acquaint(alice, mallory)
    const push = "<query xmlns='jabber:iq:roster'><item jid='evil@localhost' subscription='both'/></query>"
    for (const to of [alice.jid, alice.jid.bare, alice.jid.domain]) {
      mallory.sendRaw(`<iq type='set' id='push' to='${to}'>${push}</iq>`)
      const refusal = await mallory.receive((stanza) => stanza.name === 'iq')
      assert.equal(`${refusal.attr('id')} ${refusal.attr('type')}`, 'push error')
    }
    await expect(alice).nothing()
    // What looks like an answer is no push, and comes from whom it is.
    mallory.sendRaw(`<iq type='result' id='r1' to='${alice.jid}'>${push}</iq>`)
    const answer = await alice.receive((stanza) => stanza.attr('id') === 'r1')
    assert.equal(answer.attr('from'), mallory.jid.toString())
    const roster = await alice.request(Iq({ type: 'get' }, tag('jabber:iq:roster', 'query')()))
    const jids = roster.elements().flatMap((query) => query.elements().map((item) => item.attr('jid')))
    assert.deepEqual(jids, [mallory.jid.bare.toString()])
    // Neither may it be read by another.
    mallory.sendRaw(`<iq type='get' id='r' to='${alice.jid.bare}'><query xmlns='jabber:iq:roster'/></iq>`)
    const forbidden = await mallory.receive((stanza) => stanza.attr('id') === 'r')
    assert.equal(forbidden.attr('type'), 'error')
  })
})

test("S61: another user's archive is not read, and a query sent through somebody's client is theirs to refuse", async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1, mallory: 1 } }, async ({ alice, bob, mallory }) => {
    alice.send(Message({ to: bob.jid.bare, type: 'chat' }, Body({}, 'secret')))
    await bob.receive(message({ body: 'secret' }).matches)
    const query = "<query xmlns='urn:xmpp:mam:2'/>"
    for (const [index, to] of [alice.jid.bare, bob.jid.bare, bob.jid.bare.toString().toUpperCase()].entries()) {
      mallory.sendRaw(`<iq type='set' id='m${index}' to='${to}'>${query}</iq>`)
      const answer = await mallory.receive((stanza) => stanza.name === 'iq' || bodyWithin(stanza) !== '')
      assert.equal(answer.attr('type'), 'error', `${to}`)
    }
    assert.deepEqual(await archived(mallory), [])
    assert.deepEqual(await archived(alice), ['secret'])
  })
})

test('S57: presence subscriptions that answer each other come to an end', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    await acquaint(alice, bob)
    let heard = 0
    const devices = [alice, bob]
    const stops = devices.map((device) => device.onStanza(() => void heard++))
    // Each is the turn of one node; between two, that takes the time of a lost packet now and then.
    const rounds = NODES === 1 ? 50 : 10
    for (let i = 0; i < rounds; i++)
      for (const type of ['subscribe', 'subscribed', 'unsubscribed', 'unsubscribe']) {
        alice.sendRaw(`<presence type='${type}' to='${bob.jid.bare}'/>`)
        bob.sendRaw(`<presence type='${type}' to='${alice.jid.bare}'/>`)
      }
    // What is on its way among the two has come after two rounds; each stanza may cost a few others, and no more.
    for (let round = 0; round < 2; round++) for (const device of devices) await device.barrier()
    for (const stop of stops) stop()
    assert.ok(heard < rounds * 8 * 6, `${heard} stanzas`)
    for (const device of devices) await device.barrier()
    for (const device of devices) device.drop()
    await expect(alice).nothing()
    await expect(bob).nothing()
  })
})
