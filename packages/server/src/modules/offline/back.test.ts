/** Messages that go back to the mailbox because their devices have left: in order, once, and durable. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Delay, Presence, SmAck, SmRequest } from '@meerkat/protocol'
import { DOMAIN, type Device, type Story, settle } from '../../testing/story.ts'
import {
  DEAF,
  JULIET,
  archived,
  balcony,
  bodies,
  chat,
  enable,
  heldDatabase,
  since,
  stampOf,
} from '../stream-management/balcony.fixture.ts'
import offline from './index.ts'

async function arrive(scene: Story, name: string): Promise<Device> {
  const device = scene.connect(name)
  await device.send(Presence())
  return device
}

describe('RFC 6121 §8.5.2.2: a device that leaves while a message for it is stored', () => {
  it('its messages stand in the mailbox as they were received', async (t) => {
    const storage = heldDatabase()
    const { scene, romeo, juliet } = await balcony(t, { storage, section: DEAF, more: [[offline], ...archived] })
    const release = storage.hold()
    await romeo.send(chat('1'))
    await juliet.disconnect()
    // Stored at once, while the first one has yet to learn that nobody is there.
    await romeo.send(chat('2'))
    release()
    await settle()
    assert.deepEqual(bodies((await arrive(scene, 'juliet/2')).received), ['1', '2'])
  })

  it('its messages are not overtaken while the account is looked up', async (t) => {
    const { scene, romeo, juliet } = await balcony(t, { section: DEAF, more: [[offline]] })
    await romeo.send(chat('1'))
    const { accounts } = scene.host
    const answer = Promise.withResolvers<boolean>()
    accounts.use(accounts.methods.map((method) => Object.assign({}, method, { exists: () => answer.promise })))
    await juliet.disconnect()
    const back = await arrive(scene, 'juliet/2')
    await romeo.send(chat('2'))
    assert.deepEqual(bodies(back.received), [])
    answer.resolve(true)
    await settle()
    assert.deepEqual(bodies(back.received), ['1', '2'])
  })

  it('R2: they count as handled when they are there', async (t) => {
    const storage = heldDatabase()
    const { scene, romeo, juliet } = await balcony(t, { storage, section: DEAF, more: [[offline], ...archived] })
    await enable(romeo)
    const archives = storage.hold()
    await romeo.send(chat('1'))
    await juliet.disconnect()
    const mailbox = storage.hold()
    archives()
    await settle()
    await romeo.say(SmRequest())
    assert.deepEqual(romeo.take(), [])
    assert.equal(await scene.host.stores.log('offline').count(JULIET), 0)
    mailbox()
    await settle()
    assert.deepEqual(romeo.take(), [SmAck({ h: 1 })])
    assert.equal(await scene.host.stores.log('offline').count(JULIET), 1)
  })

  it('R20: the server does not stop before', async (t) => {
    const storage = heldDatabase()
    const { scene, romeo, juliet } = await balcony(t, { storage, section: DEAF, more: [[offline]] })
    await romeo.send(chat('1'))
    const release = storage.hold()
    await juliet.disconnect()
    let idle = false
    const waiting = scene.kernel.router.idle(5).then(() => (idle = true))
    await settle()
    assert.equal(idle, false)
    release()
    await waiting
    assert.equal(await scene.host.stores.log('offline').count(JULIET), 1)
  })
})

describe('XEP-0198 §4: a message that several resources were handed', () => {
  const two = async (t: Parameters<typeof balcony>[0]) => {
    const { scene, romeo, juliet } = await balcony(t, { section: DEAF, more: [[offline]] })
    const phone = await arrive(scene, 'juliet/phone')
    await romeo.send(chat('1'))
    return { scene, romeo, juliet, phone }
  }

  it('is not given again to one that has it', async (t) => {
    const { scene, juliet, phone } = await two(t)
    await juliet.disconnect()
    assert.deepEqual(bodies(phone.take()), ['1'])
    assert.equal(await scene.host.stores.log('offline').count(JULIET), 0)
  })

  it('is stored when those that have it have left, too', async (t) => {
    const { scene, juliet, phone } = await two(t)
    await phone.disconnect()
    await juliet.disconnect()
    assert.deepEqual(bodies((await arrive(scene, 'juliet/2')).received), ['1'])
  })

  it('one of the same address has not got it', async (t) => {
    const { scene, juliet, phone } = await two(t)
    await phone.disconnect()
    const again = await arrive(scene, 'juliet/phone')
    await juliet.disconnect()
    assert.deepEqual(bodies(again.received), ['1'])
  })
})

describe('XEP-0203 §4: the time of what comes again', () => {
  it('is that of its reception, also the second time, whatever its sender says (S60)', async (t) => {
    const { scene, romeo, juliet } = await balcony(t, { section: DEAF, more: [[offline]] })
    const at = scene.clock.now()
    await romeo.send(chat('1', Delay({ from: DOMAIN, stamp: '2001-01-01T00:00:00Z' })))
    await juliet.disconnect()
    for (const name of ['juliet/2', 'juliet/3']) {
      await scene.wait(60)
      const device = scene.connect(name)
      await enable(device)
      await device.send(Presence())
      const message = device.received.find((stanza) => stanza.name === 'message')
      assert.deepEqual(since(message), [stampOf(at)])
      await device.disconnect()
    }
  })
})
