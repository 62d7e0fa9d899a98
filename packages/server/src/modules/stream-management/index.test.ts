import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Body,
  Delay,
  HandledCountTooHigh,
  Message,
  Presence,
  SmAck,
  SmEnable,
  SmEnabled,
  SmRequest,
  SmResume,
  SmResumed,
  StanzaId,
  StreamError,
  buildSmFailed,
  errorCondition,
  formatDateTime,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { DOMAIN, settle, story } from '../../testing/story.ts'
import { streamFeatures } from '../../core/module.ts'
import mam from '../mam/index.ts'
import offline from '../offline/index.ts'
import ping from '../ping.ts'
import { messageUnacknowledged } from './hooks.ts'
import streamManagement from './index.ts'
import { JULIET, balcony, bodies, chat, counts, enable, heldDatabase, resume } from './balcony.fixture.ts'

const DEAF = { ack: false }
/** When a message was taken, to the second. */
const since = (message: Element | undefined): (string | undefined)[] =>
  message === undefined ? [] : Delay.all(message).map((delay) => delay.attr('stamp')?.slice(0, 19))
const stampOf = (milliseconds: number): string => formatDateTime(milliseconds * 1000).slice(0, 19)
const archived = [[mam, { pm: {} }]] as const

describe('XEP-0198 §3: enabling', () => {
  it('is offered once the client has authenticated', async (t) => {
    const { scene } = await balcony(t)
    const features = await scene.host.hooks.fold(streamFeatures, [], DOMAIN)
    assert.deepEqual(
      features.map(({ name, ns }) => `${name} ${ns}`),
      ['sm urn:xmpp:sm:3'],
    )
  })

  it('with resumption it has an id that nobody guesses, without it none', async (t) => {
    const { scene, id } = await balcony(t)
    assert.ok(id.length >= 32)
    const other = scene.connect('juliet/2')
    await other.say(SmEnable())
    assert.deepEqual(other.take(), [SmEnabled()])
    assert.notEqual(await enable(scene.connect('juliet/3')), id)
  })

  it('before binding it fails with unexpected-request, and the client may go on', async (t) => {
    const { scene } = await balcony(t)
    const newcomer = scene.newcomer('juliet')
    assert.equal(await newcomer.say(SmEnable({ resume: 'true' })), true)
    assert.deepEqual(newcomer.received, [buildSmFailed('unexpected-request')])
    assert.equal(await newcomer.say(SmRequest()), false)
  })

  it('a second time it fails, and the stream ends', async (t) => {
    const { juliet } = await balcony(t)
    let closed = 0
    juliet.session.connection.close = () => void closed++
    await juliet.say(SmEnable())
    assert.deepEqual([juliet.take(), closed], [[buildSmFailed('unexpected-request')], 1])
  })

  it('resuming a bound session fails with unexpected-request', async (t) => {
    const { juliet, id } = await balcony(t)
    await juliet.say(SmResume({ previd: id, h: 0 }))
    assert.deepEqual(juliet.take(), [buildSmFailed('unexpected-request')])
  })

  it('requests of a client that has not enabled it are not answered', async (t) => {
    const { romeo } = await balcony(t)
    assert.deepEqual([await romeo.say(SmRequest()), await romeo.say(SmAck({ h: 7 })), romeo.take()], [true, true, []])
  })
})

