import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import messages from '../modules/messages.ts'
import presence from '../modules/presence/index.ts'
import roster from '../modules/roster/index.ts'
import { type ApiStory, apiStory, codeOf, dataOf } from './api-story.fixture.ts'

const begin = (t: TestContext): Promise<ApiStory> =>
  apiStory(t, { modules: [[messages], [presence], [roster]], absent: ['alice', 'bob', 'carol'] })

const ALICE = 'user: "alice@example.com"'
const BOB = 'contact: "bob@example.com"'
const mutate = (field: string) => `mutation { roster { ${field} } }`
const contactsQuery = (user: string) =>
  `{ roster { listContacts(user: "${user}@example.com") { jid name groups subscription ask } } }`
const jids = (...names: string[]) => names.map((name) => ({ jid: `${name}@example.com`, name }))

const contactsOf = async ({ ask }: ApiStory, user = 'alice'): Promise<unknown> =>
  (dataOf(await ask(contactsQuery(user))) as { roster: { listContacts: unknown } }).roster.listContacts

describe('rosters through the API', () => {
  it('MongooseIM: contacts are added, shown and removed', async (t) => {
    const api = await begin(t)
    assert.deepEqual(dataOf(await api.ask(mutate(`addContact(${ALICE}, ${BOB}, name: "Bob", groups: ["friends"])`))), {
      roster: { addContact: 'Contact added successfully' },
    })
    const bob = { jid: 'bob@example.com', name: 'Bob', groups: ['friends'], subscription: 'NONE', ask: 'NONE' }
    assert.deepEqual(await contactsOf(api), [bob])
    assert.deepEqual(dataOf(await api.ask(mutate(`deleteContact(${ALICE}, ${BOB})`))), {
      roster: { deleteContact: 'Contact bob@example.com deleted successfully' },
    })
    assert.deepEqual(await contactsOf(api), [])
  })

  it('MongooseIM: who does not exist is named', async (t) => {
    const { ask } = await begin(t)
    const error = async (query: string) => {
      const { message, extensions } = (await ask(query)).body.errors![0]!
      return [extensions['code'], message]
    }
    assert.deepEqual(await error(mutate(`addContact(${ALICE}, contact: "nobody@example.com")`)), [
      'user_not_exist',
      'The user nobody@example.com does not exist',
    ])
    assert.deepEqual(await error(mutate(`deleteContact(${ALICE}, ${BOB})`)), [
      'contact_not_found',
      'Cannot remove bob@example.com contact that does not exist',
    ])
    assert.deepEqual(await error(`{ roster { getContact(${ALICE}, ${BOB}) { jid } } }`), [
      'contact_not_found',
      'Given contact does not exist',
    ])
    assert.deepEqual(await error('{ roster { listContacts(user: "alice@elsewhere.example") { jid } } }'), [
      'unknown_domain',
      'Domain not found',
    ])
  })

  it('S80: nobody learns who exists at other domains', async (t) => {
    const { ask, as, story } = await begin(t)
    story.kernel.hosts.addDomain('other.example', story.host)
    const add = (contact: string) => mutate(`addContact(${ALICE}, contact: "${contact}@other.example")`)
    const caller = { role: 'domain_admin', domain: 'example.com' } as const
    assert.equal(codeOf(await ask(add('nobody'), caller)), undefined)
    assert.equal(codeOf(await ask(add('nobody'))), 'user_not_exist')
    const own = mutate('addContact(contact: "nobody@other.example")')
    assert.equal(codeOf(await as('alice').ask(own)), undefined)
  })

  it('MongooseIM: subscriptions are asked for and answered', async (t) => {
    const api = await begin(t)
    assert.deepEqual(dataOf(await api.ask(mutate(`subscription(${ALICE}, ${BOB}, action: INVITE)`))), {
      roster: { subscription: 'Subscription stanza with type subscribe sent successfully' },
    })
    const one = async () => ((await contactsOf(api)) as { subscription: string; ask: string }[])[0]!
    assert.equal((await one()).ask, 'OUT')
    const asked = { jid: 'alice@example.com', name: '', groups: [], subscription: 'NONE', ask: 'IN' }
    assert.deepEqual(await contactsOf(api, 'bob'), [asked])
    const got = 'getContact(user: "bob@example.com", contact: "alice@example.com") { ask }'
    assert.deepEqual(dataOf(await api.ask(`{ roster { ${got} } }`)), { roster: { getContact: { ask: 'IN' } } })
    dataOf(await api.ask(mutate('subscription(user: "bob@example.com", contact: "alice@example.com", action: ACCEPT)')))
    assert.deepEqual([(await one()).subscription, (await one()).ask], ['TO', 'NONE'])
    dataOf(await api.ask(mutate(`subscription(${ALICE}, ${BOB}, action: CANCEL)`)))
    assert.equal((await one()).subscription, 'NONE')
  })

  it('a request that is deleted is one that is refused', async (t) => {
    const api = await begin(t)
    dataOf(await api.ask(mutate(`subscription(${ALICE}, ${BOB}, action: INVITE)`)))
    dataOf(await api.ask(mutate('deleteContact(user: "bob@example.com", contact: "alice@example.com")')))
    assert.deepEqual(await contactsOf(api, 'bob'), [])
    assert.deepEqual(
      ((await contactsOf(api)) as { ask: string }[]).map(({ ask }) => ask),
      ['NONE'],
    )
  })

  it('MongooseIM: users are made to see each other, one by one and all together', async (t) => {
    const api = await begin(t)
    const both = 'setMutualSubscription(userA: "alice@example.com", userB: "bob@example.com", action: '
    assert.deepEqual(dataOf(await api.ask(mutate(`${both} CONNECT)`))), {
      roster: {
        setMutualSubscription: 'Subscription between users alice@example.com and bob@example.com created successfully',
      },
    })
    dataOf(await api.ask(mutate(`${both} DISCONNECT)`)))
    assert.deepEqual(await contactsOf(api), [])

    const query = 'mutation ($c: [ContactInput!]!) { roster { subscribeAllToAll(contacts: $c) } }'
    const { roster: done } = dataOf(await api.ask(query, {}, { c: jids('alice', 'bob', 'carol') })) as {
      roster: { subscribeAllToAll: string[] }
    }
    assert.equal(done.subscribeAllToAll.length, 3)
    const seen = (await contactsOf(api)) as { jid: string; name: string; subscription: string }[]
    assert.deepEqual(
      seen.map(({ jid, name, subscription }) => [jid, name, subscription]),
      [
        ['bob@example.com', 'bob', 'BOTH'],
        ['carol@example.com', 'carol', 'BOTH'],
      ],
    )
  })

  it('what fails in a list is an error of its place, and the others are done', async (t) => {
    const api = await begin(t)
    const query = `mutation ($c: [ContactInput!]!) { roster { addContacts(${ALICE}, contacts: $c) } }`
    const { body } = await api.ask(query, {}, { c: jids('bob', 'nobody', 'carol') })
    assert.deepEqual(
      body.errors?.map(({ path }) => path),
      [['roster', 'addContacts', 1]],
    )
    assert.equal(((await contactsOf(api)) as unknown[]).length, 2)
  })

  it('S57: the limits are those of clients', async (t) => {
    const api = await begin(t)
    const query = `mutation ($n: String, $g: [String!]) { roster { addContact(${ALICE}, ${BOB}, name: $n, groups: $g) } }`
    const refused = async (variables: object) => codeOf(await api.ask(query, {}, { ...variables }))
    assert.equal(await refused({ n: 'x'.repeat(2000) }), 'internal')
    assert.equal(await refused({ g: Array.from({ length: 200 }, (_, i) => `g${i}`) }), 'internal')
    assert.equal(await refused({ n: 'a\u0001' }), 'bad_request')
    assert.deepEqual(await contactsOf(api), [])
  })

  it('S81: a request does not have everything done at once', async (t) => {
    const { ask } = await begin(t)
    const many = Array.from({ length: 60 }, (_, i) => ({ jid: `u${i}@example.com`, name: '' }))
    const query = 'mutation ($c: [ContactInput!]!) { roster { subscribeAllToAll(contacts: $c) } }'
    assert.equal(codeOf(await ask(query, {}, { c: many })), 'too_many')
    const remove = `mutation ($c: [JID!]!) { roster { deleteContacts(${ALICE}, contacts: $c) } }`
    const lots = Array.from({ length: 1001 }, (_, i) => `u${i}@example.com`)
    assert.equal(codeOf(await ask(remove, {}, { c: lots })), 'too_many')
  })

  it('a user changes the own roster', async (t) => {
    const { as } = await begin(t)
    const query = `mutation { roster { addContact(${BOB}) addContacts(contacts: [{ jid: "carol@example.com", name: "C" }]) } }`
    dataOf(await as('alice').ask(query))
    assert.deepEqual(dataOf(await as('alice').ask('{ roster { listContacts { jid } } }')), {
      roster: { listContacts: [{ jid: 'bob@example.com' }, { jid: 'carol@example.com' }] },
    })
    dataOf(await as('alice').ask(mutate(`deleteContacts(contacts: ["carol@example.com"]) deleteContact(${BOB})`)))
    assert.deepEqual(dataOf(await as('bob').ask('{ roster { listContacts { jid } } }')), {
      roster: { listContacts: [] },
    })
  })
})
