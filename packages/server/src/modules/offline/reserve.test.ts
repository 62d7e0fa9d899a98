/** XEP-0198 §4: what a server has acknowledged outlives the server, also while it waits for a client to resume. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  NoStoreHint,
  OriginId,
  Presence,
  SmAck,
  SmRequest,
  errorCondition,
  isStanza,
  parseJid,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { accountRemoved, messagesAcknowledged, sessionArrived, sessionLeft, sessionPacked } from '../../core/module.ts'
import { memoryDatabase } from '../../storage/memory.ts'
import { type Device, type Story, settle, story } from '../../testing/story.ts'
import mam from '../mam/index.ts'
import messages from '../messages.ts'
import presence from '../presence/index.ts'
import resent from '../resent.ts'
import {
  DEAF,
  JULIET,
  type SceneOptions,
  balcony,
  bodies,
  chat,
  enable,
  heldDatabase,
  resume,
  since,
  stampOf,
} from '../stream-management/balcony.fixture.ts'
import offline from './index.ts'

type Context = Parameters<typeof balcony>[0]

const kept = (scene: Story) => scene.host.stores.log('offline').count(JULIET)

/** Juliet with stream management, and a mailbox; no archive. */
function verona(t: Context, options: SceneOptions = {}) {
  return balcony(t, { section: DEAF, ...options, more: [[offline], ...(options.more ?? [])] })
}

async function say(romeo: Device, ...words: string[]): Promise<void> {
  for (const word of words) await romeo.send(chat(word))
}

async function arrive(scene: Story, name: string): Promise<Device> {
  const device = scene.connect(name)
  await device.send(Presence())
  return device
}

/** The server is killed, and another one starts on what it has stored. */
async function afterwards(t: Context, storage: SceneOptions['storage']): Promise<Device> {
  const scene = await story(t, { modules: [[messages], [presence], [offline]], storage: storage! })
  return arrive(scene, 'juliet/2')
}

describe('R1: a server that is killed while a client may resume', () => {
  it('has what the client has not acknowledged, and what came later, in order and with its time', async (t) => {
    const storage = memoryDatabase()
    const { scene, romeo, juliet } = await verona(t, { storage })
    const began = scene.clock.now()
    await say(romeo, '1', '2')
    assert.equal(await kept(scene), 0)
    await juliet.lose()
    assert.equal(await kept(scene), 2)
    await scene.wait(30)
    await say(romeo, '3')
    const next = await afterwards(t, storage)
    assert.deepEqual(bodies(next.received), ['1', '2', '3'])
    const told = next.take().filter(({ name }) => name === 'message')
    assert.deepEqual(since(told[0]), [stampOf(began)])
    assert.deepEqual(since(told[2]), [stampOf(began + 30_000)])
  })

  it('has it before the sender is told that it was handled', async (t) => {
    const storage = heldDatabase()
    const { romeo, juliet } = await verona(t, { storage })
    await enable(romeo)
    await juliet.lose()
    const release = storage.hold()
    await say(romeo, '1')
    await romeo.say(SmRequest())
    assert.equal(romeo.take().length, 0)
    release()
    await settle()
    assert.deepEqual(romeo.take(), [SmAck({ h: 1 })])
  })

  for (const [end, lose] of Object.entries({
    'with its session waiting': (juliet: Device) => juliet.lose(),
    'with its session over': (juliet: Device) => juliet.disconnect(),
  }))
    it(`R2: recognises what is sent again, ${end}: nothing kept the first one when it came`, async (t) => {
      const storage = memoryDatabase()
      const { romeo, juliet } = await verona(t, { storage, more: [[resent]] })
      const first = chat('1', OriginId({ id: 'o1' }))
      await romeo.send(first)
      await lose(juliet)
      const later = await story(t, {
        modules: [[messages], [presence], [offline], [resent]],
        users: ['romeo/2'],
        storage,
      })
      await later.device('romeo/2').send(first)
      const next = await arrive(later, 'juliet/2')
      await later.device('romeo/2').send(first)
      assert.deepEqual(bodies(next.received), ['1'])
    })

  it('has nothing twice that the client has acknowledged', async (t) => {
    const storage = memoryDatabase()
    const { scene, romeo, juliet, id } = await verona(t, { storage })
    await say(romeo, '1', '2', '3')
    await juliet.lose()
    const visitor = await resume(scene, id, 1)
    assert.deepEqual(bodies(visitor.received), ['2', '3'])
    await settle()
    assert.equal(await kept(scene), 2)
    await visitor.device!.say(SmAck({ h: 2 }))
    assert.deepEqual(bodies((await afterwards(t, storage)).received), ['3'])
  })

  it('has what comes while a client that resumes is lost once more', async (t) => {
    const { scene, romeo, juliet, id } = await verona(t)
    await juliet.lose()
    await say(romeo, '1')
    const visitor = await resume(scene, id, 0)
    await say(romeo, '2')
    await visitor.device!.lose()
    assert.equal(await kept(scene), 2)
  })
})