describe('XEP-0198 §4: what the client sends', () => {
  it('is counted from enabling on, whatever becomes of it', async (t) => {
    const { juliet } = await balcony(t)
    await juliet.send(Presence())
    await juliet.send(Message({ to: `nobody@${DOMAIN}` }, Body({}, 'hey')))
    juliet.take()
    await juliet.say(SmRequest())
    assert.deepEqual(juliet.take(), [SmAck({ h: 2 })])
  })

  it('what is to be kept counts once it is durable, and so does what follows; the client need not wait', async (t) => {
    const storage = heldDatabase()
    const { scene, juliet } = await balcony(t, { more: archived, storage, section: DEAF })
    scene.account('mercutio')
    const release = storage.hold()
    const sent = juliet.send(Message({ to: `romeo@${DOMAIN}`, type: 'chat' }, Body({}, 'one')))
    const second = juliet.send(Presence({ to: `mercutio@${DOMAIN}` }))
    await juliet.say(SmRequest())
    assert.deepEqual(counts(juliet.take()), [])
    release()
    await Promise.all([sent, second])
    await settle()
    assert.deepEqual(counts(juliet.take()), ['2'])
  })

  it('a stanza whose commit fails is handled: its sender has the error first', async (t) => {
    const storage = heldDatabase()
    const { juliet } = await balcony(t, { more: archived, storage, section: DEAF })
    storage.fail()
    const release = storage.hold()
    const sent = juliet.send(Message({ to: `romeo@${DOMAIN}`, type: 'chat' }, Body({}, 'one')))
    await juliet.say(SmRequest())
    release()
    await sent
    await settle()
    assert.deepEqual(
      juliet.take().map((element) => element.attr('h') ?? errorCondition(element)),
      ['internal-server-error', '1'],
    )
  })
})

describe('XEP-0198 §4: what the client is sent', () => {
  it('is followed by a request, as often as configured', async (t) => {
    for (const [section, requests] of [
      [{}, 4],
      [{ ack_freq: 2 }, 2],
      [DEAF, 0],
    ] as const) {
      const { romeo, juliet } = await balcony(t, { section })
      for (const body of ['1', '2', '3', '4']) await romeo.send(chat(body))
      assert.equal(juliet.take().filter((element) => SmRequest.is(element)).length, requests)
    }
  })

  it('S49: a count that is too high, or none, ends the stream', async (t) => {
    for (const h of ['2', '-1', 'some', '4294967296', undefined]) {
      const { romeo, juliet } = await balcony(t)
      await romeo.send(chat('hey'))
      await juliet.say(SmAck({ h }))
      assert.equal(juliet.closedWith?.condition, 'undefined-condition', h)
      const sent = HandledCountTooHigh({ h: h === '2' ? 2 : undefined, 'send-count': 1 })
      assert.deepEqual(juliet.closedWith.application, sent)
    }
  })

  it('S50: a client that never acknowledges gets some seconds, then its connection is closed and nothing is lost', async (t) => {
    const { scene, romeo, juliet, id } = await balcony(t, { section: { buffer_max: 3 }, more: [[offline]] })
    const words = ['1', '2', '3', '4']
    for (const word of words) await romeo.send(chat(word))
    assert.equal(juliet.closedWith?.condition, undefined)
    await scene.wait(6)
    assert.deepEqual(
      [juliet.closedWith?.condition, juliet.closedWith?.text],
      ['resource-constraint', 'too many unacked stanzas'],
    )
    const again = await resume(scene, id, 1)
    assert.deepEqual(bodies(again.received), ['2', '3', '4'])
  })

  it('S50: one that acknowledges in time stays', async (t) => {
    const { scene, romeo, juliet } = await balcony(t, { section: { buffer_max: 3 } })
    for (const word of ['1', '2', '3', '4', '5']) await romeo.send(chat(word))
    await juliet.say(SmAck({ h: 2 }))
    await scene.wait(10)
    assert.equal(juliet.closedWith, undefined)
  })

  it('S50: far too much at once closes the connection at once', async (t) => {
    for (const [count, body] of [
      [31, 'short'],
      [6, 'x'.repeat(200_000)],
    ] as const) {
      const { romeo, juliet } = await balcony(t, { section: { buffer_max: 3 } })
      for (let i = 1; i < count; i++) await romeo.send(chat(body))
      assert.equal(juliet.closedWith?.condition, undefined)
      await romeo.send(chat(body))
      assert.equal(juliet.closedWith?.condition, 'resource-constraint')
    }
  })

  it('S52: what is too much to be sent again at once goes into storage', async (t) => {
    const large = 'x'.repeat(200_000)
    const { scene, romeo, juliet } = await balcony(t, { more: [[offline]] })
    for (let i = 0; i < 3; i++) await romeo.send(chat(large))
    await juliet.lose()
    assert.equal(juliet.session.closed, true)
    const next = scene.connect('juliet/2')
    await enable(next)
    await next.send(Presence())
    assert.deepEqual(bodies(next.take()), [large, large, large])
    await next.say(SmAck({ h: 4 }))
    await next.lose()
    for (let i = 0; i < 2; i++) await romeo.send(chat(large))
    assert.equal(next.session.closed, false)
    await romeo.send(chat(large))
    assert.equal(next.session.closed, true)
    assert.equal(await scene.host.stores.log('offline').count(JULIET), 3)
  })

  it('S50: what a lost session cannot hold goes into storage, all of it and in order', async (t) => {
    const { scene, romeo, juliet } = await balcony(t, { section: { buffer_max: 300 }, more: [[offline], ...archived] })
    await juliet.lose()
    const words = Array.from({ length: 400 }, (_, index) => String(index + 1))
    // All at once: what comes while the session ends does not overtake what it held.
    await Promise.all(words.map((word) => romeo.send(chat(word))))
    assert.equal(juliet.session.closed, true)
    const next = scene.connect('juliet/2')
    await next.send(Presence())
    assert.deepEqual(bodies(next.take()), words)
  })
})

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

