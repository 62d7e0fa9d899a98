import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Message, StanzaId, stanzaIdBy } from '@meerkat/protocol'
import { type Element, tag } from '@meerkat/xml'
import type { ModuleDeclaration } from '../core/module.ts'
import { story } from '../testing/story.ts'
import { JULIET, OWN, ROMEO, chat, read, verona } from './mam/stage.fixture.ts'
import messages from './messages.ts'
import stanzaid from './stanzaid.ts'

const MORE: readonly [ModuleDeclaration][] = [[stanzaid]]
const idsOf = (message: Element | undefined) => StanzaId.all(message!).map((id) => [id.attr('by'), id.attr('id')])

async function alone(t: { after(end: () => Promise<void>): void }) {
  const users = ['romeo/orchard', 'juliet/balcony']
  const scene = await story(t, { modules: [[messages], [stanzaid]], users, access: OWN })
  return { scene, romeo: scene.device('romeo/orchard'), juliet: scene.device('juliet/balcony') }
}

describe('XEP-0359 §4: an id for every message', () => {
  it('without an archive, and for what has no body', async (t) => {
    const { romeo, juliet, scene } = await alone(t)
    await romeo.send(chat(`${JULIET}/balcony`, 'hey'))
    await romeo.send(
      Message({ to: `${JULIET}/balcony`, type: 'chat' }, tag('http://jabber.org/protocol/chatstates', 'composing')({})),
    )
    const ids = juliet.take().map((message) => stanzaIdBy(message, JULIET))
    assert.equal(ids.length, 2)
    for (const id of ids) assert.match(id!, /^[0-9A-V]{1,13}$/)
    assert.ok(ids[0]! < ids[1]!, 'later messages have greater ids')
    assert.deepEqual(scene.host.accountFeatures.list(), ['urn:xmpp:sid:0'])
  })

  it("S60: ids in the recipient's name that others have made up go; those of others stay", async (t) => {
    const { romeo, juliet } = await alone(t)
    const made = [JULIET, 'JULIET@example.com', 'room@muc.example.com'].map((by) => StanzaId({ id: 'x', by }))
    await romeo.send(chat(`${JULIET}/balcony`, 'hey', ...made))
    const ids = idsOf(juliet.take()[0])
    assert.deepEqual(ids[0], ['room@muc.example.com', 'x'])
    assert.equal(ids[1]?.[0], JULIET)
    assert.notEqual(ids[1]?.[1], 'x')
    assert.equal(ids.length, 2)
  })

  it('S60: also when the archive sees the message after it', async (t) => {
    const { romeo, juliet } = await verona(t, {}, MORE)
    await romeo.send(chat(`${JULIET}/balcony`, 'hey', StanzaId({ id: 'x', by: JULIET })))
    assert.deepEqual(idsOf(juliet.take()[0]), [[JULIET, (await read(juliet)).ids[0]]])
  })
})

describe('beside mod_mam', () => {
  it('a message has one id, the same for both archives and in the stored copy, whatever mod_mam is told', async (t) => {
    for (const pm of [{}, { no_stanzaid_element: true, same_mam_id_for_peers: false }]) {
      const { romeo, juliet } = await verona(t, pm, MORE)
      await romeo.send(chat(`${JULIET}/balcony`, 'hey'))
      const [received] = juliet.take()
      const hers = await read(juliet)
      assert.deepEqual(idsOf(received), [[JULIET, hers.ids[0]]])
      assert.deepEqual(idsOf(hers.results[0]!.message), [[JULIET, hers.ids[0]]])
      assert.deepEqual((await read(romeo)).ids, hers.ids)
    }
  })

  it('what one sends to oneself has the id of the archive', async (t) => {
    const { romeo } = await verona(t, {}, MORE)
    await romeo.send(chat(`${ROMEO}/orchard`, 'note'))
    assert.deepEqual(idsOf(romeo.take()[0]), [[ROMEO, (await read(romeo)).ids[0]]])
  })

  it('once it is stopped mod_mam follows its own settings again, with the sessions that are there', async (t) => {
    const { romeo, juliet, scene } = await verona(t, { no_stanzaid_element: true }, MORE)
    await scene.kernel.modules.stop(scene.host, 'mod_stanzaid')
    await romeo.send(chat(`${JULIET}/balcony`, '1'))
    assert.deepEqual(idsOf(juliet.take()[0]), [])
    await scene.kernel.modules.start(scene.host, 'mod_stanzaid')
    await romeo.send(chat(`${JULIET}/balcony`, '2'))
    assert.equal(idsOf(juliet.take()[0]).length, 1)
    const [his, hers] = [(await read(romeo)).ids, (await read(juliet)).ids]
    assert.deepEqual([his[0] === hers[0], his[1] === hers[1]], [false, true])
  })
})
