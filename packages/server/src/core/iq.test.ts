import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Iq, Ping, StanzaError, errorReply, parseJid, result } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { FakeClock } from '../testing/fake-clock.ts'
import { Delivery } from './delivery.ts'
import { IqRoutes, PendingRequests, iqGet, iqSet } from './iq.ts'
import { TimerWheel } from './timers.ts'

const ASKED = parseJid('juliet@example.com/1')
const ASKER = parseJid('example.com')

const delivery = (iq: Element) => new Delivery(iq, ASKED, ASKER, 'client', 1)
const answerWith = (id: string) => () => Iq({ type: 'result', id })

describe('IQ routes', () => {
  it('RFC 6120 §8.2.3: finds the handler by target, type and the qualified name of the payload', () => {
    const routes = new IqRoutes()
    routes.add(iqGet(Ping, answerWith('server get'), ['server']))
    routes.add(iqGet(Ping, answerWith('account get'), ['account']))
    routes.add(iqSet(Ping, answerWith('set')))
    const ask = (target: 'server' | 'account', type: string) =>
      (routes.answer(target, delivery(Iq({ type, id: 'q' }, Ping()))) as Element).attr('id')
    assert.deepEqual(
      [ask('server', 'get'), ask('account', 'get'), ask('server', 'set'), ask('account', 'set')],
      ['server get', 'account get', 'set', 'set'],
    )
  })

  it('tells the handler who asks whom', () => {
    const routes = new IqRoutes()
    routes.add(iqGet(Ping, (iq, { from, to }) => Iq({ id: `${from} ${to} ${iq.attr('id')}` })))
    const answer = routes.answer('server', delivery(Iq({ type: 'get', id: 'q' }, Ping()))) as Element
    assert.equal(answer.attr('id'), 'juliet@example.com/1 example.com q')
  })

  it('S58: refuses requests without exactly one child, and what is no request', () => {
    const routes = new IqRoutes()
    routes.add(iqGet(Ping, answerWith('x')))
    for (const iq of [
      Iq({ type: 'get' }),
      Iq({ type: 'get' }, Ping(), Ping()),
      Iq({ type: 'result' }, Ping()),
      Iq({}, Ping()),
    ])
      assert.throws(() => routes.answer('server', delivery(iq)), { condition: 'bad-request' })
  })

  it('RFC 6120 §8.4: refuses a payload that nobody understands, or nobody any more', () => {
    const routes = new IqRoutes()
    const route = iqGet(Ping, answerWith('x'))
    routes.add(route)
    const ask = (payload: Element) => () => routes.answer('server', delivery(Iq({ type: 'get' }, payload)))
    assert.throws(ask(Body()), { condition: 'service-unavailable' })
    assert.doesNotThrow(ask(Ping()))
    routes.remove(route)
    assert.throws(ask(Ping()), { condition: 'service-unavailable' })
  })

  it('takes one handler for a payload', () => {
    const routes = new IqRoutes()
    routes.add(iqGet(Ping, answerWith('x'), ['server']))
    routes.add(iqGet(Ping, answerWith('x'), ['account']))
    assert.throws(() => routes.add(iqGet(Ping, answerWith('y'))), /two handlers/)
  })
})

describe('requests of the server', () => {
  function scene(limit?: number) {
    const clock = new FakeClock()
    const timers = new TimerWheel(clock, (error) => assert.fail(String(error)))
    const requests = new PendingRequests(timers, limit)
    const sent: Element[] = []
    const ask = (id?: string) =>
      requests.send(Iq({ type: 'get', id, from: ASKER, to: ASKED }, Ping()), 10, (iq) => sent.push(iq))
    const pass = (seconds: number) => {
      clock.advance(seconds)
      timers.advance()
    }
    return { requests, sent, ask, pass }
  }

  it('resolve with the result, and reject with the error of the answer', async () => {
    const { requests, sent, ask } = scene()
    const answers = [ask(), ask()]
    assert.ok(requests.settle(errorReply(sent[1]!, new StanzaError('cancel', 'not-allowed')), ASKED))
    assert.ok(requests.settle(result(sent[0]!), ASKED))
    assert.equal((await answers[0])!.attr('type'), 'result')
    await assert.rejects(answers[1]!, { condition: 'not-allowed' })
  })

  it('S58: take no answer from another address, no second one, and no unasked one', async () => {
    const { requests, sent, ask } = scene()
    const answer = ask()
    const reply = result(sent[0]!)
    assert.equal(requests.settle(reply, parseJid('mallory@example.com/1')), false)
    assert.equal(requests.settle(reply, ASKED.bare), false)
    assert.equal(requests.settle(reply.with({ id: 'other' }), ASKED), false)
    assert.equal(requests.settle(reply.with({ id: undefined }), ASKED), false)
    assert.equal(requests.settle(reply, ASKED), true)
    assert.equal(requests.settle(reply, ASKED), false)
    assert.equal((await answer).attr('id'), sent[0]!.attr('id'))
  })

  it('go out under ids of their own, so that two askers never share one', () => {
    const { sent, ask } = scene()
    void ask('same').catch(() => undefined)
    void ask('same').catch(() => undefined)
    assert.notEqual(sent[0]!.attr('id'), sent[1]!.attr('id'))
  })

  it('reject when nobody has answered in time, and take no late answer', async () => {
    const { requests, sent, ask, pass } = scene()
    const answer = ask()
    pass(9)
    assert.equal(requests.settle(result(sent[0]!).with({ id: 'other' }), ASKED), false)
    pass(2)
    await assert.rejects(answer, { condition: 'remote-server-timeout' })
    assert.equal(requests.settle(result(sent[0]!), ASKED), false)
  })

  it('S58: are bounded, and make room when they are settled', async () => {
    const { requests, sent, ask } = scene(2)
    const answers = [ask(), ask()]
    await assert.rejects(ask(), { condition: 'resource-constraint' })
    assert.equal(sent.length, 2)
    requests.settle(result(sent[0]!), ASKED)
    await answers[0]
    answers.push(ask())
    assert.equal(sent.length, 3)
    for (const iq of sent.slice(1)) requests.settle(result(iq), ASKED)
    await Promise.all(answers)
  })
})
