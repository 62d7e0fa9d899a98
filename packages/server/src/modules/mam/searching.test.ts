import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ApplyTo, Body, Message, OriginId, Retract, errorCondition } from '@meerkat/protocol'
import { parseElement } from '@meerkat/xml'
import type { Device, Story } from '../../testing/story.ts'
import mam from './index.ts'
import { searchWords, searchableText } from './searching.ts'
import { JULIET, ROMEO, ask, chat, read, verona } from './stage.fixture.ts'

const FIELD = '{urn:xmpp:fulltext:0}fulltext'
const found = async (device: Device, words: string, more: Record<string, string> = {}) =>
  (await read(device, { fields: { [FIELD]: words, ...more }, rsm: { max: 50 } })).bodies
const refused = async (device: Device, words: string) =>
  errorCondition(await ask(device, { fields: { [FIELD]: words } }))

/** Puts so many messages into Romeo's archive at once, all of them with these words. */
async function fill({ host }: Story, count: number, words: string): Promise<void> {
  const sql = `INSERT INTO mam_message (user_id, id, from_jid, remote_bare_jid, remote_resource, direction, message, search_body, is_groupchat)
    WITH RECURSIVE n (i) AS (SELECT CAST(? AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    SELECT owner.id, i, 'romeo@example.com', 'juliet@example.com', '', 'O', ?, ?, FALSE
    FROM n, mam_server_user AS owner WHERE owner.user_name = 'romeo'`
  const message = Buffer.from(`<message xmlns='jabber:client'><body>${words}</body></message>`)
  await host.commit({ sql, params: [1, count, message, words] })
}

