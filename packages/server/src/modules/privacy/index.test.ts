import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Iq, PrivacyQuery, errorCondition, payload } from '@meerkat/protocol'
import { parseElement, serialize } from '@meerkat/xml'
import { accountRemoved, wordOfNode } from '../../core/module.ts'
import { memoryDatabase } from '../../storage/memory.ts'
import { type Device, type Story } from '../../testing/story.ts'
import { ask, chat, court, jid, seen, setDefault } from './court.fixture.ts'
import privacy from './index.ts'

const query = (inner: string) => parseElement(`<query xmlns='jabber:iq:privacy'>${inner}</query>`)
const TYBALT = `<item type='jid' value='tybalt@example.com' action='deny' order='1'/>`
const PUBLIC = `<list name='public'>${TYBALT}<item action='allow' order='2'/></list>`
const PRIVATE = `<list name='private'><item type='subscription' value='both' action='allow' order='10'/><item action='deny' order='15'/></list>`

const romeo = async (t: Parameters<typeof court>[0], section = {}): Promise<Story> =>
  court(t, { users: ['romeo/orchard', 'romeo/home', 'tybalt'], modules: [[privacy, section]] })
const set = async (device: Device, inner: string): Promise<string> => {
  const answer = await device.request(ask('set', inner))
  return errorCondition(answer) ?? answer.attr('type')!
}
const get = async (device: Device, inner = '') => {
  const answer = await device.request(ask('get', inner))
  return errorCondition(answer) ?? serialize(payload(answer)!)
}

describe('XEP-0016 §2.3: retrieving lists', () => {
  it('names the active and the default list before all lists, and gives each with its items', async (t) => {
    const orchard = (await romeo(t)).device('romeo/orchard')
    for (const list of [PRIVATE, PUBLIC]) assert.equal(await set(orchard, list), 'result')
    await set(orchard, `<default name='public'/>`)
    await set(orchard, `<active name='private'/>`)
    const names = `<active name='private'/><default name='public'/><list name='private'/><list name='public'/>`
    assert.equal(await get(orchard), serialize(query(names)))
    assert.equal(await get(orchard, `<list name='public'/>`), serialize(query(PUBLIC)))
    assert.equal(await get(orchard, `<list name='private'/>`), serialize(query(PRIVATE)))
  })

  it('item-not-found for a list that does not exist, bad-request for three lists', async (t) => {
    const orchard = (await romeo(t)).device('romeo/orchard')
    assert.equal(await get(orchard), serialize(query('')))
    assert.equal(await get(orchard, `<list name='The Empty Set'/>`), 'item-not-found')
    assert.equal(await get(orchard, `<list name='a'/><list name='b'/><list name='c'/>`), 'bad-request')
  })

  it("refuses to tell or change anybody else's", async (t) => {
    const tybalt = (await romeo(t)).device('tybalt')
    for (const request of [ask('get', ''), ask('set', PUBLIC)])
      assert.equal(errorCondition(await tybalt.request(request.with({ to: jid('romeo') }))), 'forbidden')
  })
})

describe('XEP-0016 §2.4: the active list', () => {
  it('is one that exists, and only that of its session', async (t) => {
    const scene = await romeo(t)
    const [orchard, home] = [scene.device('romeo/orchard'), scene.device('romeo/home')]
    assert.equal(await set(orchard, `<active name='The Empty Set'/>`), 'item-not-found')
    await set(orchard, PUBLIC)
    assert.equal(await set(orchard, `<active name='public'/>`), 'result')
    assert.match(await get(orchard), /<active name='public'\/>/)
    assert.doesNotMatch(await get(home), /active/)
    assert.equal(await set(orchard, '<active/>'), 'result')
    assert.doesNotMatch(await get(orchard), /active/)
  })

  it('is only of that session', async (t) => {
    const scene = await romeo(t)
    await set(scene.device('romeo/orchard'), PUBLIC)
    await set(scene.device('romeo/orchard'), `<active name='public'/>`)
    await scene.device('romeo/orchard').disconnect()
    assert.doesNotMatch(await get(scene.connect('romeo/orchard')), /active/)
  })
})

