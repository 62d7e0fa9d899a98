import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Message, makeJid } from '@meerkat/protocol'
import { type PersonalData, personalData } from '../core/personal-data.ts'
import last from '../modules/last/index.ts'
import mam from '../modules/mam/index.ts'
import messages from '../modules/messages.ts'
import offline from '../modules/offline/index.ts'
import presence from '../modules/presence/index.ts'
import privacy from '../modules/privacy/index.ts'
import privateModule from '../modules/private.ts'
import roster from '../modules/roster/index.ts'
import vcard from '../modules/vcard/index.ts'
import { apiStory, codeOf, dataOf } from './api-story.fixture.ts'

const MODULES = [
  [messages],
  [presence],
  [roster],
  [vcard],
  [privateModule],
  [last],
  [offline],
  [privacy],
  [mam, { pm: {} }],
] as const

const retrieve = (file: string, user = 'alice') =>
  `{ gdpr { retrievePersonalData(username: "${user}", domain: "example.com", resultFilepath: "${file}") } }`

describe('MongooseIM: retrievePersonalData', () => {
  it('writes what each module keeps of a user, and only of this one', async (t) => {
    const { ask, as, node, story } = await apiStory(t, { modules: MODULES, users: ['bob'], absent: ['alice', 'carol'] })
    dataOf(
      await as('alice').ask(`mutation {
        roster { addContact(contact: "bob@example.com", name: "Bob, \\"the\\" friend", groups: ["a", "b"]) }
        private { setPrivate(elementString: "<notes xmlns='urn:n'>x</notes>") }
        vcard { setVcard(vcard: { formattedName: "Alice", nameComponents: {} }) { formattedName } }
        last { setLast(timestamp: "2026-01-02T03:04:05Z", status: "gone") { status } } }`),
    )
    await story.device('bob').send(Message({ id: 'm1', to: 'alice@example.com', type: 'chat' }, Body({}, 'hi')))
    assert.deepEqual(dataOf(await ask(retrieve('/tmp/alice.zip'))), {
      gdpr: { retrievePersonalData: 'Data retrieved' },
    })
    const file = (name: string) => node.files.get(`/tmp/alice.zip/${name}.csv`)?.split('\r\n') ?? []
    assert.deepEqual(file('roster'), [
      'jid,name,subscription,ask,groups,askmessage,xs',
      'bob@example.com,"Bob, ""the"" friend",none,none,a;b,,',
      '',
    ])
    assert.deepEqual(file('private'), ['ns,xml', "urn:n,<notes xmlns='urn:n'>x</notes>", ''])
    assert.match(file('vcard')[1]!, /^alice@example\.com,<vCard .*Alice/)
    assert.deepEqual(file('last'), ['timestamp,status', '2026-01-02T03:04:05.000Z,gone', ''])
    assert.match(file('offline')[1]!, /^\d{4}-.*Z,bob@example\.com\/1,alice@example\.com,.*hi/)
    assert.match(file('mam_pm')[1]!, /^[0-9A-V]+,bob@example\.com\/1,.*hi/)
    // Tables without rows are left out.
    assert.equal(
      [...node.files.keys()].some((name) => /privacy|mam_prefs/.test(name)),
      false,
    )

    dataOf(await ask(retrieve('/tmp/carol.zip', 'carol')))
    assert.deepEqual(
      [...node.files.keys()].filter((name) => name.startsWith('/tmp/carol.zip')),
      [],
    )
  })

  it('reads archives of any length, a page at a time', async (t) => {
    const { story } = await apiStory(t, {
      modules: MODULES,
      users: ['bob'],
      absent: ['alice'],
      access: { max_user_offline_messages: 'infinity' },
    })
    for (let i = 0; i < 450; i++)
      await story.device('bob').send(Message({ to: 'alice@example.com', type: 'chat' }, Body({}, `m${i}`)))
    const tables = await story.host.hooks.fold(personalData, [], makeJid('alice', 'example.com'))
    const rows: string[] = []
    const archived = tables.find(({ group }) => group === 'mam_pm') as PersonalData
    for await (const [, , message] of archived.rows) rows.push(/m\d+/.exec(message!)![0])
    assert.deepEqual(
      rows,
      Array.from({ length: 450 }, (_, i) => `m${i}`),
    )
  })

  it('says what is wrong with the user and with the file', async (t) => {
    const { ask, node } = await apiStory(t, { absent: ['alice'] })
    assert.equal(codeOf(await ask(retrieve('/x', 'nobody'))), 'user_does_not_exist_error')
    const codes = {
      ENOENT: 'wrong_filename_error',
      EACCES: 'file_creation_permission_denied_error',
      EISDIR: 'location_is_a_directory_error',
      EEXIST: 'file_already_exist_error',
    }
    for (const [code, told] of Object.entries(codes)) {
      node.unwritable.set('/x', code)
      assert.equal(codeOf(await ask(retrieve('/x'))), told)
    }
    node.unwritable.set('/x', 'EIO')
    assert.equal(codeOf(await ask(retrieve('/x'))), 'resolver_crash')
  })

  it('S80, S83: a domain admin names a file of its own domain, and no place for it', async (t) => {
    const { ask } = await apiStory(t, { absent: ['alice'] })
    const caller = { role: 'domain_admin', domain: 'example.com' } as const
    dataOf(await ask(retrieve('alice.zip'), caller))
    for (const file of ['/etc/alice.zip', '../alice.zip', 'a/b.zip', '..', ''])
      assert.equal(codeOf(await ask(retrieve(file), caller)), 'file_creation_permission_denied_error', file)
    assert.equal(codeOf(await ask(retrieve('a.zip'), { ...caller, domain: 'other.example' })), 'no_permissions')
  })
})
