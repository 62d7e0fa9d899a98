import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Message, Presence, makeJid } from '@meerkat/protocol'
import isolation from '../../modules/domain-isolation.ts'
import lastModule from '../../modules/last/index.ts'
import messages from '../../modules/messages.ts'
import presence from '../../modules/presence/index.ts'
import privateModule from '../../modules/private.ts'
import roster from '../../modules/roster/index.ts'
import vcard from '../../modules/vcard/index.ts'
import { text } from '@meerkat/xml'
import { archiveReader } from '../archive.ts'
import { apiStory, codeOf, dataOf } from '../api-story.fixture.ts'

const MODULES = [[messages], [presence], [roster], [vcard], [privateModule], [lastModule]] as const

describe('a user', () => {
  it('is told who it is', async (t) => {
    const { as } = await apiStory(t, { absent: ['alice'] })
    const query = '{ checkAuth { username authStatus } }'
    assert.deepEqual(dataOf(await as('alice').ask(query)), {
      checkAuth: { username: 'alice@example.com', authStatus: 'AUTHORIZED' },
    })
    assert.deepEqual(dataOf(await as('alice', { role: 'unauthorised' }).ask(query)), {
      checkAuth: { username: 'alice@example.com', authStatus: 'UNAUTHORIZED' },
    })
  })

  it('changes the password and gives up the account', async (t) => {
    const { as, story } = await apiStory(t, { users: ['alice'] })
    const alice = makeJid('alice', 'example.com')
    const change = (password: string) =>
      as('alice').ask('mutation ($p: String!) { account { changePassword(newPassword: $p) } }', { p: password })
    assert.deepEqual(dataOf(await change('other')), { account: { changePassword: 'Password changed' } })
    assert.equal(await story.host.accounts.checkPassword(alice, 'other'), true)
    assert.equal(codeOf(await change('')), 'empty_password')

    assert.deepEqual(dataOf(await as('alice').ask('mutation { account { unregister } }')), {
      account: { unregister: 'User alice@example.com successfully unregistered' },
    })
    assert.equal(await story.host.accounts.exists(alice), false)
    assert.equal(story.device('alice').closedWith?.condition, 'conflict')
    assert.equal(codeOf(await as('alice').ask('mutation { account { unregister } }')), 'not_allowed')
  })

  it('sees the own sessions only', async (t) => {
    const { as } = await apiStory(t, { users: ['alice/a', 'alice/b', 'bob'] })
    const query = '{ session { listResources countResources listSessions { user connection } } }'
    const { session } = dataOf(await as('alice').ask(query)) as { session: Record<string, unknown> }
    assert.deepEqual(session['listResources'], ['a', 'b'])
    assert.equal(session['countResources'], 2)
    assert.deepEqual(
      (session['listSessions'] as { user: string }[]).map(({ user }) => user),
      ['alice@example.com/a', 'alice@example.com/b'],
    )
  })

  it('has private XML and a vCard', async (t) => {
    const { as } = await apiStory(t, { modules: MODULES, absent: ['alice', 'bob'] })
    const stored = await as('alice').ask(
      `mutation { private { setPrivate(elementString: "<notes xmlns='urn:n'>x</notes>") }
         vcard { setVcard(vcard: { formattedName: "Alice", nameComponents: {} }) { formattedName } } }`,
    )
    dataOf(stored)
    const read = '{ private { getPrivate(element: "notes", nameSpace: "urn:n") } }'
    assert.deepEqual(dataOf(await as('alice').ask(read)), { private: { getPrivate: "<notes xmlns='urn:n'>x</notes>" } })
    assert.deepEqual(dataOf(await as('bob').ask(read)), { private: { getPrivate: "<notes xmlns='urn:n'/>" } })
    const card = '{ vcard { getVcard(user: "alice@example.com") { formattedName } } }'
    assert.deepEqual(dataOf(await as('bob').ask(card)), { vcard: { getVcard: { formattedName: 'Alice' } } })
    assert.deepEqual(dataOf(await as('alice').ask('{ vcard { getVcard { formattedName } } }')), {
      vcard: { getVcard: { formattedName: 'Alice' } },
    })
  })

  it('XEP-0054 §3.3: does not learn whether somebody exists who has no vCard', async (t) => {
    const { as } = await apiStory(t, { modules: MODULES, absent: ['alice', 'bob'] })
    for (const other of ['bob', 'nobody'])
      assert.equal(
        codeOf(await as('alice').ask(`{ vcard { getVcard(user: "${other}@example.com") { formattedName } } }`)),
        'vcard_not_found',
      )
  })

  it('S80: has no vCards of other domains where domains are isolated', async (t) => {
    const { as, story } = await apiStory(t, { modules: [...MODULES, [isolation]], absent: ['alice'] })
    story.kernel.hosts.addDomain('other.example', story.host)
    const bob = makeJid('bob', 'other.example')
    await story.host.accounts.register(bob, 'x')
    const set = 'mutation { vcard { setVcard(vcard: { formattedName: "Bob", nameComponents: {} }) { formattedName } } }'
    dataOf(await as('bob', { user: bob }).ask(set))
    const get = '{ vcard { getVcard(user: "bob@other.example") { formattedName } } }'
    dataOf(await as('bob', { user: bob }).ask(get))
    assert.equal(codeOf(await as('alice').ask(get)), 'vcard_not_found')
  })

  it('XEP-0012 §8: sees the last activity of those whose presence it may see', async (t) => {
    const { as } = await apiStory(t, { modules: MODULES, absent: ['alice', 'bob'] })
    const set = 'mutation { last { setLast(timestamp: "2026-01-02T03:04:05Z", status: "gone") { timestamp } } }'
    dataOf(await as('bob').ask(set))
    const get = (user: string) => `{ last { getLast${user} { timestamp status } } }`
    const seen = { last: { getLast: { timestamp: '2026-01-02T03:04:05.000000Z', status: 'gone' } } }
    assert.deepEqual(dataOf(await as('bob').ask(get(''))), seen)
    const ofBob = get('(user: "bob@example.com")')
    assert.equal(codeOf(await as('alice').ask(ofBob)), 'not_allowed')
    assert.equal(codeOf(await as('alice').ask(get('(user: "nobody@example.com")'))), 'not_allowed')
    const connect = 'mutation { roster { subscription(contact: "bob@example.com", action: INVITE) } }'
    dataOf(await as('alice').ask(connect))
    dataOf(await as('bob').ask(connect.replace('bob@', 'alice@').replace('INVITE', 'ACCEPT')))
    assert.deepEqual(dataOf(await as('alice').ask(ofBob)), seen)
  })

  it('MongooseIM: is told which module is missing', async (t) => {
    const { as } = await apiStory(t, { absent: ['alice'] })
    const answer = await as('alice').ask('{ roster { listContacts { jid } } }')
    assert.deepEqual(answer.body.errors?.[0]?.extensions, {
      not_loaded_modules: ['mod_roster'],
      code: 'deps_not_loaded',
    })
  })
})