describe('XEP-0198 §4: while the session lives', () => {
  it('what it holds is given to nobody else', async (t) => {
    const { scene, romeo, juliet, id } = await verona(t)
    await say(romeo, '1')
    await juliet.lose()
    await say(romeo, '2')
    const phone = await arrive(scene, 'juliet/phone')
    assert.deepEqual(bodies(phone.received), [])
    const visitor = await resume(scene, id, 0)
    assert.deepEqual(bodies(visitor.received), ['1', '2'])
    await visitor.device!.say(SmAck({ h: visitor.received.filter(isStanza).length }))
    await settle()
    assert.equal(await kept(scene), 0)
    await phone.send(Presence({ type: 'unavailable' }))
    await phone.send(Presence())
    assert.deepEqual(bodies(phone.received), [])
  })

  it('what is no message for later is not stored', async (t) => {
    const { scene, romeo, juliet } = await verona(t)
    await romeo.send(chat('1', NoStoreHint()))
    await juliet.lose()
    await romeo.send(chat('2', NoStoreHint()))
    await romeo.send(chat('3').with({ type: 'headline' }))
    assert.equal(await kept(scene), 0)
  })

  it('what the archive has is not stored', async (t) => {
    const { scene, romeo, juliet } = await verona(t, { more: [[mam, { pm: {} }]] })
    await say(romeo, '1')
    await juliet.lose()
    await say(romeo, '2')
    assert.equal(await kept(scene), 0)
    await scene.wait(700)
    assert.equal(await kept(scene), 2)
  })

  it('the quota does not count: the session holds only so much', async (t) => {
    const full = Array.from({ length: 101 }, (_, index) => String(index))
    const { scene, romeo, juliet } = await balcony(t, {
      section: { ...DEAF, buffer_max: 1000 },
      more: [[offline, { access_max_user_messages: 'none' }]],
    })
    await juliet.lose()
    await say(romeo, ...full)
    assert.deepEqual(romeo.take(), [])
    assert.equal(await kept(scene), 101)
  })

  it('the module is started anew', async (t) => {
    const { scene, romeo, juliet, id } = await verona(t)
    await say(romeo, '1')
    await juliet.lose()
    await scene.reconfigure(offline, { store_groupchat_messages: true })
    const phone = await arrive(scene, 'juliet/phone')
    assert.deepEqual(bodies(phone.received), [])
    const visitor = await resume(scene, id, 0)
    await visitor.device!.say(SmAck({ h: visitor.received.filter(isStanza).length }))
    await settle()
    assert.equal(await kept(scene), 0)
  })
})

describe('XEP-0198 §5: a session that goes on at another node', () => {
  it('takes what is stored for it along', async (t) => {
    const storage = memoryDatabase()
    const here = await verona(t, { storage })
    await here.juliet.lose()
    await say(here.romeo, '1')
    const memory = await here.scene.host.hooks.fold(sessionPacked, {}, here.juliet.session)
    await here.scene.host.hooks.notify(sessionLeft, here.juliet.session)

    const there = await story(t, { modules: [[messages], [presence], [offline]], storage })
    const { session } = there.connect('juliet/1')
    await there.host.hooks.notify(sessionArrived, session, memory)
    const phone = await arrive(there, 'juliet/phone')
    assert.deepEqual(bodies(phone.received), [])
    assert.equal(await kept(there), 1)
    const [at] = JSON.parse(memory['mod_offline'] ?? '[]') as number[]
    await there.host.hooks.notify(messagesAcknowledged, session, [{ stanza: chat('1'), at: at! }])
    await settle()
    assert.equal(await kept(there), 0)
  })

  it('leaves it when it does not arrive there', async (t) => {
    const { scene, romeo, juliet } = await verona(t)
    await juliet.lose()
    await say(romeo, '1')
    await scene.host.hooks.notify(sessionLeft, juliet.session)
    await scene.wait(61)
    assert.deepEqual(bodies((await arrive(scene, 'juliet/phone')).received), ['1'])
  })
})

describe('XEP-0198 §4: when the session is not resumed', () => {
  it('what it held stays for whoever comes, once', async (t) => {
    const { scene, romeo, juliet } = await verona(t)
    await say(romeo, '1', '2')
    await juliet.lose()
    await say(romeo, '3')
    await scene.wait(700)
    assert.equal(await kept(scene), 3)
    assert.deepEqual(bodies((await arrive(scene, 'juliet/phone')).received), ['1', '2', '3'])
    assert.equal(await kept(scene), 0)
  })

  it('another device gets it, and it is stored no longer', async (t) => {
    const { scene, romeo, juliet } = await verona(t)
    await say(romeo, '1')
    await juliet.lose()
    const phone = await arrive(scene, 'juliet/phone')
    await scene.wait(700)
    assert.deepEqual(bodies(phone.received), ['1'])
    assert.equal(await kept(scene), 0)
  })

  it('of two sessions that both hold it, the last one leaves it', async (t) => {
    const { scene, romeo, juliet } = await verona(t)
    const tablet = await arrive(scene, 'juliet/tablet')
    await enable(tablet)
    await juliet.lose()
    await tablet.lose()
    await say(romeo, '1')
    assert.equal(await kept(scene), 1)
    await juliet.disconnect()
    assert.equal(await kept(scene), 1)
    await tablet.disconnect()
    assert.deepEqual(bodies((await arrive(scene, 'juliet/phone')).received), ['1'])
    assert.equal(await kept(scene), 0)
  })

  it('what could not be stored before is stored then', async (t) => {
    const storage = heldDatabase()
    const { scene, romeo, juliet } = await verona(t, { storage })
    await say(romeo, '1')
    const works = storage.fail()
    await juliet.lose()
    works()
    assert.equal(await kept(scene), 0)
    await scene.wait(700)
    assert.deepEqual(bodies((await arrive(scene, 'juliet/phone')).received), ['1'])
  })
})

it('S42: what is stored goes with the account', async (t) => {
  const { scene, romeo, juliet } = await verona(t)
  await juliet.lose()
  await say(romeo, '1')
  const user = parseJid(JULIET)
  await scene.host.accounts.remove(user, await scene.host.hooks.fold(accountRemoved, [], user))
  await juliet.disconnect()
  assert.deepEqual(romeo.take().map(errorCondition), ['service-unavailable'])
  const stored: readonly Element[] = (await arrive(scene, 'juliet/phone')).received
  assert.deepEqual(bodies(stored), [])
})
