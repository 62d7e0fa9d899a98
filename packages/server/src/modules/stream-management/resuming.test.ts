/** XEP-0198 §5: sessions that go on over another connection. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Body,
  Delay,
  HandledCountTooHigh,
  Message,
  Presence,
  SmAck,
  SmResume,
  SmResumed,
  buildSmFailed,
} from '@meerkat/protocol'
import { DOMAIN, settle } from '../../testing/story.ts'
import { messageUnacknowledged } from './hooks.ts'
import {
  JULIET,
  balcony,
  bodies,
  chat,
  heldDatabase,
  resume,
  DEAF,
  archived,
  since,
  stampOf,
} from './balcony.fixture.ts'

describe('XEP-0198 §5: resuming', () => {
  it('S51: what was not acknowledged comes again, behind <resumed/> and before what is new', async (t) => {
    const { scene, romeo, juliet, id } = await balcony(t, { section: DEAF })
    await juliet.send(chat('to myself').with({ to: `romeo@${DOMAIN}/1` }))
    for (const word of ['1', '2']) await romeo.send(chat(word))
    await juliet.lose()
    await romeo.send(chat('3'))
    const again = await resume(scene, id, 1)
    await romeo.send(chat('4'))
    assert.deepEqual(again.received[0], SmResumed({ previd: id, h: 1 }))
    assert.deepEqual(bodies(again.received.slice(1)), ['2', '3', '4'])
    assert.deepEqual(bodies(juliet.take()), ['1', '2'])
    assert.equal(again.device?.session, juliet.session)
    await again.device.say(SmAck({ h: 4 }))
    assert.equal(again.closedWith, undefined)
  })

  it('R1: what was received earlier and comes late is given first, but behind what the client may have', async (t) => {
    const { scene, romeo, juliet, id } = await balcony(t, { section: DEAF })
    const late = (word: string, at: number) =>
      juliet.session.deliver(chat(word).with({ from: `romeo@${DOMAIN}/1` }), scene.kernel.clock.micros() - at)
    await romeo.send(chat('1'))
    await romeo.send(chat('2'))
    await juliet.lose()
    late('5', 0)
    late('4', 10_000_000)
    late('3', 20_000_000)
    const again = await resume(scene, id, 1)
    assert.deepEqual(bodies(again.received), ['2', '3', '4', '5'])
    await again.device!.lose()
    late('6', 0)
    const third = await resume(scene, id, 4)
    assert.deepEqual(bodies(third.received), ['5', '6'])
  })

  it('the session stays as it was: present, with all its messages, told to nobody', async (t) => {
    const { scene, romeo, juliet, id } = await balcony(t)
    await romeo.send(Presence({ to: JULIET }))
    await juliet.send(Presence({ to: `romeo@${DOMAIN}/1` }))
    romeo.take()
    await juliet.lose()
    await scene.wait(599)
    await resume(scene, id, 0)
    await scene.wait(700)
    assert.deepEqual([romeo.take(), juliet.session.closed, scene.host.directory.size], [[], false, 2])
  })

  it('XEP-0203: messages say since when they wait', async (t) => {
    const { scene, romeo, juliet, id } = await balcony(t)
    await juliet.lose()
    const at = scene.clock.now()
    await romeo.send(chat('hey'))
    await scene.wait(60)
    const message = (await resume(scene, id, 0)).received.find(({ name }) => name === 'message')
    assert.deepEqual([Delay.in(message!)?.attr('from'), ...since(message)], [DOMAIN, stampOf(at)])
  })

  it('XEP-0203: that is when the server received them, also when they had to wait before', async (t) => {
    const storage = heldDatabase()
    const { scene, romeo, juliet, id } = await balcony(t, { more: archived, storage })
    const [release, at] = [storage.hold(), scene.clock.now()]
    const sent = romeo.send(chat('hey'))
    await scene.wait(30)
    release()
    await sent
    await settle()
    assert.deepEqual(bodies(juliet.take()), ['hey'])
    await juliet.lose()
    const message = (await resume(scene, id, 0)).received.find(({ name }) => name === 'message')
    assert.deepEqual(since(message), [stampOf(at)])
  })

  it('from a living connection: that one ends with conflict, and what it brought is handled first', async (t) => {
    const storage = heldDatabase()
    const { scene, romeo, juliet, id } = await balcony(t, { more: archived, storage, section: DEAF })
    const release = storage.hold()
    const sent = juliet.send(Message({ to: `romeo@${DOMAIN}/1`, type: 'chat' }, Body({}, 'one')))
    await settle()
    const again = await Promise.race([resume(scene, id, 0), settle().then(() => undefined)])
    assert.equal(again, undefined, 'waits for the commit')
    assert.equal(juliet.closedWith?.condition, 'conflict')
    release()
    await sent
    await settle()
    assert.equal(juliet.session.lost, false)
    assert.deepEqual(bodies(romeo.take()), ['one'])
  })

  it('S51: of two at once one gets the session, the other is closed', async (t) => {
    const { scene, romeo, juliet, id } = await balcony(t)
    await romeo.send(chat('hey'))
    await juliet.lose()
    const [one, two] = [scene.newcomer('juliet'), scene.newcomer('juliet')]
    await Promise.all([one.say(SmResume({ previd: id, h: 0 })), two.say(SmResume({ previd: id, h: 0 }))])
    assert.deepEqual([one.device, one.closedWith?.condition, bodies(one.received)], [undefined, 'conflict', []])
    assert.equal(two.device?.session, juliet.session)
    assert.deepEqual(bodies(two.received), ['hey'])
  })

  it('S51: one after the other, the later has it', async (t) => {
    const { scene, romeo, juliet, id } = await balcony(t, { section: DEAF })
    await romeo.send(chat('hey'))
    await juliet.lose()
    const one = await resume(scene, id, 0)
    const two = await resume(scene, id, 1)
    await romeo.send(chat('ho'))
    assert.equal(one.closedWith?.condition, 'conflict')
    assert.deepEqual([bodies(one.received), bodies(two.received)], [['hey'], ['ho']])
  })

  it('S48: a session of somebody else, or of nobody, is not found, and the client may bind', async (t) => {
    const { scene, juliet, id } = await balcony(t)
    await juliet.lose()
    for (const [user, previd] of [
      ['romeo', id],
      ['juliet', `${id}x`],
      ['juliet', ''],
      ['juliet', id.toLowerCase()],
    ] as const) {
      const thief = await resume(scene, previd, 0, user)
      assert.deepEqual([thief.received, thief.closedWith], [[buildSmFailed('item-not-found')], undefined])
    }
    assert.equal(juliet.session.closed, false)
    assert.ok((await resume(scene, id, 0)).device)
  })

  it('S49: a count that is too high, or none, ends the new stream only', async (t) => {
    const { scene, romeo, juliet, id } = await balcony(t)
    await romeo.send(chat('hey'))
    for (const h of ['2', '-1', 'some', '']) {
      const visitor = await resume(scene, id, h)
      assert.equal(visitor.closedWith?.condition, 'undefined-condition')
      assert.ok(HandledCountTooHigh.is(visitor.closedWith.application))
    }
    assert.deepEqual([juliet.closedWith, juliet.session.lost], [undefined, false])
  })

  it('S49: a client that knows less than it has acknowledged must begin anew', async (t) => {
    const { scene, romeo, juliet, id } = await balcony(t)
    for (const word of ['1', '2']) await romeo.send(chat(word))
    await juliet.say(SmAck({ h: 2 }))
    await juliet.lose()
    const visitor = await resume(scene, id, 1)
    assert.equal(visitor.closedWith?.condition, 'undefined-condition')
  })

  it('without copies nothing can be resumed', async (t) => {
    const { juliet, id } = await balcony(t, { section: { buffer: false } })
    assert.equal(id, '')
    await juliet.lose()
    assert.equal(juliet.session.closed, true)
  })

  it('R25: whoever wakes clients learns what waits for them', async (t) => {
    const told: string[] = []
    const watch = messageUnacknowledged.on((_, message) => void told.push(...bodies([message])))
    const watcher = { key: 'mod_watch', summary: '', specs: [], start: () => ({ hooks: [watch] }) }
    const { scene, romeo, juliet, id } = await balcony(t, { more: [[watcher]] })
    await romeo.send(chat('1'))
    assert.deepEqual(told, [])
    await juliet.lose()
    await romeo.send(chat('2'))
    assert.deepEqual(told, ['1', '2'])
    await resume(scene, id, 0)
    const again = await resume(scene, id, 0)
    assert.deepEqual(told, ['1', '2'])
    // S52: a connection that breaks under a message
    const { connection } = again.device!.session
    connection.send = () => scene.kernel.loseConnection(juliet.session, 'the client does not read')
    await again.device!.say(SmAck({ h: 2 }))
    await romeo.send(chat('3'))
    assert.deepEqual(told, ['1', '2', '3'])
  })
})
