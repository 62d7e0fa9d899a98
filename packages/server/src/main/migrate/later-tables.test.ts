import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseJid } from '@meerkat/protocol'
import { parseElement, text } from '@meerkat/xml'
import { lastActivityOf } from '../../modules/last/api.ts'
import { postgresAbsent } from '../../storage/testing/postgres.ts'
import { openStores } from '../../storage/stores.ts'
import { settle, story } from '../../testing/story.ts'
import { loadModules } from '../modules.ts'
import { offline } from './mongooseim.fixture.ts'
import { figures, move } from './moving.fixture.ts'

const skip = await postgresAbsent()
const modules = await loadModules()
const OWNER = 'juliet@example.com'

describe('what modules of MongooseIM have kept', { skip }, () => {
  it('is read by the modules here: last activity, privacy lists, and messages in their order', async (t) => {
    const { run, storage } = await move(t)
    await run()
    const cast = ['mod_presence', 'mod_messages', 'mod_roster', 'mod_last', 'mod_privacy', 'mod_offline']
    const told = await story(t, { modules: cast.map((key) => [modules.get(key)!] as const), users: [], storage })
    const seen = await lastActivityOf(told.host)!.of(parseJid(OWNER))
    assert.deepEqual(seen, { seconds: 1_580_608_922, status: 'to the balcony' })

    const juliet = told.connect('juliet')
    const ask = async (content: string) =>
      (
        await juliet.request(
          parseElement(
            `<iq xmlns='jabber:client' type='get' id='p'><query xmlns='jabber:iq:privacy'>${content}</query></iq>`,
          ),
        )
      ).elements()[0]!
    const names = await ask('')
    assert.deepEqual(
      names.elements().map((element) => [element.name, element.attr('name')]),
      [
        ['default', 'blocking'],
        ['list', 'blocking'],
        ['list', 'quiet'],
      ],
    )
    const itemsOf = async (name: string) =>
      (await ask(`<list name='${name}'/>`))
        .elements()[0]!
        .elements()
        .map((item) =>
          ['type', 'value', 'action', 'order']
            .map((key) => item.attr(key))
            .concat(item.elements().map((kind) => kind.name)),
        )
    assert.deepEqual(await itemsOf('blocking'), [
      ['jid', 'tybalt@example.com', 'deny', '1'],
      [undefined, undefined, 'allow', '2'],
    ])
    assert.deepEqual(await itemsOf('quiet'), [
      ['group', 'Verona', 'deny', '3', 'message', 'iq', 'presence-in', 'presence-out'],
      ['subscription', 'none', 'deny', '4', 'presence-out'],
    ])

    await juliet.send(parseElement(`<presence xmlns='jabber:client'/>`))
    await settle()
    const messages = juliet.take().filter(({ name }) => name === 'message')
    assert.deepEqual(
      messages.map((message) => [
        message.attr('from'),
        message.attr('to'),
        message.elements()[0]!.ns,
        text(message.elements()[0]),
        message.elements()[1]?.attr('stamp')?.slice(0, 19),
      ]),
      ['first', 'It & you'].map((body) => [
        'romeo@example.net/orchard',
        OWNER,
        'jabber:client',
        body,
        '2020-02-02T02:02:02',
      ]),
    )
  })

  it('messages are copied once, also when they have been delivered since', async (t) => {
    const { run, storage, database } = await move(t)
    await run()
    const log = openStores(storage).log('offline')
    assert.equal(await log.count(OWNER), 2)
    await storage.commit([log.clear(OWNER)])
    await database.run('DELETE FROM offline_message WHERE id = 1', offline(7, `<message><body>late</body></message>`))
    const report = await run()
    assert.equal(report.complete, true)
    assert.deepEqual(figures(report)['offline messages'], [4, 3, 0, 0, 1])
    assert.deepEqual(
      (await log.read(OWNER)).map(({ at }) => at),
      [7],
    )
    assert.equal((await run({ dryRun: true })).outcomes.at(-1)!.copied, 3)
  })
})
