import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Presence, Status, parseJid } from '@meerkat/protocol'
import mod_last from '../modules/last/index.ts'
import messages from '../modules/messages.ts'
import presence from '../modules/presence/index.ts'
import { type ApiStory, apiStory, codeOf } from './api-story.fixture.ts'
import type { ApiAnswer } from './execute.ts'

const BOB = 'bob@example.com'
/** The time of all stories. */
const BEGIN = '2026-01-01T00:00:00Z'
const told = (micros: string) => `2026-01-01T00:00:${micros}.000000Z`

type Users = readonly { jid: string; timestamp: string | null }[]

/** Bob and two who have never come; Alice is there. */
const four = (t: Parameters<typeof apiStory>[0]): Promise<ApiStory> =>
  apiStory(t, {
    modules: [[messages], [presence], [mod_last]],
    users: ['alice', 'bob'],
    absent: ['carol', 'dave'],
  })

function field<T>(answer: ApiAnswer, name: string): T {
  assert.equal(answer.body.errors, undefined, JSON.stringify(answer.body.errors))
  return (JSON.parse(JSON.stringify(answer.body.data)) as { last: Record<string, T> }).last[name]!
}

const query = (what: string) => `{ last { ${what} } }`
const change = (what: string) => `mutation { last { ${what} } }`
const getLast = query(`getLast(user: "${BOB}") { user timestamp status }`)
const old = (at: string, domain = 'domain: "example.com", ') =>
  `OldUsers(${domain}timestamp: "${at}") { jid timestamp }`

/** Bob leaves ten seconds after the beginning. */
async function bobLeaves({ story }: ApiStory): Promise<void> {
  await story.wait(10)
  const bob = story.device('bob')
  await bob.send(Presence())
  await bob.send(Presence({ type: 'unavailable' }, Status({}, 'tea')))
  await bob.disconnect()
}

describe('getLast and setLast', () => {
  it('tell and set time and status', async (t) => {
    const api = await four(t)
    await bobLeaves(api)
    const left = { user: BOB, timestamp: told('10'), status: 'tea' }
    assert.deepEqual(field(await api.ask(getLast), 'getLast'), left)
    const set = change(`setLast(user: "${BOB}", timestamp: "2020-05-17T09:30:01.5Z", status: "") { timestamp status }`)
    const before = { timestamp: '2020-05-17T09:30:01.000000Z', status: '' }
    assert.deepEqual(field(await api.ask(set), 'setLast'), before)
    assert.deepEqual(field(await api.ask(getLast), 'getLast'), { user: BOB, ...before })
    const now = change(`setLast(user: "${BOB}", status: "x") { timestamp }`)
    assert.deepEqual(field(await api.ask(now), 'setLast'), { timestamp: told('10') })
  })

  it('word their errors as MongooseIM does', async (t) => {
    const { ask } = await four(t)
    const never = await ask(getLast)
    assert.deepEqual(never.body.errors?.[0], {
      message: "Given user's last info not found",
      path: ['last', 'getLast'],
      extensions: { code: 'last_not_found', user: BOB },
    })
    for (const user of ['nobody@example.com', 'nobody@else.example']) {
      assert.equal(codeOf(await ask(query(`getLast(user: "${user}") { status }`))), 'user_does_not_exist')
      assert.equal(codeOf(await ask(change(`setLast(user: "${user}", status: "") { status }`))), 'user_does_not_exist')
    }
  })
})

describe('setLast', () => {
  it('takes no status that XML cannot carry', async (t) => {
    const { ask } = await four(t)
    const hostile = change(`setLast(user: "${BOB}", status: "\\u0000") { timestamp }`)
    assert.equal(codeOf(await ask(hostile)), 'invalid_status')
    assert.equal(codeOf(await ask(getLast)), 'last_not_found')
  })
})

describe('countActiveUsers', () => {
  it('counts who has left after a date', async (t) => {
    const api = await four(t)
    await bobLeaves(api)
    const count = async (rest = '') =>
      field(await api.ask(query(`countActiveUsers(domain: "example.com"${rest})`)), 'countActiveUsers')
    assert.equal(await count(`, timestamp: "${told('09')}"`), 1)
    assert.equal(await count(`, timestamp: "${told('10')}"`), 0)
    assert.equal(await count(), 0)
    const elsewhere = await api.ask(query('countActiveUsers(domain: "else.example")'))
    assert.equal(codeOf(elsewhere), 'domain_not_found')
  })
})

describe('listOldUsers and removeOldUsers', () => {
  it('name who is not connected and has left before a date, or was never there', async (t) => {
    const api = await four(t)
    await bobLeaves(api)
    const list = async (at: string, domain?: string) =>
      field<Users>(await api.ask(query(`list${old(at, domain)}`)), 'listOldUsers').map(({ jid, timestamp }) => [
        jid.split('@')[0],
        timestamp,
      ])
    const never = ['carol', 'dave'].map((name) => [name, null])
    assert.deepEqual(await list(told('10')), never)
    assert.deepEqual(await list(told('11')), [['bob', told('10')], ...never])
    assert.deepEqual(await list(told('11'), ''), [['bob', told('10')], ...never])
    assert.equal(codeOf(await api.ask(query(`list${old(BEGIN, 'domain: "else.example", ')}`))), 'domain_not_found')
  })

  it('remove them with everything that is kept of them, and nobody else', async (t) => {
    const api = await four(t)
    await bobLeaves(api)
    const removed = field<Users>(await api.ask(change(`remove${old(told('11'))}`)), 'removeOldUsers')
    assert.deepEqual(
      removed.map(({ jid }) => jid),
      ['bob', 'carol', 'dave'].map((name) => `${name}@example.com`),
    )
    const { accounts, stores } = api.story.host
    assert.equal(await accounts.exists(parseJid(BOB)), false)
    assert.equal(await accounts.exists(parseJid('alice@example.com')), true)
    assert.equal(await stores.keyedSet('last').count('example.com'), 0)
  })

  it('without a domain leave alone where nothing is known of last activity', async (t) => {
    const { ask, story } = await four(t)
    await story.kernel.modules.stop(story.host, mod_last.key)
    assert.deepEqual(field(await ask(change(`remove${old(told('11'), '')}`)), 'removeOldUsers'), [])
    assert.equal(await story.host.accounts.exists(parseJid(BOB)), true)
    assert.equal(codeOf(await ask(query(`list${old(BEGIN)}`))), 'deps_not_loaded')
  })
})

describe('who may ask', () => {
  it("S80: an admin of a domain about that domain's users, and nothing without a domain", async (t) => {
    const { ask } = await four(t)
    const caller = { role: 'domain_admin', domain: 'example.com' } as const
    assert.equal(codeOf(await ask(getLast, caller)), 'last_not_found')
    assert.equal(field<Users>(await ask(query(`list${old(BEGIN)}`), caller), 'listOldUsers').length, 2)
    assert.equal(codeOf(await ask(query(`list${old(BEGIN, '')}`), caller)), 'no_permissions')
    const other = { ...caller, domain: 'else.example' }
    assert.equal(codeOf(await ask(getLast, other)), 'no_permissions')
    assert.equal(codeOf(await ask(change(`remove${old(BEGIN)}`), other)), 'no_permissions')
  })
})