describe('XEP-0198 §4: a session that is not resumed', () => {
  it('ends behind resume_timeout: others are told, and what waits is kept for later with its time', async (t) => {
    const { scene, romeo, juliet, id } = await balcony(t, {
      section: { resume_timeout: 60 },
      more: [[offline], ...archived],
    })
    await juliet.send(Presence({ to: `romeo@${DOMAIN}/1` }))
    romeo.take()
    const at = scene.clock.now()
    await romeo.send(chat('1'))
    await juliet.lose()
    await romeo.send(chat('2'))
    await scene.wait(61)
    assert.equal(juliet.session.closed, true)
    assert.deepEqual(
      romeo.take().map((stanza) => [stanza.attr('type'), stanza.attr('from')]),
      [['unavailable', `${JULIET}/1`]],
    )
    assert.deepEqual((await resume(scene, id, 0)).received, [buildSmFailed('item-not-found')])

    const next = scene.connect('juliet/2')
    await next.send(Presence())
    const messages = next.take().filter(({ name }) => name === 'message')
    assert.deepEqual(bodies(messages), ['1', '2'])
    for (const message of messages) {
      assert.equal(StanzaId.all(message).length, 1, 'it was archived once')
      assert.deepEqual(since(message), [stampOf(at)])
    }
    const rows = await scene.host.storage.query<{ n: number }>('SELECT count(*) AS n FROM mam_message')
    assert.deepEqual(rows, [{ n: 4 }])
  })

  it('its messages go to another resource at once', async (t) => {
    const { scene, romeo, juliet } = await balcony(t, { section: { resume_timeout: 60 }, more: [[offline]] })
    await romeo.send(chat('hey').with({ to: `${JULIET}/1` }))
    const other = scene.connect('juliet/2')
    await other.send(Presence())
    other.take()
    await juliet.lose()
    await scene.wait(61)
    assert.deepEqual(bodies(other.take()), ['hey'])
  })

  it('what nobody takes goes back to its sender', async (t) => {
    const { romeo, juliet } = await balcony(t)
    await romeo.send(chat('hey'))
    await juliet.disconnect()
    assert.deepEqual(romeo.take().map(errorCondition), ['service-unavailable'])
  })

  it('copies and answers that the account sent to this resource alone go nowhere else', async (t) => {
    const { scene, juliet } = await balcony(t, { more: [[offline]] })
    juliet.session.deliver(chat('carbon').with({ from: JULIET }))
    await juliet.disconnect()
    assert.equal(await scene.host.stores.log('offline').count(JULIET), 0)
  })

  it('what was kept for the user before keeps its time', async (t) => {
    const { scene, romeo, juliet } = await balcony(t, { more: [[offline]] })
    await juliet.disconnect()
    const at = scene.clock.now()
    await romeo.send(chat('hey'))
    await scene.wait(60)
    const second = scene.connect('juliet/2')
    await enable(second)
    await second.send(Presence())
    assert.deepEqual(bodies(second.take()), ['hey'])
    await second.disconnect()
    const third = scene.connect('juliet/3')
    await third.send(Presence())
    const message = third.take().find(({ name }) => name === 'message')
    assert.deepEqual(since(message), [stampOf(at)])
  })

  it('S46: another one with its address ends it, gets its messages as any other would, and nothing else of it', async (t) => {
    const { scene, romeo, juliet, id } = await balcony(t, { more: [[offline]] })
    await romeo.send(chat('hey'))
    await juliet.lose()
    const next = scene.connect('juliet/1')
    await next.send(Presence())
    assert.deepEqual([juliet.session.closed, bodies(next.take())], [true, ['hey']])
    assert.deepEqual((await resume(scene, id, 0)).received, [buildSmFailed('item-not-found')])
  })

  it('a server that stops loses nothing of it', async (t) => {
    const { scene, romeo, juliet } = await balcony(t, { more: [[offline]] })
    await romeo.send(chat('1'))
    await juliet.lose()
    await romeo.send(chat('2'))
    scene.kernel.endSessions(new StreamError('system-shutdown'))
    await settle()
    assert.equal(await scene.host.stores.log('offline').count(JULIET), 2)
  })

  it('§5: stale_h tells how much was handled, for a while', async (t) => {
    const stale_h = { enabled: true, geriatric: 100, repeat_after: 50 }
    const { scene, juliet, id } = await balcony(t, { section: { resume_timeout: 60, stale_h } })
    await juliet.send(Presence())
    await juliet.lose()
    await scene.wait(61)
    assert.deepEqual((await resume(scene, id, 0)).received, [buildSmFailed('item-not-found', 1)])
    assert.deepEqual((await resume(scene, id, 0, 'romeo')).received, [buildSmFailed('item-not-found')])
    await scene.wait(160)
    assert.deepEqual((await resume(scene, id, 0)).received, [buildSmFailed('item-not-found')])
  })

  it('mod_ping does not end what waits to be resumed', async (t) => {
    const pings = { send_pings: true, ping_interval: 10, ping_req_timeout: 10, timeout_action: 'kill' }
    const { scene, juliet, id } = await balcony(t, { more: [[ping, pings]] })
    await juliet.lose()
    await scene.wait(100)
    assert.ok((await resume(scene, id, 0)).device)
  })
})

