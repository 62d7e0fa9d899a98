/** What people tell of themselves: vCards (XEP-0054), searching for them (XEP-0055), last activity (XEP-0012); and commands (XEP-0050). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CommandTag,
  Iq,
  LastQuery,
  Presence,
  SearchQuery,
  SicAddress,
  Status,
  VCard,
  parseCommandAnswer,
  parseLast,
  parseSearchItems,
  parseSicAddress,
  vcardTag,
  vcardText,
} from '@meerkat/protocol'
import { connectDevice, freshUser, story } from '@meerkat/client/testing'
import { type Element, parseElement } from '@meerkat/xml'
import { startServer } from './harness.ts'

const server = await startServer({
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_disco]
[modules.mod_ping]
[modules.mod_vcard]
[modules.mod_last]
[modules.mod_adhoc]
[modules.mod_sic]
[modules.mod_amp]`,
})

const get = (content: Element, to?: string): Element => Iq({ type: 'get', to }, content)
const card = (given: string, family: string): Element =>
  VCard({}, vcardTag('N')({}, vcardTag('FAMILY')({}, family), vcardTag('GIVEN')({}, given)))

/** A user's last status, as the API tells it. */
async function lastStatus(user: string): Promise<unknown> {
  const query = 'query ($user: JID!) { last { getLast(user: $user) { status } } }'
  const data = (await server.graphql(query, { user })) as { last: { getLast: { status: string } } }
  return data.last.getLast.status
}

test('a vCard and the last status outlive the server; strangers see the one and not the other', async (t) => {
  const bob = await freshUser(server, 'bob')
  const device = await connectDevice(server, bob)
  await device.request(Iq({ type: 'set' }, card('Bob', 'Builder')))
  device.send(Presence())
  device.send(Presence({ type: 'unavailable' }, Status({}, 'Heading Home')))
  await device.close()
  await server.restart()
  assert.equal(await lastStatus(bob.jid.toString()), 'Heading Home')
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    const seen = VCard.in(await alice.request(get(VCard(), bob.jid.toString())))
    assert.equal(vcardText(seen!, 'N', 'FAMILY'), 'Builder')
    await assert.rejects(alice.request(get(LastQuery(), bob.jid.toString())), { condition: 'forbidden' })
    const query = parseElement("<query xmlns='jabber:iq:search'><last>build*</last></query>")
    const found = await alice.request(Iq({ type: 'set', to: 'vjud.localhost' }, query))
    assert.deepEqual(
      parseSearchItems(SearchQuery.in(found)!).map((item) => item.get('jid')),
      [bob.jid.toString()],
    )
  })
})

test('the server tells how long it has been running, from where it sees a client, and runs a command', async (t) => {
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    const uptime = parseLast(LastQuery.in(await alice.request(get(LastQuery(), 'localhost')))!)
    assert.ok(uptime !== undefined && uptime.seconds < 3600)
    const seen = parseSicAddress(SicAddress.in(await alice.request(get(SicAddress())))!)
    assert.equal(seen?.ip, '127.0.0.1')
    const ping = await alice.request(Iq({ type: 'set', to: 'localhost' }, CommandTag({ node: 'ping' })))
    assert.equal(parseCommandAnswer(CommandTag.in(ping)!)?.notes?.[0]?.text, 'Pong')
  })
})