describe('XEP-0431: searching for words', () => {
  it('finds messages that hold each of the words, in any order and case, also within others', async (t) => {
    const { romeo, juliet } = await verona(t)
    const said = [
      'Ribs eu aliquip pork veniam CULPA',
      'Tongue chicken jowl',
      'Straße, Ünlü & ﬁsh: "don\'t!"',
      'pork only',
    ]
    for (const words of said) await romeo.send(chat(JULIET, words))
    await juliet.send(chat(ROMEO, 'her jowl'))
    assert.deepEqual(await found(romeo, 'poRk ribs'), [said[0]])
    assert.deepEqual(await found(romeo, 'jowl'), [said[1], 'her jowl'])
    assert.deepEqual(await found(romeo, 'hick, owl'), [said[1]])
    assert.deepEqual(await found(romeo, 'straße ünlü fish'), [said[2]])
    assert.deepEqual(await found(romeo, "don't"), [said[2]])
    assert.deepEqual(await found(romeo, 'beef'), [])
    assert.deepEqual(await found(romeo, 'jowl', { with: 'nobody@example.com' }), [])
    assert.deepEqual(await found(juliet, 'jowl', { simple: 'true' }), [said[1], 'her jowl'])
  })

  it('finds what users write, never what the database or the stanza means by it', async (t) => {
    const { romeo } = await verona(t)
    for (const words of ['a_c', 'abc', '100% sure', 'body <b>type</b> chat']) await romeo.send(chat(JULIET, words))
    assert.deepEqual(await found(romeo, 'a_c'), ['a_c', 'abc', 'body <b>type</b> chat'])
    assert.deepEqual(await found(romeo, '100%'), ['100% sure'])
    assert.deepEqual(await found(romeo, "' OR 1=1 --"), [])
    assert.deepEqual(await found(romeo, 'from'), [])
  })

  it('pages and counts what it finds', async (t) => {
    const { romeo } = await verona(t)
    for (let i = 1; i <= 9; i++) await romeo.send(chat(JULIET, i % 2 === 1 ? `odd ${i}` : `even ${i}`))
    const fields = { [FIELD]: 'odd' }
    const first = await read(romeo, { fields, rsm: { max: 2 } })
    assert.deepEqual([first.bodies, first.fin.complete], [['odd 1', 'odd 3'], false])
    assert.deepEqual([first.fin.page?.index, first.fin.page?.count], [0, 5])
    const next = await read(romeo, { fields, rsm: { max: 2, after: first.ids[1] } })
    assert.deepEqual([next.bodies, next.fin.page?.index], [['odd 5', 'odd 7'], 2])
    const last = await read(romeo, { fields, rsm: { max: 3, before: '' } })
    assert.deepEqual([last.bodies, last.fin.complete], [['odd 5', 'odd 7', 'odd 9'], false])
    const none = await read(romeo, { fields: { [FIELD]: 'none' } })
    assert.deepEqual([none.fin.complete, none.fin.page?.count], [true, 0])
  })

  it('S61: reads so many rows and no more, and says so when there may be others', async (t) => {
    const { romeo, scene } = await verona(t)
    await romeo.send(chat(JULIET, 'the newest rose'))
    await fill(scene, 25_000, 'thorn')
    const fields = { [FIELD]: 'rose' }
    const whole = await read(romeo, { fields })
    assert.deepEqual([whole.bodies, whole.fin.complete, whole.fin.page?.count], [['the newest rose'], true, undefined])
    const full = await read(romeo, { fields: { [FIELD]: 'thorn' }, rsm: { max: 50, before: '' } })
    assert.deepEqual([full.bodies.length, full.fin.complete], [50, false])
  })

  it('S61: a search without end, without words or with too many is refused', async (t) => {
    const { romeo, scene } = await verona(t)
    await romeo.send(chat(JULIET, 'rose'))
    assert.equal(await refused(romeo, ' ?! '), 'bad-request')
    assert.equal(await refused(romeo, Array.from({ length: 11 }, (_, i) => `word${i}`).join(' ')), 'policy-violation')
    const indexed = await ask(romeo, { fields: { [FIELD]: 'rose' }, rsm: { max: 1, index: 1 } })
    assert.equal(errorCondition(indexed), 'feature-not-implemented')
    await fill(scene, 200_500, 'thorn')
    assert.equal(await refused(romeo, 'rose'), 'policy-violation')
    const page = await read(romeo, { fields: { [FIELD]: 'rose' }, rsm: { max: 5, before: '' } })
    assert.deepEqual([page.bodies, page.fin.complete], [['rose'], false])
  })

  it('does not find what was retracted', async (t) => {
    const { romeo, juliet } = await verona(t)
    await romeo.send(chat(JULIET, 'secret', OriginId({ id: 'o1' })))
    assert.deepEqual(await found(juliet, 'secret'), ['secret'])
    await romeo.send(Message({ to: JULIET, type: 'chat' }, ApplyTo({ id: 'o1' }, Retract())))
    assert.deepEqual([await found(romeo, 'secret'), await found(juliet, 'secret')], [[], []])
  })

  it('full_text_search = false: is refused, not announced, and nothing is kept for it', async (t) => {
    const { romeo, scene } = await verona(t, { full_text_search: false })
    await romeo.send(chat(JULIET, 'rose'))
    assert.equal(await refused(romeo, 'rose'), 'feature-not-implemented')
    assert.equal(scene.host.accountFeatures.list().includes('urn:xmpp:fulltext:0'), false)
    assert.deepEqual(await scene.host.storage.query('SELECT DISTINCT search_body FROM mam_message'), [
      { search_body: null },
    ])
    await scene.reconfigure(mam, { full_text_search: false, pm: { full_text_search: true } })
    await romeo.send(chat(JULIET, 'another rose'))
    assert.deepEqual(await found(romeo, 'rose'), ['another rose'])
  })
})

describe('the text by which a message is found', () => {
  it('is every body, in one form of letters, up to a length', () => {
    const message = parseElement(
      "<message xmlns='jabber:client'><body>ＦＵＬＬ</body><body xml:lang='de'>Größe</body><subject>no</subject></message>",
    )
    assert.equal(searchableText(message), 'full\ngröße')
    assert.equal(searchableText(Message({})), null)
    assert.equal(searchableText(Message({}, Body({}, 'x'.repeat(100_000))))?.length, 16_384)
  })

  it('words are what stands between spaces and punctuation, each once', () => {
    assert.deepEqual(searchWords('Rose, rose; C++ 100% naïve—thorn 🌹'), ['rose', 'c++', '100', 'naïve', 'thorn', '🌹'])
  })
})
