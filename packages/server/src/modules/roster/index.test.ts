import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Iq,
  Presence,
  PreApproval,
  type RosterEntry,
  RosterItem,
  RosterQuery,
  RosterVersioning,
  buildRosterSet,
  errorCondition,
  makeJid,
  parseRoster,
  payload,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { accountRemoved, contactsOf, maySeePresence, streamFeatures } from '../../core/module.ts'
import { DOMAIN, type Device, type Story, settle, story } from '../../testing/story.ts'
import { rostersOf } from './api.ts'
import mod_roster from './index.ts'

type Test = Parameters<typeof story>[0]

const jid = (user: string) => makeJid(user, DOMAIN)
const nurse = jid('nurse')

const get = (ver?: string) => Iq({ type: 'get' }, RosterQuery({ ver }))
const set = (contact: string, name?: string, groups?: string[]) =>
  Iq({ type: 'set' }, buildRosterSet({ jid: jid(contact), ...(name && { name }), ...(groups && { groups }) }))
const remove = (contact: string) => Iq({ type: 'set' }, buildRosterSet({ jid: jid(contact), remove: true }))

const rosterOf = async (device: Device): Promise<RosterEntry[]> =>
  parseRoster(payload(await device.request(get()))!).toSorted((a, b) => (a.jid.local < b.jid.local ? -1 : 1))

const isPush = (stanza: Element) => stanza.name === 'iq' && stanza.attr('type') === 'set'
/** Takes the pushes that a device has received: the items. */
const pushes = (device: Device) =>
  device
    .take()
    .filter(isPush)
    .flatMap((push) => parseRoster(payload(push)!))

async function verona(t: Test, section: Record<string, unknown> = {}): Promise<Story> {
  return story(t, {
    modules: [[mod_roster, section]],
    users: ['juliet/balcony', 'juliet/chamber', 'romeo'],
    absent: ['nurse'],
  })
}

describe('RFC 6121 §2.2 to §2.5: a roster and its client', () => {
  it('§2.2: is empty at first', async (t) => {
    const juliet = (await verona(t)).device('juliet/balcony')
    const answer = await juliet.request(get())
    assert.equal(answer.attr('type'), 'result')
    assert.deepEqual(payload(answer), RosterQuery())
  })

  it('§2.3: adds a contact, and pushes it to interested resources only', async (t) => {
    const scene = await verona(t)
    const [balcony, chamber] = [scene.device('juliet/balcony'), scene.device('juliet/chamber')]
    await balcony.request(get())
    const answer = await balcony.request(set('nurse', 'Nurse', ['Servants']))
    assert.equal(answer.attr('type'), 'result')
    assert.equal(payload(answer), undefined)

    const [push, ...more] = balcony.take()
    assert.deepEqual(more, [])
    assert.equal(push!.attr('to'), 'juliet@example.com/balcony')
    assert.equal(push!.attr('from'), undefined)
    const item = { jid: nurse, name: 'Nurse', subscription: 'none', ask: false, approved: false, groups: ['Servants'] }
    assert.deepEqual(parseRoster(payload(push!)!), [item])
    assert.equal(payload(push!)!.attr('ver'), undefined)
    assert.deepEqual(chamber.take(), [])
    assert.deepEqual(await rosterOf(chamber), [item])
  })

  it('§2.4: replaces name and groups, and nothing else', async (t) => {
    const scene = await verona(t)
    const juliet = scene.device('juliet/balcony')
    await juliet.request(set('nurse', 'Nurse', ['Servants']))
    await rostersOf(scene.host)!.put(juliet.jid.bare, nurse, 'both')
    await juliet.request(
      Iq({ type: 'set' }, RosterQuery({}, RosterItem({ jid: nurse, name: 'Angelica', subscription: 'none' }))),
    )
    assert.deepEqual(await rosterOf(juliet), [
      { jid: nurse, name: 'Angelica', subscription: 'both', ask: false, approved: false, groups: [] },
    ])
  })

  it('§2.5: removes a contact and pushes that', async (t) => {
    const juliet = (await verona(t)).device('juliet/balcony')
    await juliet.request(get())
    await juliet.request(set('nurse'))
    juliet.take()
    await juliet.request(remove('nurse'))
    assert.deepEqual(
      pushes(juliet).map((item) => [item.jid.toString(), item.subscription]),
      [['nurse@example.com', 'remove']],
    )
    assert.deepEqual(await rosterOf(juliet), [])
  })

  it('§2.5.3: cannot remove what is not there', async (t) => {
    const juliet = (await verona(t)).device('juliet/balcony')
    assert.equal(errorCondition(await juliet.request(remove('nurse'))), 'item-not-found')
  })

  it('a contact is a bare JID', async (t) => {
    const juliet = (await verona(t)).device('juliet/balcony')
    await juliet.request(Iq({ type: 'set' }, buildRosterSet({ jid: jid('nurse').withResource('kitchen') })))
    assert.deepEqual(
      (await rosterOf(juliet)).map((item) => item.jid.toString()),
      ['nurse@example.com'],
    )
  })

  it('survives a restart of the module, and sessions stay interested', async (t) => {
    const scene = await verona(t)
    const juliet = scene.device('juliet/balcony')
    await juliet.request(get())
    await juliet.request(set('nurse', 'Nurse'))
    juliet.take()
    await scene.reconfigure(mod_roster, { versioning: true })
    await juliet.request(set('romeo'))
    assert.deepEqual(
      pushes(juliet).map((item) => item.jid.local),
      ['romeo'],
    )
    assert.deepEqual(
      (await rosterOf(juliet)).map((item) => item.name),
      ['Nurse', ''],
    )
  })
})