describe('XEP-0016 §2.5: the default list', () => {
  it('is one that exists, and is kept', async (t) => {
    const scene = await romeo(t)
    const orchard = scene.device('romeo/orchard')
    assert.equal(await set(orchard, `<default name='The Empty Set'/>`), 'item-not-found')
    await setDefault(orchard, TYBALT)
    await scene.reconfigure(privacy)
    assert.match(await get(orchard), /<default name='public'\/><list name='public'\/>/)
    await scene.device('romeo/home').disconnect()
    assert.equal(await set(orchard, '<default/>'), 'result')
    assert.doesNotMatch(await get(orchard), /default/)
  })

  it('is not changed while it applies to another session', async (t) => {
    const scene = await romeo(t)
    const [orchard, home] = [scene.device('romeo/orchard'), scene.device('romeo/home')]
    await set(orchard, PRIVATE)
    await setDefault(orchard, TYBALT)
    assert.equal(await set(orchard, `<default name='private'/>`), 'conflict')
    assert.equal(await set(orchard, '<default/>'), 'conflict')
    await set(home, `<active name='private'/>`)
    assert.equal(await set(orchard, `<default name='private'/>`), 'result')
  })
})

describe('XEP-0016 §2.6 to §2.8: editing', () => {
  it('pushes the name of the list to all sessions', async (t) => {
    const scene = await romeo(t)
    assert.equal(await set(scene.device('romeo/orchard'), PUBLIC), 'result')
    for (const name of ['romeo/orchard', 'romeo/home']) {
      const [push, ...more] = scene.device(name).take()
      assert.equal(more.length, 0)
      assert.deepEqual([push!.attr('type'), push!.attr('to')], ['set', scene.device(name).jid.toString()])
      assert.deepEqual(PrivacyQuery.in(push!), query(`<list name='public'/>`))
    }
    assert.deepEqual(scene.device('tybalt').take(), [])
  })

  it('§2.2 rule 8: applies to sessions that use the list', async (t) => {
    const scene = await romeo(t)
    const orchard = scene.device('romeo/orchard')
    await set(orchard, `<list name='mine'><item action='allow' order='1'/></list>`)
    await set(orchard, `<active name='mine'/>`)
    await set(orchard, `<list name='mine'>${TYBALT}</list>`)
    await scene.device('tybalt').send(chat(orchard.jid.toString()))
    assert.deepEqual(seen(scene.device('tybalt')), ['message error romeo@example.com/orchard'])
  })

  it('item-not-found for a group that is not in the roster', async (t) => {
    const orchard = (await romeo(t)).device('romeo/orchard')
    const group = `<list name='a'><item type='group' value='Enemies' action='deny' order='4'/></list>`
    assert.equal(await set(orchard, group), 'item-not-found')
    const contact = `<query xmlns='jabber:iq:roster'><item jid='tybalt@example.com'><group>Enemies</group></item></query>`
    await orchard.request(Iq({ type: 'set' }, parseElement(contact)))
    assert.equal(await set(orchard, group), 'result')
  })

  it('§2.8: removes a list that no other session uses', async (t) => {
    const scene = await romeo(t)
    const [orchard, home] = [scene.device('romeo/orchard'), scene.device('romeo/home')]
    assert.equal(await set(orchard, `<list name='public'/>`), 'item-not-found')
    await set(orchard, PUBLIC)
    await set(home, `<active name='public'/>`)
    assert.equal(await set(orchard, `<list name='public'/>`), 'conflict')
    await set(orchard, `<active name='public'/>`)
    await home.disconnect()
    assert.equal(await set(orchard, `<list name='public'/>`), 'result')
    assert.equal(await get(orchard), serialize(query('')))
    await setDefault(orchard, TYBALT)
    assert.equal(await set(orchard, `<list name='public'/>`), 'result')
    assert.equal(await get(orchard), serialize(query('')))
  })

  it('has room for max_lists lists with max_items items in all', async (t) => {
    const orchard = (await romeo(t, { max_lists: 2, max_items: 3 })).device('romeo/orchard')
    assert.equal(await set(orchard, PUBLIC), 'result')
    assert.equal(await set(orchard, PRIVATE), 'resource-constraint')
    assert.equal(await set(orchard, `<list name='one'>${TYBALT}</list>`), 'result')
    assert.equal(await set(orchard, `<list name='two'>${TYBALT}</list>`), 'resource-constraint')
    assert.equal(await set(orchard, `<list name='public'>${TYBALT}</list>`), 'result')
    assert.equal(await set(orchard, `<list name='two'>${TYBALT}</list>`), 'resource-constraint')
  })

  it('goes with the account', async (t) => {
    const scene = await romeo(t)
    await setDefault(scene.device('romeo/orchard'), TYBALT)
    const user = jid('romeo')
    await scene.host.accounts.remove(user, await scene.host.hooks.fold(accountRemoved, [], user))
    assert.equal(await get(scene.connect('romeo/orchard')), serialize(query('')))
  })
})

