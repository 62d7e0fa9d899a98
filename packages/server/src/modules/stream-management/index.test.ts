import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Body,
  HandledCountTooHigh,
  Message,
  Presence,
  SmAck,
  SmEnable,
  SmEnabled,
  SmRequest,
  SmResume,
  StanzaId,
  StreamError,
  buildSmFailed,
  errorCondition,
} from '@meerkat/protocol'
import { DOMAIN, settle, story } from '../../testing/story.ts'
import { streamFeatures } from '../../core/module.ts'
import offline from '../offline/index.ts'
import ping from '../ping.ts'
import streamManagement from './index.ts'
import {
  JULIET,
  balcony,
  bodies,
  chat,
  counts,
  enable,
  heldDatabase,
  resume,
  DEAF,
  archived,
  since,
  stampOf,
} from './balcony.fixture.ts'

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