describe('RFC 6121 §2.3.3: roster sets that are refused', () => {
  const refused: Record<string, [Element, string]> = {
    'two items': [RosterQuery({}, RosterItem({ jid: nurse }), RosterItem({ jid: nurse })), 'bad-request'],
    'no item': [RosterQuery(), 'bad-request'],
    'a bad address': [RosterQuery({}, RosterItem({ jid: '@' })), 'jid-malformed'],
    'a long name': [buildRosterSet({ jid: nurse, name: 'x'.repeat(1024) }), 'not-acceptable'],
    'S57: a group name of a megabyte': [buildRosterSet({ jid: nurse, groups: ['x'.repeat(1e6)] }), 'not-acceptable'],
    'a group twice': [buildRosterSet({ jid: nurse, groups: ['a', 'a'] }), 'bad-request'],
  }
  for (const [title, [query, condition]] of Object.entries(refused))
    it(title, async (t) => {
      const juliet = (await verona(t)).device('juliet/balcony')
      assert.equal(errorCondition(await juliet.request(Iq({ type: 'set' }, query))), condition)
      assert.deepEqual(await rosterOf(juliet), [])
    })

  it('another user’s roster is neither read nor changed', async (t) => {
    const scene = await verona(t)
    const romeo = scene.device('romeo')
    for (const iq of [get(), set('romeo')])
      assert.equal(errorCondition(await romeo.request(iq.with({ to: 'juliet@example.com' }))), 'forbidden')
    assert.deepEqual(await rosterOf(scene.device('juliet/balcony')), [])
  })

  it('S56: a push from another user never reaches a client', async (t) => {
    const scene = await verona(t)
    const answer = await scene.device('romeo').request(set('romeo').with({ to: 'juliet@example.com/balcony' }))
    assert.equal(errorCondition(answer), 'service-unavailable')
    assert.deepEqual(scene.device('juliet/balcony').take(), [])
  })

  it('S57: a roster has a limit, for items and for requests to strangers', async (t) => {
    const scene = await verona(t, { max_items: 2 })
    const juliet = scene.device('juliet/balcony')
    await juliet.request(set('nurse'))
    await juliet.request(set('tybalt'))
    assert.equal(errorCondition(await juliet.request(set('paris'))), 'not-allowed')
    assert.equal((await juliet.request(set('nurse', 'Nurse'))).attr('type'), 'result')
    await juliet.send(Presence({ type: 'subscribe', to: 'paris@example.com' }))
    assert.deepEqual(juliet.take().map(errorCondition), ['not-allowed'])
    assert.equal((await rosterOf(juliet)).length, 2)
  })
})

