/** SQL in everything that users name, ask and search for, over sockets: it is text, and nothing but text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client } from '@meerkat/client'
import { message, story } from '@meerkat/client/testing'
import {
  Body,
  FULL_TEXT_FIELD,
  Iq,
  Message,
  PrivacyQuery,
  PrivateQuery,
  RosterGroup,
  RosterItem,
  RosterQuery,
  SearchQuery,
  StanzaError,
  VCard,
  buildMamQuery,
  buildPrivacyList,
  buildRsmRequest,
  parseMamFin,
  parsePrivacyItems,
  parseSearchItems,
  payload,
  vcardTag,
} from '@meerkat/protocol'
import { type Element, tag } from '@meerkat/xml'
import { startServer } from './harness.ts'

const server = await startServer({
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_offline]
[modules.mod_privacy]
[modules.mod_private]
[modules.mod_vcard]
[modules.mod_last]
[modules.mod_mam.pm]`,
})

/** What would end a text in a statement, widen a condition or begin another statement, were it not text. */
const TEXTS = [
  `' OR '1'='1`,
  `'; DROP TABLE accounts; --`,
  `" OR ""="`,
  `\\'; DELETE FROM log; --`,
  `%' OR body LIKE '%`,
  `1) OR (1=1`,
  `0 UNION SELECT name FROM sqlite_master`,
  `NEAR("a" "b", 5) OR * - ^ body:`,
  `$1; $2 ?1 :x @y`,
]

const get = (content: Element, to?: string): Element => Iq({ type: 'get', to }, content)
const set = (content: Element, to?: string): Element => Iq({ type: 'set', to }, content)

/** How many messages a query of the archive finds; 0 when it is refused. */
async function found(client: Client, query: Element): Promise<number> {
  try {
    return parseMamFin(payload(await client.request(set(query)))!)?.page?.count ?? 0
  } catch (error) {
    assert.ok(error instanceof StanzaError)
    assert.notEqual(error.condition, 'internal-server-error')
    return 0
  }
}

const ARCHIVED = ['first', 'second', 'third']

test('S87: pages, ids, words and addresses in questions about an archive', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    for (const text of ARCHIVED) bob.send(Message({ to: alice.jid, type: 'chat' }, Body({}, text)))
    await alice.receive(message({ body: 'third' }).matches)
    for (const text of TEXTS) {
      for (const name of ['with', 'start', 'end', 'before-id', 'after-id', 'ids', FULL_TEXT_FIELD])
        assert.equal(await found(alice, buildMamQuery('q', [{ var: name, value: text }])), 0, `${name}: ${text}`)
      for (const rsm of [buildRsmRequest({ max: 5, after: text }), buildRsmRequest({ max: 5, before: text })])
        assert.equal(await found(alice, buildMamQuery(text, [], { rsm })), 0, `page: ${text}`)
    }
    assert.equal(await found(alice, buildMamQuery('q', [])), ARCHIVED.length)
  })
})

test('S87: names of contacts, groups, lists, documents and cards come back as they were', async (t) => {
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    for (const [i, text] of TEXTS.entries()) {
      const jid = `contact${i}@localhost`
      await alice.request(set(RosterQuery({}, RosterItem({ jid, name: text }, RosterGroup({}, text)))))
      const rule = { type: 'group', value: text, action: 'deny', order: i, kinds: [] } as const
      await alice.request(set(PrivacyQuery({}, buildPrivacyList(text, [rule]))))
      const Kept = tag(`urn:example:${text}`, 'kept')
      await alice.request(set(PrivateQuery({}, Kept({ text }))))
      const kept = PrivateQuery.in(await alice.request(get(PrivateQuery({}, Kept()))))!
      assert.equal(Kept.in(kept)?.attr('text'), text)
      const list = PrivacyQuery.in(await alice.request(get(PrivacyQuery({}, buildPrivacyList(text)))))!
      assert.deepEqual(
        parsePrivacyItems(list.elements()[0]!).map(({ value }) => value),
        [text],
      )
    }
    const contacts = RosterQuery.in(await alice.request(get(RosterQuery())))!.elements()
    assert.deepEqual(new Set(contacts.map((item) => item.attr('name'))), new Set(TEXTS))
  })
})

test('S87: what is searched for in the directory is found where it stands, and nowhere else', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    for (const [client, name] of [
      [alice, TEXTS[0]!],
      [bob, 'Builder'],
    ] as const)
      await client.request(set(VCard({}, vcardTag('N')({}, vcardTag('FAMILY')({}, name)))))
    for (const text of TEXTS) {
      const query = SearchQuery({}, tag('jabber:iq:search', 'last')({}, text))
      const rows = parseSearchItems(SearchQuery.in(await bob.request(set(query, 'vjud.localhost')))!)
      const owners = text === TEXTS[0] ? [alice.jid.bare.toString()] : []
      assert.deepEqual(
        rows.map((row) => row.get('jid')),
        owners,
        text,
      )
    }
  })
})

test('S87: arguments of the API', async (t) => {
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    alice.drop()
    for (const status of TEXTS) {
      const asked = 'query ($status: NonEmptyString!) { session { listUsersWithStatus(status: $status) { user } } }'
      const { session } = (await server.graphql(asked, { status })) as { session: { listUsersWithStatus: unknown[] } }
      assert.deepEqual(session.listUsersWithStatus, [])
      const setLast = `mutation ($user: JID!, $status: String!) { last { setLast(user: $user, status: $status) { status } } }`
      const user = alice.jid.bare.toString()
      assert.deepEqual(await server.graphql(setLast, { user, status }), { last: { setLast: { status } } })
    }
    const { account } = (await server.graphql('{ account { countUsers(domain: "localhost") } }')) as {
      account: { countUsers: number }
    }
    assert.equal(account.countUsers, 1)
  })
})
