/** Trials of the suites IM, Mobile and A/V. */
import assert from 'node:assert/strict'
import { openSecureStream } from '@meerkat/client'
import {
  befriend,
  connectDevice,
  expect,
  freshUser,
  message,
  optionsFor,
  removeUser,
  story,
} from '@meerkat/client/testing'
import {
  Block,
  Blocklist,
  CarbonsEnable,
  ClientState,
  CsiActive,
  CsiInactive,
  EXTDISCO_NS,
  ExternalServiceTag,
  ExternalServices,
  Iq,
  MAM_NS,
  PUBSUB_NS,
  PUBLISH_OPTIONS_FORM,
  Presence,
  PrivateQuery,
  PublishOptions,
  Pubsub,
  PubsubItem,
  PubsubItems,
  PubsubPublish,
  RosterQuery,
  Show,
  SmEnable,
  SmEnabled,
  SmResume,
  SmResumed,
  StreamManagement,
  Unblock,
  UploadGet,
  UploadPut,
  UploadRequest,
  UploadSlot,
  VCard,
  buildBlocking,
  buildForm,
  buildMamQuery,
  parseBlocking,
  parseCarbon,
  parseMamFin,
  parseMamResult,
  payload,
  vcardTag,
  vcardText,
} from '@meerkat/protocol'
import { parseElement, serialize, tag } from '@meerkat/xml'
import { type Trial, advertises, alone, between, chat, get, portOf, said, set } from './stage.ts'

/** RFC 6121: a subscription, presence, the roster, and what is for an account as a whole. */
const messaging: Trial = ({ t, server }) =>
  story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    await befriend(alice, bob)
    const [item] = RosterQuery.in(await alice.request(get(RosterQuery())))!.elements()
    assert.deepEqual([item?.attr('jid'), item?.attr('subscription')], [bob.jid.bare.toString(), 'both'])
    bob.send(Presence({}, Show({}, 'away')))
    await alice.receive((stanza) => Presence.is(stanza) && Show.in(stanza) !== undefined)
    alice.send(chat(bob.jid.bare, 'wherever you are'))
    await bob.receive(message({ body: 'wherever you are', from: alice }).matches)
  })

const vcards: Trial = between(async ({ alice, bob }) => {
  advertises(await said(alice), 'vcard-temp')
  await alice.request(set(VCard({}, vcardTag('FN')({}, 'Alice Liddell'))))
  assert.equal(vcardText(VCard.in(await bob.request(get(VCard(), alice.jid.bare)))!, 'FN'), 'Alice Liddell')
})

const carbons: Trial = ({ t, server }) =>
  story(t, { server, users: { alice: 2, bob: 1 } }, async ({ alice, alice2, bob }) => {
    advertises(await said(alice), 'urn:xmpp:carbons:2')
    await alice2.request(set(CarbonsEnable()))
    const own = alice.jid.bare.toString()
    alice.send(chat(bob.jid, 'what I said'))
    const sent = await alice2.receive((stanza) => parseCarbon(stanza, own) !== undefined)
    assert.equal(parseCarbon(sent, own)!.direction, 'sent')
    bob.send(chat(alice.jid, 'what I heard'))
    const received = await alice2.receive((stanza) => parseCarbon(stanza, own) !== undefined)
    assert.equal(parseCarbon(received, own)!.direction, 'received')
  })

const uploads: Trial = alone(async (alice, { server }) => {
  advertises(await said(alice, 'upload.localhost'), 'urn:xmpp:http:upload:0', 'store/file')
  const wanted = UploadRequest({ filename: 'notes.txt', size: 5, 'content-type': 'text/plain' })
  const slot = UploadSlot.in(await alice.request(get(wanted, 'upload.localhost')))!
  const here = (url: string): string => url.replace(/^.*?:\/\/[^/]+/, `http://127.0.0.1:${portOf(server, 'Files')}`)
  const put = await fetch(here(UploadPut.in(slot)!.attr('url')!), {
    method: 'PUT',
    body: 'hello',
    headers: { 'content-type': 'text/plain' },
  })
  assert.equal(put.status, 201)
  assert.equal(await (await fetch(here(UploadGet.in(slot)!.attr('url')!))).text(), 'hello')
})