describe('stanzas of a user', () => {
  it('are sent in the own name, with or without a resource', async (t) => {
    const { as, story } = await apiStory(t, { modules: MODULES, users: ['bob'], absent: ['alice'] })
    await story.device('bob').send(Presence())
    story.device('bob').take()
    dataOf(await as('alice').ask('mutation { stanza { sendMessage(to: "bob@example.com", body: "hi") { id } } }'))
    const query = `mutation ($s: XmlElement) { stanza {
      sendMessageHeadLine(from: "alice@example.com/phone", to: "bob@example.com", subject: "s") { id }
      sendStanza(stanza: $s) { id } } }`
    dataOf(await as('alice').ask(query, { s: "<message to='bob@example.com' type='chat'><body>raw</body></message>" }))
    const received = story.device('bob').take()
    assert.deepEqual(
      received.map((message) => [message.attr('from'), text(Body.in(message))]),
      [
        ['alice@example.com', 'hi'],
        ['alice@example.com/phone', ''],
        ['alice@example.com', 'raw'],
      ],
    )
  })

  it("S3: never in another's name", async (t) => {
    const { as, story } = await apiStory(t, { users: ['bob'], absent: ['alice', 'carol'] })
    const forged = [
      'sendMessage(from: "carol@example.com", to: "bob@example.com", body: "x")',
      'sendMessageHeadLine(from: "carol@example.com", to: "bob@example.com", subject: "x")',
      `sendStanza(stanza: "<message from='carol@example.com' to='bob@example.com'/>")`,
    ]
    for (const field of forged)
      assert.equal(codeOf(await as('alice').ask(`mutation { stanza { ${field} { id } } }`)), 'invalid_sender', field)
    assert.deepEqual(story.device('bob').received, [])
  })

  it('S3: never with characters that XML cannot carry', async (t) => {
    const { as, story } = await apiStory(t, { users: ['bob'], absent: ['alice'] })
    const query = 'mutation ($b: String!) { stanza { sendMessage(to: "bob@example.com", body: $b) { id } } }'
    assert.equal(codeOf(await as('alice').ask(query, { b: 'a\u0000b' })), 'bad_request')
    assert.deepEqual(story.device('bob').received, [])
  })

  it('are read from the own archive', async (t) => {
    const asked: string[] = []
    const { as, story } = await apiStory(t, { absent: ['alice'] })
    story.kernel.share(archiveReader, {
      keeps: () => true,
      last: async (user, { limit }) => {
        asked.push(`${user} ${limit}`)
        return []
      },
    })
    assert.deepEqual(dataOf(await as('alice').ask('{ stanza { getLastMessages(limit: 900) { limit } } }')), {
      stanza: { getLastMessages: { limit: 500 } },
    })
    assert.deepEqual(asked, ['alice@example.com 500'])
  })

  it('are watched as they come, until the stream or the account ends', async (t) => {
    const { as, story } = await apiStory(t, { users: ['bob'], absent: ['alice'] })
    const stream = await as('alice').watch('subscription { stanza { subscribeForMessages { sender } } }')
    assert.ok(!('status' in stream))
    await story.device('bob').send(Message({ to: 'alice@example.com', type: 'chat' }, Body({}, 'hi')))
    assert.deepEqual(JSON.parse(JSON.stringify(await stream.next())), {
      value: { data: { stanza: { subscribeForMessages: { sender: 'bob@example.com/1' } } } },
      done: false,
    })
    dataOf(await as('alice').ask('mutation { account { unregister } }'))
    assert.equal((await stream.next()).done, true)
  })
})
