import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Iq, LastQuery, Presence, Status, errorCondition, makeJid, parseLast, result } from '@meerkat/protocol'
import type { Database } from '../../core/database.ts'
import { type ModuleDeclaration, accountRemoved, maySeePresence, sessionLost } from '../../core/module.ts'
import { memoryDatabase } from '../../storage/memory.ts'
import { DOMAIN, type Device, type Story, settle, story } from '../../testing/story.ts'
import mod_presence from '../presence/index.ts'
import { lastActivityOf } from './api.ts'
import mod_last from './index.ts'

const JULIET = `juliet@${DOMAIN}`
const ask = (to?: string) => Iq({ type: 'get', to }, LastQuery())
const idle = async (device: Device, to?: string) => parseLast(LastQuery.in(await device.request(ask(to)))!)
const leave = (words?: string) => Presence({ type: 'unavailable' }, words === undefined ? undefined : Status({}, words))
const seen = (scene: Story, user: string) => lastActivityOf(scene.host)!.of(makeJid(user, DOMAIN))

/** Lets romeo, and nobody else, see presences. */
const friends: ModuleDeclaration = {
  key: 'mod_friends',
  summary: "Romeo is everybody's friend.",
  specs: [],
  start: () => ({ hooks: [maySeePresence.on((_user, contact) => contact.local === 'romeo')] }),
}

/** Romeo may see Juliet, Mercutio may not. */
const capulet = (t: Parameters<typeof story>[0], storage?: Database) =>
  story(t, {
    modules: [[mod_presence], [mod_last], [friends]],
    users: ['romeo/orchard', 'mercutio', 'juliet/balcony'],
    ...(storage === undefined ? {} : { storage }),
  })

/** Juliet says that she is there, and leaves with these words. */
async function gone(scene: Story, words?: string, name = 'juliet/balcony'): Promise<void> {
  const juliet = scene.device(name)
  await juliet.send(Presence())
  await juliet.send(leave(words))
  await juliet.disconnect()
}

describe('XEP-0012 §3: a user who has left', () => {
  it('was there so many seconds ago, and has left with these words', async (t) => {
    const scene = await capulet(t)
    await gone(scene, 'Heading Home')
    await scene.wait(903)
    const answer = await idle(scene.device('romeo/orchard'), JULIET)
    assert.deepEqual(answer, { seconds: 903, status: 'Heading Home' })
  })

  it('without a word: the session that ends counts, and so does one that was never available', async (t) => {
    const scene = await capulet(t)
    const romeo = scene.device('romeo/orchard')
    await scene.device('juliet/balcony').disconnect()
    await scene.wait(5)
    assert.deepEqual(await idle(romeo, JULIET), { seconds: 5, status: undefined })
    const phone = scene.connect('juliet/phone')
    await phone.send(Presence())
    await phone.send(leave('Lunch'))
    await phone.send(Presence())
    await phone.disconnect()
    assert.deepEqual(await idle(romeo, JULIET), { seconds: 0, status: undefined })
  })

  it('the words stay when the session ends later than the presence', async (t) => {
    const scene = await capulet(t)
    const juliet = scene.device('juliet/balcony')
    await juliet.send(Presence())
    await juliet.send(leave('Heading Home'))
    await scene.wait(10)
    await juliet.disconnect()
    await scene.wait(1)
    assert.deepEqual(await idle(scene.device('romeo/orchard'), JULIET), { seconds: 1, status: 'Heading Home' })
  })

  it('MongooseIM: the end of the node that has held the session counts, too', async (t) => {
    const scene = await capulet(t)
    const [entry] = scene.host.directory.of(makeJid('juliet', DOMAIN))
    scene.host.directory.leave(entry!)
    await scene.host.hooks.notify(sessionLost, entry!)
    await scene.wait(7)
    assert.deepEqual(await idle(scene.device('romeo/orchard'), JULIET), { seconds: 7, status: undefined })
  })

  it('with a connected resource the answer is 0', async (t) => {
    const scene = await capulet(t)
    const phone = scene.connect('juliet/phone')
    await gone(scene, 'Heading Home')
    assert.deepEqual(await idle(scene.device('romeo/orchard'), JULIET), { seconds: 0, status: undefined })
    assert.deepEqual(await idle(phone), { seconds: 0, status: undefined })
  })

  it('who has never been there is unavailable', async (t) => {
    const scene = await capulet(t)
    scene.account('nurse')
    const answer = await scene.device('romeo/orchard').request(ask(`nurse@${DOMAIN}`))
    assert.equal(errorCondition(answer), 'service-unavailable')
  })

  it('a clock that was set back makes no negative number', async (t) => {
    const scene = await capulet(t)
    await gone(scene)
    await lastActivityOf(scene.host)!.set(makeJid('juliet', DOMAIN), { seconds: 5e9, status: '' })
    assert.equal((await idle(scene.device('romeo/orchard'), JULIET))?.seconds, 0)
  })
})

