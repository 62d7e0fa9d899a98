import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseJid } from '@meerkat/protocol'
import { FakeClock } from '../testing/fake-clock.ts'
import { Guesses } from './guesses.ts'

const juliet = parseJid('juliet@example.com')

function scene() {
  const clock = new FakeClock()
  return { clock, guesses: new Guesses(clock) }
}

/** Delays of so many failures from one address each. */
const delays = (guesses: Guesses, count: number, address: (i: number) => string, account = juliet): number[] =>
  Array.from({ length: count }, (_, i) => guesses.failed(address(i), account))

describe('S36: failed logins', () => {
  it('S36: for one account, wherever they come from, are answered later and later, and at most 8 s later', () => {
    const { guesses } = scene()
    assert.deepEqual(
      delays(guesses, 7, (i) => `192.0.2.${i}`),
      [0, 0.5, 1, 2, 4, 8, 8],
    )
    assert.equal(guesses.failed('192.0.2.99', parseJid('nurse@example.com')), 0)
  })

  it('S36: from one network, for whatever accounts, are answered later once there are more than people mistype', () => {
    const { guesses } = scene()
    const answers = Array.from({ length: 17 }, (_, i) =>
      guesses.failed(`2001:db8:1:2::${i}`, parseJid(`user${i}@example.com`)),
    )
    assert.deepEqual(answers, [...Array<number>(11).fill(0), 0.5, 1, 2, 4, 8, 8])
    assert.equal(guesses.failed('2001:db8:1:3::1', undefined), 0)
  })

  it('S36: a network that fails too often may not try, until that is forgiven; other networks may', () => {
    const { clock, guesses } = scene()
    for (let i = 0; i < 5; i++) {
      assert.equal(guesses.tooMany('2001:db8::1', 5), false)
      guesses.failed('2001:db8::1', juliet)
    }
    assert.equal(guesses.tooMany('2001:db8::2', 5), true)
    assert.equal(guesses.tooMany('192.0.2.1', 5), false)
    clock.advance(10)
    assert.equal(guesses.tooMany('2001:db8::2', 5), false)
    guesses.failed('2001:db8::2', juliet)
    assert.equal(guesses.tooMany('2001:db8::2', 5), true)
  })

  it('S36: a success is forgotten for the account and not for the network', () => {
    const { guesses } = scene()
    delays(guesses, 5, () => '192.0.2.1')
    guesses.succeeded(juliet.withResource('balcony'))
    assert.equal(guesses.failed('192.0.2.2', juliet), 0)
    assert.equal(guesses.tooMany('192.0.2.1', 5), true)
  })

  it('S36: are forgotten with time', () => {
    const { clock, guesses } = scene()
    delays(guesses, 4, () => '192.0.2.1')
    clock.advance(40)
    assert.equal(guesses.failed('192.0.2.1', juliet), 0)
  })

  it('S36: an attacker cannot make it remember without bound, nor forget whom it fails for all the time', () => {
    const { guesses } = scene()
    for (let i = 0; i < 30_000; i++) {
      guesses.failed(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, parseJid(`user${i}@example.com`))
      if (i % 5000 === 0) guesses.failed('192.0.2.1', juliet)
    }
    assert.equal(guesses.failed('192.0.2.1', juliet), 8)
    assert.equal(guesses.failed('192.0.2.2', parseJid('user1@example.com')), 0)
  })
})
