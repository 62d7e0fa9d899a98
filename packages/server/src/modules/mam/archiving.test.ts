import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Delay, Message, StanzaError, StanzaId, errorCondition, parseJid, stanzaIdBy } from '@meerkat/protocol'
import { parseElement } from '@meerkat/xml'
import { accountRemoved, defineModule, userReceive } from '../../core/module.ts'
import messages from '../messages.ts'
import { story } from '../../testing/story.ts'
import { decodeId, microsOf } from '../../core/message-ids.ts'
import mam from './index.ts'
import { JULIET, OWN, ROMEO, bodyOf, chat, read, talk, verona } from './stage.fixture.ts'

const FORGED = `<stanza-id xmlns='urn:xmpp:sid:0' id='forged' by='${JULIET}'/>`
const rows = (scene: { host: { storage: { query<R>(sql: string): Promise<R[]> } } }, sql: string) =>
  scene.host.storage.query<Record<string, unknown>>(sql)

describe('XEP-0313 §6.1: archiving', () => {
  it('keeps a message for its sender and its recipient, and tells the recipient the id', async (t) => {
    const { romeo, juliet, scene } = await verona(t)
    await romeo.send(chat(`${JULIET}/balcony`, 'It is my lady.'))
    const [received] = juliet.take()
    const his = await read(romeo)
    const hers = await read(juliet)
    assert.deepEqual([his.bodies, hers.bodies], [['It is my lady.'], ['It is my lady.']])
    assert.deepEqual(stanzaIdBy(received!, JULIET), hers.ids[0])
    // XEP-0359 §4: the stored copy of the recipient has the id, too
    assert.equal(stanzaIdBy(hers.results[0]!.message, JULIET), hers.ids[0])
    assert.equal(StanzaId.in(his.results[0]!.message), undefined)
    assert.equal(his.results[0]!.message.attr('from'), `${ROMEO}/orchard`)
    assert.equal(hers.results[0]!.stamp, microsOf(decodeId(hers.ids[0]!)!))
    assert.equal(Math.floor(hers.results[0]!.stamp / 1000), scene.clock.now())
  })

  it('keeps a message for a recipient who is away; the sender is still told (as in MongooseIM)', async (t) => {
    const { romeo, scene } = await verona(t)
    await romeo.send(chat('mercutio@example.com', 'A plague'))
    assert.deepEqual(romeo.take().map(errorCondition), ['service-unavailable'])
    assert.deepEqual((await read(scene.connect('mercutio'))).bodies, ['A plague'])
  })

  it('keeps what one sends to oneself once', async (t) => {
    const { romeo } = await verona(t)
    await romeo.send(chat(ROMEO, 'note'))
    assert.deepEqual((await read(romeo)).bodies, ['note'])
    assert.deepEqual((await read(romeo, { fields: { with: ROMEO } })).bodies, ['note'])
  })

  it('keeps nothing of a message that is refused', async (t) => {
    const refuse = defineModule({
      key: 'mod_refuse',
      summary: 'Refuses.',
      specs: [],
      start: () => ({
        hooks: [
          userReceive.on((delivery) => {
            if (delivery.stanza.name !== 'message') return undefined
            throw new StanzaError('cancel', 'not-acceptable')
          }, 'late'),
        ],
      }),
    })
    const { romeo, juliet } = await verona(t, {}, [[refuse]])
    await romeo.send(chat(JULIET, 'hey'))
    assert.deepEqual(romeo.take().map(errorCondition), ['not-acceptable'])
    assert.deepEqual([(await read(romeo)).ids, (await read(juliet)).ids], [[], []])
  })

  it('stores before it delivers: nobody sees a message that could not be kept', async (t) => {
    const { romeo, juliet, scene } = await verona(t)
    await scene.host.commit({ sql: 'DROP TABLE mam_counter', params: [] })
    await romeo.send(chat(`${JULIET}/balcony`, 'lost'))
    assert.deepEqual(juliet.take(), [])
    assert.deepEqual(romeo.take().map(errorCondition), ['internal-server-error'])
  })

  it('counts what each archive has, whether the owner is known by number or not yet', async (t) => {
    const { romeo, scene } = await verona(t)
    await Promise.all([1, 2, 3].map((i) => romeo.send(chat(JULIET, String(i)))))
    await talk(romeo, JULIET, 4)
    const counted = await rows(scene, 'SELECT messages FROM mam_counter ORDER BY user_id')
    assert.deepEqual(counted, [{ messages: 7 }, { messages: 7 }])
    assert.equal((await read(romeo)).fin.page?.count, 7)
  })

  it('archives nothing without the section pm', async (t) => {
    const scene = await story(t, { modules: [[messages], [mam, {}]], users: ['romeo', 'juliet'], access: OWN })
    await scene.device('romeo').send(chat(`${JULIET}/1`, 'hey'))
    assert.equal(StanzaId.in(scene.device('juliet').take()[0]!), undefined)
    assert.deepEqual(await rows(scene, 'SELECT id FROM mam_message'), [])
    assert.deepEqual(scene.host.accountFeatures.list(), [])
  })

  it('archives headlines and errors never, what rooms send when so configured', async (t) => {
    const { juliet, scene } = await verona(t, { archive_groupchats: true })
    const room = parseJid('room@muc.example.net/romeo')
    for (const type of ['groupchat', 'headline', 'error'])
      await scene.host.send(Message({ type }, Body({}, type)), room, juliet.jid)
    assert.deepEqual((await read(juliet)).bodies, ['groupchat'])
    assert.deepEqual((await read(juliet, { fields: { 'include-groupchat': 'false' } })).bodies, [])
  })
})

