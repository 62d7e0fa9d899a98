import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Message, Presence, StanzaError, Subject, parseJid } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import { userSend } from '../core/stanza-path.ts'
import { type ApiStory, apiStory, codeOf } from './api-story.fixture.ts'
import { type ArchiveReader, archiveReader } from './archive.ts'

const send = (from: string, to: string, body = 'hello') =>
  `mutation { stanza { sendMessage(from: "${from}", to: "${to}", body: "${body}") { id } } }`

const idOf = (data: unknown, field: string): string =>
  (data as { stanza: Record<string, { id: string }> }).stanza[field]!.id

const online = ({ story }: ApiStory, name: string) =>
  story.kernel.directory.setPresence(story.device(name).session, Presence({}), 0)

describe('sending', () => {
  it('sendMessage takes the way of every stanza and answers with the id', async (t) => {
    const api = await apiStory(t, { users: ['bob'], absent: ['alice'] })
    online(api, 'bob')
    const origins: string[] = []
    api.story.host.hooks.add(
      'test',
      userSend.on(({ origin }) => void origins.push(origin)),
    )
    const answer = await api.ask(send('alice@example.com', 'bob@example.com', 'wherefore?'))
    const id = idOf(answer.body.data, 'sendMessage')
    const [message] = api.story.device('bob').take()
    assert.deepEqual(
      ['id', 'type', 'from', 'to'].map((name) => message?.attr(name)),
      [id, 'chat', 'alice@example.com', 'bob@example.com'],
    )
    assert.equal(text(Body.in(message!)), 'wherefore?')
    assert.deepEqual(origins, ['api'])
  })

  it('sendMessageHeadLine sends subject and body as given', async (t) => {
    const api = await apiStory(t, { users: ['bob'], absent: ['alice'] })
    online(api, 'bob')
    const answer = await api.ask(`mutation { stanza {
      sendMessageHeadLine(from: "alice@example.com", to: "bob@example.com/1", subject: "news") { id }
    } }`)
    assert.equal(answer.body.errors, undefined)
    const [message] = api.story.device('bob').take()
    assert.equal(message?.attr('type'), 'headline')
    assert.equal(text(Subject.in(message)), 'news')
    assert.equal(Body.in(message), undefined)
  })

  it('sendStanza routes what is written, with an id when there is none', async (t) => {
    const api = await apiStory(t, { users: ['bob'], absent: ['alice'] })
    const stanza = (attributes: string) =>
      api.ask(
        'mutation ($s: XmlElement) { stanza { sendStanza(stanza: $s) { id } } }',
        {},
        { s: `<message ${attributes}><body>hi</body></message>` },
      )
    const kept = await stanza('id="mine" from="alice@example.com/x" to="bob@example.com/1"')
    assert.equal(idOf(kept.body.data, 'sendStanza'), 'mine')
    const made = await stanza('from="alice@example.com" to="bob@example.com/1"')
    const received = api.story.device('bob').take()
    assert.deepEqual(
      received.map((message) => message.attr('id')),
      ['mine', idOf(made.body.data, 'sendStanza')],
    )
    assert.equal(text(Body.in(received[0]!)), 'hi')
    const codes = [
      await stanza('to="bob@example.com"'),
      await stanza('from="@" to="bob@example.com"'),
      await stanza('from="alice@example.com"'),
      await stanza('from="alice@example.com" to="@"'),
      await stanza('from="nobody@example.com" to="bob@example.com"'),
    ].map(codeOf)
    assert.deepEqual(codes, ['no_sender', 'invalid_sender', 'no_recipient', 'invalid_recipient', 'unknown_user'])
  })

  it('sendStanza takes nothing but stanzas', async (t) => {
    const { ask } = await apiStory(t, { absent: ['alice'] })
    const element = '<stream from=\\"alice@example.com\\" to=\\"b@c\\"/>'
    assert.equal(codeOf(await ask(`mutation { stanza { sendStanza(stanza: "${element}") { id } } }`)), 'invalid_stanza')
  })

  it('the sender has to exist', async (t) => {
    const { ask } = await apiStory(t, { users: ['bob'] })
    const answer = await ask(send('nobody@example.com', 'bob@example.com'))
    assert.deepEqual(answer.body.errors?.[0], {
      message: 'User does not exist',
      path: ['stanza', 'sendMessage'],
      extensions: { from: 'nobody@example.com', code: 'unknown_user' },
    })
    const elsewhere = await ask(send('alice@elsewhere.example', 'bob@example.com'))
    assert.equal(elsewhere.body.errors?.[0]?.message, "User's domain does not exist")
  })

  it('a refused message is an error, not a success', async (t) => {
    const { story, ask } = await apiStory(t, { absent: ['alice', 'bob'] })
    story.host.hooks.add(
      'test',
      userSend.on(() => {
        throw new StanzaError('auth', 'policy-violation', 'Not today')
      }),
    )
    const answer = await ask(send('alice@example.com', 'bob@example.com'))
    assert.equal(codeOf(answer), 'policy_violation')
    assert.equal(answer.body.errors?.[0]?.message, 'Not today')
  })
})

describe('getLastMessages', () => {
  const reader = (asked: unknown[]): ArchiveReader => ({
    keeps: () => true,
    last: async (user, options) => {
      asked.push([user.toString(), options.with?.toString(), options.before, options.limit])
      const stanza = Message({ id: '1' }, Body({}, 'hi'))
      return [{ sender: parseJid('bob@example.com/1'), timestamp: 1_767_225_600_000_001, id: 'A1', stanza }]
    },
  })

  it('asks the archive', async (t) => {
    const { story, ask } = await apiStory(t, { absent: ['alice'] })
    const asked: unknown[] = []
    story.kernel.share(archiveReader, reader(asked))
    const answer = await ask(`{ stanza {
      getLastMessages(caller: "alice@example.com/x", with: "bob@example.com", before: "2026-01-02T00:00:00Z", limit: 900) {
        stanzas { sender timestamp stanza_id stanza } limit
      }
      default: getLastMessages(caller: "alice@example.com") { limit }
    } }`)
    assert.deepEqual(JSON.parse(JSON.stringify(answer.body.data)), {
      stanza: {
        getLastMessages: {
          stanzas: [
            {
              sender: 'bob@example.com/1',
              timestamp: '2026-01-01T00:00:00.000001Z',
              stanza_id: 'A1',
              stanza: "<message xmlns='jabber:client' id='1'><body>hi</body></message>",
            },
          ],
          limit: 500,
        },
        default: { limit: 50 },
      },
    })
    assert.deepEqual(asked, [
      ['alice@example.com', 'bob@example.com', Date.UTC(2026, 0, 2) * 1000, 500],
      ['alice@example.com', undefined, undefined, 50],
    ])
  })

  it('says when there is no such user', async (t) => {
    const { story, ask } = await apiStory(t)
    story.kernel.share(archiveReader, reader([]))
    const answer = await ask('{ stanza { getLastMessages(caller: "nobody@example.com") { limit } } }')
    assert.equal(codeOf(answer), 'unknown_user')
  })
})