describe('what it costs', () => {
  it('one query for a user, lists or not, and none for the next stanza', async (t) => {
    const storage = memoryDatabase()
    let queries = 0
    const counting = { ...storage, query: ((...args) => (queries++, storage.query(...args))) as typeof storage.query }
    const scene = await court(t, { users: ['romeo', 'juliet'], storage: counting, available: ['juliet'] })
    const send = () => scene.device('romeo').send(chat('juliet@example.com'))
    await send()
    queries = 0
    for (let i = 0; i < 5; i++) await send()
    assert.equal(queries, 0)
    assert.equal(seen(scene.device('juliet')).length, 6)
  })

  it('forgets those not seen for long, and reads them again', async (t) => {
    const absent = Array.from({ length: 20 }, (_, i) => `guest${i}`)
    const users = ['romeo', 'tybalt']
    const scene = await court(t, { users, absent, modules: [[privacy, { cached_items: 4 }]] })
    await setDefault(scene.device('romeo'), TYBALT)
    for (const guest of absent) await scene.device('tybalt').send(chat(`${guest}@example.com`))
    scene.device('tybalt').take()
    await scene.device('tybalt').send(chat('romeo@example.com/1'))
    assert.deepEqual(seen(scene.device('tybalt')), ['message error romeo@example.com/1'])
  })

  it('R29: reads again what another node has changed', async (t) => {
    const scene = await romeo(t)
    const [orchard, tybalt] = [scene.device('romeo/orchard'), scene.device('tybalt')]
    await setDefault(orchard, TYBALT)
    await scene.host.commit(scene.host.stores.keyedSet('privacy').clear('romeo@example.com'))
    const word = { topic: 'mod_privacy changed', data: 'romeo@example.com', from: 'other', reply: () => undefined }
    const hear = (data: string) => scene.host.hooks.first(wordOfNode, { ...word, data, undelivered: undefined })
    await hear('juliet@example.com')
    await tybalt.send(chat(orchard.jid.toString()))
    assert.deepEqual(seen(tybalt), ['message error romeo@example.com/orchard'])
    await hear('romeo@example.com')
    await tybalt.send(chat(orchard.jid.toString()))
    assert.deepEqual([seen(tybalt), seen(orchard).length], [[], 1])
  })

  it('fails closed: a stanza whose lists cannot be read goes nowhere', async (t) => {
    const storage = memoryDatabase()
    let broken = false
    const failing = {
      ...storage,
      query: (async (...args: Parameters<typeof storage.query>) => {
        if (broken) throw new Error('the disk is gone')
        return storage.query(...args)
      }) as typeof storage.query,
    }
    const scene = await court(t, { users: ['romeo', 'juliet'], storage: failing, available: ['juliet'] })
    await scene.reconfigure(privacy)
    broken = true
    await scene.device('romeo').send(chat('juliet@example.com'))
    assert.deepEqual(seen(scene.device('juliet')), [])
    assert.deepEqual(scene.device('romeo').take().map(errorCondition), ['internal-server-error'])
    broken = false
    await scene.device('romeo').send(chat('juliet@example.com'))
    assert.deepEqual(seen(scene.device('juliet')), ['message chat romeo@example.com/1'])
  })
})