describe('XEP-0012 §8: who may not see the presence', () => {
  it('is forbidden to ask the account, connected or not', async (t) => {
    const scene = await capulet(t)
    const mercutio = scene.device('mercutio')
    assert.equal(errorCondition(await mercutio.request(ask(JULIET))), 'forbidden')
    await gone(scene, 'Heading Home')
    assert.equal(errorCondition(await mercutio.request(ask(JULIET))), 'forbidden')
  })

  it('§4: and the resource, which the question does not reach; that of others does', async (t) => {
    const scene = await capulet(t)
    const juliet = scene.device('juliet/balcony')
    for (const resource of ['balcony', 'nowhere'])
      assert.equal(errorCondition(await scene.device('mercutio').request(ask(`${JULIET}/${resource}`))), 'forbidden')
    assert.deepEqual(juliet.take(), [])
    const romeo = scene.device('romeo/orchard')
    await romeo.send(ask(`${JULIET}/balcony`).with({ id: 'last2' }))
    const [question] = juliet.take()
    await juliet.send(result(question!, LastQuery({ seconds: '123' })))
    assert.deepEqual(parseLast(LastQuery.in(romeo.take()[0]!)!), { seconds: 123, status: undefined })
  })

  it('may send other requests to a resource', async (t) => {
    const scene = await capulet(t)
    const version = Iq({ type: 'get', to: `${JULIET}/balcony`, id: 'v' })
    await scene.device('mercutio').send(version)
    assert.equal(scene.device('juliet/balcony').take().length, 1)
  })
})

describe('XEP-0012 §5 and §6: the server', () => {
  it('has been running for so long, also when the module has not', async (t) => {
    const scene = await capulet(t)
    await scene.wait(60)
    await scene.reconfigure(mod_last)
    await scene.wait(40)
    assert.deepEqual(await idle(scene.device('mercutio'), DOMAIN), { seconds: 100, status: undefined })
    assert.ok(scene.host.serverFeatures.list().includes('jabber:iq:last'))
    assert.ok(scene.host.accountFeatures.list().includes('jabber:iq:last'))
  })
})

describe('what is kept', () => {
  it('of a status so much, and nothing that XML cannot say', async (t) => {
    const scene = await capulet(t)
    await gone(scene, `${'x'.repeat(1023)}\u{1F994}`)
    assert.equal((await seen(scene, 'juliet'))?.status, `${'x'.repeat(1023)}\uFFFD`)
  })

  it('goes with the account, whose sessions end behind it', async (t) => {
    const scene = await capulet(t)
    await gone(scene)
    const user = makeJid('juliet', DOMAIN)
    const phone = scene.connect('juliet/phone')
    await scene.host.accounts.remove(user, await scene.host.hooks.fold(accountRemoved, [], user))
    await phone.disconnect()
    assert.equal(await seen(scene, 'juliet'), undefined)
    assert.equal(await scene.host.stores.keyedSet('last').count(DOMAIN), 0)
  })

  it('is all there when the module stops, however slow the store is', async (t) => {
    const storage = memoryDatabase()
    let units = 0
    const slow: Database = {
      ...storage,
      commit: (writes) => {
        units++
        return settle().then(() => storage.commit(writes))
      },
    }
    const scene = await capulet(t, slow)
    const devices = Array.from({ length: 50 }, (_, i) => scene.connect(`page${i}`))
    const before = units
    await Promise.all(devices.map((device) => device.disconnect()))
    await scene.kernel.modules.stop(scene.host, mod_last.key)
    assert.equal(await scene.host.stores.keyedSet('last').count(DOMAIN), 50)
    assert.ok(units - before < 10, `${units - before} units`)
  })

  it('a store that fails is told to the operator, and later logouts are kept', async (t) => {
    const storage = memoryDatabase()
    let broken = true
    const flaky: Database = {
      ...storage,
      commit: (writes) => (broken ? Promise.reject(new Error('no space left')) : storage.commit(writes)),
    }
    const scene = await capulet(t, flaky)
    const errors = scene.kernel.counters.unexpectedErrors
    await scene.device('juliet/balcony').disconnect()
    assert.equal(scene.kernel.counters.unexpectedErrors, errors + 1)
    broken = false
    await scene.connect('juliet/balcony').disconnect()
    assert.deepEqual(await seen(scene, 'juliet'), { seconds: scene.clock.now() / 1000, status: '' })
  })

  it('is read in pages', async (t) => {
    const scene = await capulet(t)
    const activity = lastActivityOf(scene.host)!
    const names = Array.from({ length: 1001 }, (_, i) => `page${String(i).padStart(4, '0')}`)
    for (const name of names) await activity.set(makeJid(name, DOMAIN), { seconds: 1, status: '' })
    const pages = []
    for await (const page of activity.at(DOMAIN)) pages.push([...page.keys()])
    assert.deepEqual(
      pages.map((page) => page.length),
      [1000, 1],
    )
    assert.deepEqual(pages.flat(), names)
  })
})