describe('RFC 6121 §2.6: roster versions', () => {
  const versions = { versioning: true }
  const query = async (device: Device, ver?: string) => payload(await device.request(get(ver)))

  it('§2.6.1: are offered only when they are kept', async (t) => {
    const [off, on] = [await verona(t), await verona(t, versions)]
    const offered = async ({ host }: Story) => host.hooks.fold(streamFeatures, [], DOMAIN)
    assert.deepEqual(await offered(off), [PreApproval()])
    assert.deepEqual(await offered(on), [RosterVersioning(), PreApproval()])
  })

  it('§2.6.3: nothing is sent to a client that has the present one', async (t) => {
    const juliet = (await verona(t, versions)).device('juliet/balcony')
    await juliet.request(set('nurse'))
    const full = await query(juliet, '')
    assert.equal(parseRoster(full!).length, 1)
    const ver = full!.attr('ver')!
    assert.notEqual(ver, '')
    assert.equal(await query(juliet, ver), undefined)
    assert.equal(parseRoster((await query(juliet, 'older'))!).length, 1)
  })

  it('§2.6.2: a push carries the version that follows from it', async (t) => {
    const scene = await verona(t, versions)
    const juliet = scene.device('juliet/balcony')
    await query(juliet, '')
    await juliet.request(set('nurse'))
    await juliet.request(set('nurse', 'Nurse'))
    const vers = juliet.take().map((push) => payload(push)!.attr('ver'))
    assert.equal(new Set(vers).size, 2)
    assert.equal(await query(juliet, vers[1]), undefined)
    assert.equal((await query(juliet, vers[0]))!.attr('ver'), vers[1])
  })

  it('is the same after a restart, and does not count what the user cannot see', async (t) => {
    const scene = await verona(t, versions)
    const juliet = scene.device('juliet/balcony')
    await juliet.request(set('tybalt'))
    await juliet.request(set('nurse'))
    const ver = (await query(juliet, ''))!.attr('ver')!
    await scene.device('romeo').send(Presence({ type: 'subscribe', to: 'juliet@example.com' }))
    await scene.reconfigure(mod_roster, versions)
    assert.equal(await query(juliet, ver), undefined)
  })

  it('a client that asked for none gets none, and neither does one where none are kept', async (t) => {
    const juliet = (await verona(t, versions)).device('juliet/balcony')
    assert.equal((await query(juliet))!.attr('ver'), undefined)
    await juliet.request(set('nurse'))
    assert.equal(payload(juliet.take()[0]!)!.attr('ver'), undefined)
    const other = (await verona(t)).device('juliet/balcony')
    assert.equal((await query(other, ''))!.attr('ver'), undefined)
  })
})

describe('what others ask of the roster', () => {
  it('contacts, and who may see whom', async (t) => {
    const { host } = await verona(t)
    const [juliet, romeo, rosters] = [jid('juliet'), jid('romeo'), rostersOf(host)!]
    await rosters.set(juliet, { jid: romeo, name: 'Romeo', groups: ['Lovers'], remove: false })
    await rosters.put(juliet, romeo, 'from')
    const contacts = (await host.hooks.first(contactsOf, juliet))!
    assert.equal([...contacts.all()].length, 1)
    assert.equal(contacts.get(romeo)!.subscription, 'from')
    assert.deepEqual(contacts.get(romeo)!.groups, ['Lovers'])
    assert.deepEqual(
      [
        await host.hooks.first(maySeePresence, juliet, romeo),
        await host.hooks.first(maySeePresence, juliet, nurse),
        await host.hooks.first(maySeePresence, juliet, juliet),
      ],
      [true, false, true],
    )
    assert.deepEqual(
      (await rosters.list(juliet)).map(({ name }) => name),
      ['Romeo'],
    )
    assert.equal(await rosters.contact(juliet, nurse), undefined)
  })

  it('nothing is there when the module has stopped', async (t) => {
    const { host, kernel } = await verona(t)
    await kernel.modules.stop(host, 'mod_roster')
    assert.equal(rostersOf(host), undefined)
    assert.equal(await host.hooks.first(contactsOf, jid('juliet')), undefined)
  })

  it('asks the store once for a roster that is used again and again', async (t) => {
    const scene = await verona(t)
    let queries = 0
    const { storage } = scene.kernel
    const query = storage.query.bind(storage)
    storage.query = (...args) => (queries++, query(...args))
    const user = scene.connect('nurse/kitchen')
    // When the session begins, beside what else is asked then.
    assert.equal(queries, 1)
    for (let i = 0; i < 5; i++) await rosterOf(user)
    await user.request(set('juliet'))
    assert.equal((await rosterOf(user)).length, 1)
    assert.equal(queries, 1)
  })

  it('keeps no more in memory than it may', async (t) => {
    const scene = await verona(t, { cached_items: 2 })
    const [juliet, romeo] = [scene.device('juliet/balcony'), scene.device('romeo')]
    await juliet.request(set('nurse'))
    await romeo.request(set('tybalt'))
    await romeo.request(set('paris'))
    assert.equal((await rosterOf(juliet)).length, 1)
    assert.equal((await rosterOf(romeo)).length, 2)
  })
})