const blocking: Trial = between(async ({ alice, bob }) => {
  advertises(await said(alice), 'urn:xmpp:blocking')
  await alice.request(set(buildBlocking(Block, [bob.jid.bare])))
  await expect(bob).presence({ type: 'unavailable', from: alice })
  const list = Blocklist.in(await alice.request(get(Blocklist())))!
  assert.deepEqual(parseBlocking(list).map(String), [bob.jid.bare.toString()])
  bob.send(chat(alice.jid, 'hello?'))
  await expect(bob).error('service-unavailable')
  await alice.request(set(buildBlocking(Unblock)))
  await expect(bob).presence({ from: alice })
})

/** XEP-0223: kept, for the owner alone, in as many items as the client likes. */
const privateNodes: Trial = between(async ({ alice, bob }) => {
  const features = ['publish-options', 'persistent-items', 'access-whitelist']
  advertises(await said(alice, alice.jid.bare), ...features.map((name) => `${PUBSUB_NS}#${name}`))
  const node = 'urn:example:secrets'
  const values = { 'pubsub#persist_items': 'true', 'pubsub#access_model': 'whitelist', 'pubsub#max_items': 'max' }
  const fields = Object.entries(values).map(([name, value]) => ({ var: name, value }))
  const form = PublishOptions({}, buildForm({ type: 'submit', formType: PUBLISH_OPTIONS_FORM }, fields))
  const secret = (id: string) => PubsubPublish({ node }, PubsubItem({ id }, tag(node, 'secret')()))
  for (const id of ['one', 'two']) await alice.request(set(Pubsub({}, secret(id), form)))
  const items = PubsubItems.in(Pubsub.in(await alice.request(get(Pubsub({}, PubsubItems({ node })))))!)!
  assert.deepEqual(new Set(PubsubItem.all(items).map((item) => item.attr('id'))), new Set(['one', 'two']))
  await assert.rejects(bob.request(get(Pubsub({}, PubsubItems({ node })), alice.jid.bare)), { name: 'StanzaError' })
})

const privateXml: Trial = alone(async (alice) => {
  const Storage = tag('storage:bookmarks', 'storage')
  await alice.request(
    set(PrivateQuery({}, Storage({}, tag('storage:bookmarks', 'conference')({ jid: 'a@rooms.example' })))),
  )
  const kept = Storage.in(PrivateQuery.in(await alice.request(get(PrivateQuery({}, Storage()))))!)
  assert.equal(kept?.elements()[0]?.attr('jid'), 'a@rooms.example')
})

/** XEP-0198: what was sent over a connection that is lost comes over the next one. */
const management: Trial = async ({ t, server }) => {
  const user = await freshUser(server, 'phone')
  const phone = await connectDevice(server, user)
  assert.ok(StreamManagement.in(phone.features!))
  phone.send(Presence())
  phone.send(SmEnable({ resume: 'true' }))
  const id = (await phone.receive((element) => SmEnabled.is(element))).attr('id')!
  phone.destroy()
  await phone.closed
  await story(t, { server, users: { bob: 1 } }, async ({ bob }) => {
    bob.send(chat(user.jid, 'in a tunnel'))
    await expect(bob).nothing()
    const again = await openSecureStream(optionsFor(server, user))
    await again.authenticate()
    await again.openStream()
    again.send(SmResume({ previd: id, h: '0' }))
    await again.receive((element) => SmResumed.is(element))
    await again.receive(message({ body: 'in a tunnel' }).matches)
    await again.close()
  })
  await removeUser(server, user)
}