describe('mod_stream_management, stopped and started', () => {
  it('goes on with the sessions that there are, by its new settings', async (t) => {
    const { scene, romeo, juliet, id } = await balcony(t)
    await romeo.send(chat('1'))
    await scene.reconfigure(streamManagement, { ack: false })
    juliet.take()
    await romeo.send(chat('2'))
    assert.deepEqual(
      juliet.take().map(({ name }) => name),
      ['message'],
    )
    await juliet.lose()
    assert.deepEqual(bodies((await resume(scene, id, 1)).received), ['2'])
  })

  it('lost sessions end in their time without it, and lose nothing', async (t) => {
    const { scene, romeo, juliet } = await balcony(t, { more: [[offline]] })
    await romeo.send(chat('1'))
    await juliet.lose()
    await scene.kernel.modules.stop(scene.host, 'mod_stream_management')
    await scene.wait(601)
    assert.equal(juliet.session.closed, true)
    assert.equal(await scene.host.stores.log('offline').count(JULIET), 1)
  })
})

it('costs nothing where no client has enabled it', async (t) => {
  const scene = await story(t, { modules: [[streamManagement]], users: ['juliet'] })
  assert.equal(scene.device('juliet').session.inbound, undefined)
  assert.deepEqual(scene.device('juliet').session.held(), [])
})