describe('a change that cannot be stored', () => {
  it('R5: is refused and leaves the roster as it was', async (t) => {
    const scene = await verona(t)
    const juliet = scene.device('juliet/balcony')
    await juliet.request(get())
    const { storage } = scene.kernel
    const commit = storage.commit.bind(storage)
    storage.commit = () => Promise.reject(new Error('disk full'))
    const answer = await juliet.request(set('nurse'))
    await juliet.send(Presence({ type: 'subscribe', to: 'romeo@example.com' }))
    storage.commit = commit
    assert.equal(errorCondition(answer), 'internal-server-error')
    assert.deepEqual(juliet.take().map(errorCondition), ['internal-server-error'])
    assert.deepEqual(scene.device('romeo').take(), [])
    assert.deepEqual(await rosterOf(juliet), [])
    await juliet.request(set('nurse'))
    assert.equal((await rosterOf(juliet)).length, 1)
  })

  it('changes made at the same time do not lose each other', async (t) => {
    const scene = await verona(t)
    const juliet = jid('juliet')
    const rosters = rostersOf(scene.host)!
    const names = Array.from({ length: 20 }, (_, i) => `contact${i}`)
    await Promise.all([
      ...names.map((name) => rosters.set(juliet, { jid: jid(name), name, groups: [], remove: false })),
      rosters.subscribe(juliet, nurse, 'subscribe'),
      rosters.set(juliet, { jid: nurse, name: 'Nurse', groups: [], remove: false }),
      rosters.subscribe(juliet, nurse, 'subscribed'),
    ])
    await scene.reconfigure(mod_roster)
    const all = await rostersOf(scene.host)!.list(juliet)
    assert.equal(all.length, 21)
    const { name, ask, approved } = all.find((item) => item.jid.equals(nurse))!
    assert.deepEqual({ name, ask, approved }, { name: 'Nurse', ask: true, approved: true })
  })
})

describe('S42: an account that goes', () => {
  it('leaves no roster, and its contacts do not trust a successor', async (t) => {
    const scene = await verona(t)
    const { host } = scene
    const [juliet, romeo, rosters] = [jid('juliet'), jid('romeo'), rostersOf(host)!]
    await rosters.put(juliet, romeo, 'both')
    await rosters.put(romeo, juliet, 'both')
    await scene.device('romeo').request(get())
    await host.accounts.remove(juliet, await host.hooks.fold(accountRemoved, [], juliet))
    await settle()
    assert.deepEqual(await rosters.list(juliet), [])
    assert.equal((await rosters.contact(romeo, juliet))!.subscription, 'none')
    assert.deepEqual(
      pushes(scene.device('romeo')).map((item) => item.subscription),
      ['to', 'none'],
    )
  })

  it('its contacts are told before the module stops', async (t) => {
    const scene = await verona(t)
    const { host, kernel } = scene
    const [juliet, romeo, rosters] = [jid('juliet'), jid('romeo'), rostersOf(host)!]
    await rosters.put(juliet, romeo, 'both')
    await rosters.put(romeo, juliet, 'both')
    await host.accounts.remove(juliet, await host.hooks.fold(accountRemoved, [], juliet))
    await kernel.modules.stop(host, 'mod_roster')
    assert.equal(await host.stores.keyedSet('roster_farewells').count(juliet.toString()), 0)
  })

  it('its contacts are told after a restart when the server dies before they were', async (t) => {
    const scene = await verona(t)
    const { host, kernel } = scene
    const [juliet, romeo, rosters] = [jid('juliet'), jid('romeo'), rostersOf(host)!]
    await rosters.put(juliet, romeo, 'both')
    await rosters.put(romeo, juliet, 'both')
    const writes = await host.hooks.fold(accountRemoved, [], juliet)
    // What would have happened in memory does not.
    const order = host.stores.keyedSet('erasing').put('', juliet.toString(), '0')
    await host.commit(order, ...writes.map(({ sql, params }) => ({ sql, params })))
    assert.equal((await rosters.contact(romeo, juliet))!.subscription, 'both')
    await kernel.eraser.resume()
    await scene.wait(1)
    assert.equal((await rosters.contact(romeo, juliet))!.subscription, 'none')
    assert.equal(await host.stores.keyedSet('roster_farewells').count(juliet.toString()), 0)
  })
})