const history: Trial = between(async ({ alice, bob }) => {
  advertises(await said(alice, alice.jid.bare), MAM_NS)
  for (const text of ['one', 'two']) bob.send(chat(alice.jid, text))
  await alice.receive(message({ body: 'two' }).matches)
  const answer = await alice.request(set(buildMamQuery('q', [])))
  assert.equal(parseMamFin(payload(answer)!)?.page?.count, 2)
  const found = alice.drop().flatMap((stanza) => parseMamResult(stanza) ?? [])
  assert.deepEqual(
    found.map(({ message: archived }) => archived.attr('from')),
    [bob.jid, bob.jid].map(String),
  )
})

/** The state of the partner comes when it is wanted again, not before. */
const clientState: Trial = between(async ({ alice, bob }) => {
  assert.ok(ClientState.in(alice.features!))
  await alice.barrier()
  alice.drop()
  alice.send(CsiInactive())
  await alice.barrier()
  const { bytesReceived } = alice
  bob.send(Presence({}, Show({}, 'away')))
  // What the server had for her would have come before the second answer.
  for (let i = 0; i < 2; i++) await bob.barrier()
  assert.equal(alice.bytesReceived, bytesReceived)
  alice.send(CsiActive())
  await alice.receive((stanza) => Presence.is(stanza) && Show.in(stanza) !== undefined)
})

/** Elements of the conversation between clients, which no server needs to know. */
const PASSING = [
  "<body xmlns='jabber:client'>/me waves</body>",
  "<active xmlns='http://jabber.org/protocol/chatstates'/>",
  "<request xmlns='urn:xmpp:receipts'/>",
  "<replace xmlns='urn:xmpp:message-correct:0' id='bad1'/>",
]
const JINGLE =
  "<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='a73sjjvkla37jfea'><content creator='initiator' name='a'><description xmlns='urn:xmpp:jingle:apps:file-transfer:5'/><transport xmlns='urn:xmpp:jingle:transports:ibb:1' block-size='4096' sid='ch3d9s71'/></content></jingle>"

const passing: Trial = between(async ({ alice, bob }) => {
  alice.send(chat(bob.jid, '/me waves', ...PASSING.slice(1).map((text) => parseElement(text))))
  const came = await bob.receive(message({ body: '/me waves' }).matches)
  const inside = new Set(came.elements().map((element) => serialize(element)))
  for (const text of PASSING) assert.ok(inside.has(serialize(parseElement(text))), text)
  const asked = alice.request(set(parseElement(JINGLE), bob.jid))
  const iq = await bob.receive((stanza) => stanza.attr('type') === 'set')
  assert.equal(serialize(iq.elements()[0]!), serialize(parseElement(JINGLE)))
  bob.send(Iq({ type: 'result', id: iq.attr('id'), to: iq.attr('from') }))
  await asked
})

const relays: Trial = alone(async (alice) => {
  advertises(await said(alice), EXTDISCO_NS)
  const list = ExternalServices.in(await alice.request(get(ExternalServices(), 'localhost')))!
  const [relay] = ExternalServiceTag.all(list)
  assert.deepEqual([relay?.attr('host'), relay?.attr('type')], ['turn.localhost', 'turn'])
  assert.match(relay!.attr('username') ?? '', new RegExp(`:${alice.jid.bare}$`))
  assert.ok(relay!.attr('password'))
})

/** By the names of the lines, without their specifications. */
export const imTrials: Readonly<Record<string, Trial>> = {
  'IM: Core features': messaging,
  'IM: The vcard-temp specification': vcards,
  'IM: Outbound message synchronization': carbons,
  'IM: File upload': uploads,
  'IM: User blocking': blocking,
  'IM: Persistent storage of private data via publish-subscribe': privateNodes,
  'IM: Private XML storage': privateXml,
  'IM: Stream management': management,
  'IM: Message archive management': history,
  'IM: What clients say to clients': passing,
  'Mobile: Stream management': management,
  'Mobile: Client state indication': clientState,
  'A/V: STUN/TURN server discovery': relays,
}
