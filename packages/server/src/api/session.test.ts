import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Presence, Priority, Show, Status } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import { presenceOfUser } from '../core/stanza-path.ts'
import { type ApiStory, apiStory } from './api-story.fixture.ts'
import type { ApiAnswer } from './execute.ts'

const session = (answer: ApiAnswer): Record<string, unknown> => {
  assert.equal(answer.body.errors, undefined, JSON.stringify(answer.body.errors))
  return (JSON.parse(JSON.stringify(answer.body.data)) as { session: Record<string, unknown> }).session
}

const away = ({ story }: ApiStory, name: string) => {
  const presence = Presence({}, Show({}, 'away'), Status({}, 'lunch'), Priority({}, '5'))
  story.kernel.directory.setPresence(story.device(name).session, presence, 5)
}

describe('session queries', () => {
  it('lists sessions with what is known of them', async (t) => {
    const { story, ask } = await apiStory(t, { users: ['alice', 'bob/phone'] })
    story.clock.advance(90)
    const answer = await ask(
      '{ session { listSessions { user connection ip port priority node uptime } countSessions } }',
    )
    const { listSessions, countSessions } = session(answer) as { listSessions: unknown[]; countSessions: number }
    assert.equal(countSessions, 2)
    assert.deepEqual(listSessions[1], {
      user: 'bob@example.com/phone',
      connection: 'c2s',
      ip: '192.0.2.1',
      port: 40_000,
      priority: null,
      node: story.kernel.node,
      uptime: 90,
    })
  })

  it('lists and counts by domain and by user', async (t) => {
    const { ask } = await apiStory(t, { users: ['alice/a', 'alice/b', 'bob'], absent: ['carol'] })
    const answer = await ask(`{ session {
      countSessions(domain: "example.com")
      countUserResources(user: "alice@example.com")
      none: countUserResources(user: "carol@example.com")
      listUserSessions(user: "alice@example.com") { user }
      getUserResource(user: "alice@example.com", number: 2)
    } }`)
    assert.deepEqual(session(answer), {
      countSessions: 3,
      countUserResources: 2,
      none: 0,
      listUserSessions: [{ user: 'alice@example.com/a' }, { user: 'alice@example.com/b' }],
      getUserResource: 'b',
    })
  })

  it('finds users by status', async (t) => {
    const api = await apiStory(t, { users: ['alice', 'bob'] })
    away(api, 'alice')
    const answer = await api.ask(`{ session {
      listUsersWithStatus(status: "away") { user priority text }
      countUsersWithStatus(domain: "example.com", status: "unavailable")
    } }`)
    assert.deepEqual(session(answer), {
      listUsersWithStatus: [{ user: 'alice@example.com/1', priority: 5, text: 'lunch' }],
      countUsersWithStatus: 1,
    })
  })

  const elsewhere = 'elsewhere.example'
  const errors: readonly (readonly [field: string, code: string, details: object])[] = [
    [`listSessions(domain: "${elsewhere}") { user }`, 'domain_not_found', { domain: elsewhere }],
    [
      `countUsersWithStatus(domain: "${elsewhere}", status: "away")`,
      'domain_not_found',
      { domain: elsewhere, status: 'away' },
    ],
    ['listUserSessions(user: "nobody@example.com") { user }', 'user_not_found', { user: 'nobody@example.com' }],
    [`countUserResources(user: "alice@${elsewhere}")`, 'user_not_found', { jid: `alice@${elsewhere}` }],
    [
      'getUserResource(user: "alice@example.com", number: 2)',
      'wrong_res_number',
      { user: 'alice@example.com', number: 2 },
    ],
  ]
  for (const [field, code, details] of errors)
    it(`MongooseIM: ${code}: ${field}`, async (t) => {
      const { ask } = await apiStory(t, { users: ['alice'] })
      assert.deepEqual((await ask(`{ session { ${field} } }`)).body.errors?.[0]?.extensions, { ...details, code })
    })
})

describe('session mutations', () => {
  it('kickUserSession ends one session with the reason', async (t) => {
    const { story, ask } = await apiStory(t, { users: ['alice/a', 'alice/b'] })
    const answer = await ask(
      'mutation { session { kickUserSession(user: "alice@example.com/a", reason: "enough") { jid kicked code message } } }',
    )
    assert.deepEqual(session(answer)['kickUserSession'], {
      jid: 'alice@example.com/a',
      kicked: true,
      code: null,
      message: 'Session kicked',
    })
    assert.equal(story.device('alice/a').closedWith?.text, 'enough')
    assert.equal(story.device('alice/b').closedWith, undefined)
  })

  it('kickUser ends all sessions, with a reason of its own when none is given', async (t) => {
    const { story, ask } = await apiStory(t, { users: ['alice/a', 'alice/b'] })
    const answer = await ask('mutation { session { kickUser(user: "alice@example.com") { kicked } } }')
    assert.deepEqual(session(answer)['kickUser'], [{ kicked: true }, { kicked: true }])
    assert.equal(story.device('alice/b').closedWith?.text, 'Kicked by administrator')
    assert.equal(story.kernel.directory.size, 0)
  })

  it('setPresence says what the client might have said', async (t) => {
    const { story, ask } = await apiStory(t, { users: ['alice'] })
    const said: string[] = []
    story.host.hooks.add(
      'test',
      presenceOfUser.on(({ stanza }) => {
        said.push(
          `${stanza.attr('type')} ${text(Show.in(stanza))} ${text(Status.in(stanza))} ${text(Priority.in(stanza))}`,
        )
        return true
      }),
    )
    const set = (rest: string) =>
      ask(`mutation { session { setPresence(user: "alice@example.com/1", ${rest}) { jid message } } }`)
    const answer = await set('type: AVAILABLE, show: DND, status: "busy", priority: 3')
    assert.deepEqual(session(answer)['setPresence'], {
      jid: 'alice@example.com/1',
      message: 'Presence set successfully',
    })
    await set('type: UNAVAILABLE, show: ONLINE')
    assert.deepEqual(said, ['undefined dnd busy 3', 'unavailable   '])
  })

  const errors: readonly (readonly [field: string, jid: string, code: string, details?: object])[] = [
    ['kickUserSession(user: "alice@example.com/x") { jid }', 'alice@example.com/x', 'no_session', { reason: null }],
    [
      'kickUserSession(user: "nobody@example.com/x", reason: "r") { jid }',
      'nobody@example.com/x',
      'user_not_found',
      { reason: 'r' },
    ],
    ['kickUser(user: "nobody@example.com") { jid }', 'nobody@example.com', 'user_not_found', { reason: null }],
    ['setPresence(user: "alice@example.com", type: AVAILABLE) { jid }', 'alice@example.com', 'empty_resource'],
    ['setPresence(user: "alice@example.com/x", type: AVAILABLE) { jid }', 'alice@example.com/x', 'no_session'],
  ]
  for (const [field, jid, code, details] of errors)
    it(`MongooseIM: ${code}: ${field}`, async (t) => {
      const { ask } = await apiStory(t, { users: ['alice'] })
      const { extensions } = (await ask(`mutation { session { ${field} } }`)).body.errors![0]!
      assert.deepEqual(extensions, { jid, ...details, code })
    })
})