describe('XEP-0359 §4: ids', () => {
  it('S60: every id that claims to be from the recipient is replaced by the one of the archive', async (t) => {
    const { romeo, juliet } = await verona(t)
    const forged = parseElement(FORGED)
    await romeo.send(chat(`${JULIET}/balcony`, 'hey', forged, forged.with({ by: 'JULIET@example.com' }), forged))
    const [received] = juliet.take()
    const { ids } = await read(juliet)
    assert.deepEqual(
      StanzaId.all(received!).map((id) => id.attr('id')),
      ids,
    )
  })

  it('S60: also when the message is not archived, and when ids are not added', async (t) => {
    const forged = parseElement(FORGED)
    for (const pm of [{}, { no_stanzaid_element: true }]) {
      const { romeo, juliet } = await verona(t, pm)
      await romeo.send(Message({ to: `${JULIET}/balcony` }, forged, forged))
      if ('no_stanzaid_element' in pm) await romeo.send(chat(`${JULIET}/balcony`, 'hey', forged))
      const received = juliet.take()
      assert.ok(received.length > 0)
      assert.deepEqual(
        received.flatMap((message) => StanzaId.all(message)),
        [],
      )
    }
  })

  it("S60: in the sender's own name, too; ids of others pass", async (t) => {
    const { romeo, juliet } = await verona(t, { no_stanzaid_element: true })
    const ids = [ROMEO, 'room@muc.example.com'].map((by) => StanzaId({ id: 'x', by }))
    await romeo.send(chat(`${JULIET}/balcony`, 'hey', ...ids))
    const kept = (await read(romeo)).results[0]!.message
    for (const message of [kept, juliet.take()[0]!])
      assert.deepEqual(
        StanzaId.all(message).map((id) => id.attr('by')),
        ['room@muc.example.com'],
      )
  })

  it('ids differ between the peers, or are the same when so configured', async (t) => {
    for (const same of [false, true]) {
      const { romeo, juliet } = await verona(t, { same_mam_id_for_peers: same })
      await romeo.send(chat(JULIET, 'hey'))
      assert.equal((await read(romeo)).ids[0] === (await read(juliet)).ids[0], same)
    }
  })
})

describe('S54: wrappers from others', () => {
  it("a carbon or an archive's result that somebody sends is that person's text, in the archive as well", async (t) => {
    const { romeo, juliet } = await verona(t)
    const inner = `<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='${JULIET}/x' to='${ROMEO}'><body>I hate you</body></message></forwarded>`
    const wrappers = [
      `<sent xmlns='urn:xmpp:carbons:2'>${inner}</sent>`,
      `<result xmlns='urn:xmpp:mam:2' id='1' queryid='f27'>${inner}</result>`,
    ]
    for (const wrapper of wrappers) await romeo.send(chat(`${JULIET}/balcony`, 'look', parseElement(wrapper)))
    const { results } = await read(juliet)
    assert.deepEqual(results.map(bodyOf), ['look', 'look'])
    assert.deepEqual(
      results.map(({ message }) => message.attr('from')),
      [`${ROMEO}/orchard`, `${ROMEO}/orchard`],
    )
  })

  it('a delayed message is delivered as it is, and not archived', async (t) => {
    const { romeo, juliet } = await verona(t)
    await romeo.send(chat(`${JULIET}/balcony`, 'old', Delay({ stamp: '2020-01-01T00:00:00Z' })))
    assert.equal(juliet.take().length, 1)
    assert.deepEqual((await read(juliet)).ids, [])
  })
})

describe('the module', () => {
  it('removes archive, count and number with the account, and starts anew', async (t) => {
    const { romeo, juliet, scene } = await verona(t)
    await talk(romeo, JULIET, 3)
    const writes = await scene.host.hooks.fold(accountRemoved, [], juliet.jid.bare)
    await scene.host.accounts.remove(juliet.jid.bare, writes)
    assert.deepEqual(await rows(scene, 'SELECT user_name FROM mam_server_user'), [{ user_name: 'romeo' }])
    assert.equal((await rows(scene, 'SELECT id FROM mam_message')).length, 3)
    assert.equal((await rows(scene, 'SELECT user_id FROM mam_counter')).length, 1)

    const again = scene.connect('juliet/balcony')
    assert.deepEqual((await read(again)).ids, [])
    await romeo.send(chat(`${JULIET}/balcony`, 'again'))
    const { bodies, fin } = await read(again)
    assert.deepEqual([bodies, fin.page?.count], [['again'], 1])
  })

  it('goes on with the archives when it is stopped, started and given other settings', async (t) => {
    const { romeo, juliet, scene } = await verona(t)
    await talk(romeo, JULIET, 1)
    await scene.reconfigure(mam, { no_stanzaid_element: true, pm: {} })
    await romeo.send(chat(`${JULIET}/balcony`, '2'))
    assert.equal(StanzaId.in(juliet.take()[0]!), undefined)
    await scene.reconfigure(mam, {})
    await romeo.send(chat(`${JULIET}/balcony`, 'not kept'))
    await scene.reconfigure(mam, { no_stanzaid_element: true, pm: { no_stanzaid_element: false } })
    await romeo.send(chat(`${JULIET}/balcony`, '3'))
    assert.deepEqual((await read(juliet)).bodies, ['1', '2', '3'])
    assert.deepEqual(scene.host.accountFeatures.list(), [
      'urn:xmpp:mam:2',
      'urn:xmpp:mam:1',
      'urn:xmpp:mam:2#extended',
      'urn:xmpp:mam:2#groupchat-field',
      'urn:xmpp:sid:0',
      'urn:xmpp:fulltext:0',
      'urn:xmpp:message-retract:0',
      'urn:xmpp:message-retract:0#tombstone',
      'urn:esl:message-retract-by-stanza-id:0',
      'urn:xmpp:message-retract:1#tombstone',
    ])
  })
})
