import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { Iq, Ping, result } from '@meerkat/protocol'
import { sessionActive } from '../core/module.ts'
import { story } from '../testing/story.ts'
import ping from './ping.ts'

test("XEP-0199 §4.2: the server answers a client's ping", async (t) => {
  const scene = await story(t, { modules: [[ping]], users: ['juliet'] })
  const juliet = scene.device('juliet')
  const asked = Iq({ type: 'get', id: 'c2s1', to: 'example.com' }, Ping())
  assert.deepEqual(await juliet.request(asked), result(asked.with({ from: juliet.jid })))
})

test('XEP-0199 §4.2: and a ping of its own account', async (t) => {
  const scene = await story(t, { modules: [[ping]], users: ['juliet'] })
  assert.equal((await scene.device('juliet').request(Iq({ type: 'get' }, Ping()))).attr('type'), 'result')
})

describe('XEP-0199 §4.1: the server pings silent clients', () => {
  const settings = { send_pings: true, ping_interval: 60, ping_req_timeout: 30, timeout_action: 'kill' }

  it('pings after the interval, and closes one that does not answer', async (t) => {
    const scene = await story(t, { modules: [[ping, settings]], users: ['juliet'] })
    const juliet = scene.device('juliet')
    await scene.wait(59)
    assert.deepEqual(juliet.received, [])
    await scene.wait(2)
    assert.ok(Ping.in(juliet.received.at(-1)!))
    assert.equal(juliet.closedWith?.condition, undefined)
    await scene.wait(31)
    assert.equal(juliet.closedWith?.condition, 'connection-timeout')
  })

  it('lets a client live that answers, with whatever', async (t) => {
    const scene = await story(t, { modules: [[ping, settings]], users: ['juliet'] })
    const juliet = scene.device('juliet')
    await scene.wait(61)
    const [asked] = juliet.take()
    await juliet.send(Iq({ type: 'error', id: asked!.attr('id'), to: 'example.com' }))
    await scene.wait(58)
    assert.equal(juliet.closedWith?.condition, undefined)
    await scene.wait(4)
    assert.ok(Ping.in(juliet.received.at(-1)!), 'pinged again after another minute')
  })

  it('does not ping a client that talks', async (t) => {
    const scene = await story(t, { modules: [[ping, settings]], users: ['juliet'] })
    const juliet = scene.device('juliet')
    for (let i = 0; i < 4; i++) {
      await scene.wait(40)
      await scene.host.hooks.notify(sessionActive, juliet.session)
    }
    assert.deepEqual(juliet.received, [])
  })

  it('takes new settings while sessions stay, and stops with them', async (t) => {
    const scene = await story(t, { modules: [[ping]], users: ['juliet'] })
    const juliet = scene.device('juliet')
    await scene.reconfigure(ping, { send_pings: true, ping_interval: 5 })
    await scene.wait(6)
    assert.equal(juliet.take().length, 1)
    await scene.kernel.modules.stop(scene.host, 'mod_ping')
    await scene.wait(60)
    assert.deepEqual(juliet.take(), [])
    assert.equal(juliet.session.closed, false)
  })
})
