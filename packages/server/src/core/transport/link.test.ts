/** Envelopes over a transport that loses, repeats, delays and reorders. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FakeClock } from '../../testing/fake-clock.ts'
import { randomOf } from '../../testing/lossy-network.ts'
import { TimerWheel } from '../timers.ts'
import { type Envelope, Link, Links, type Packet, type Transport } from './index.ts'

const envelope = (n: number): Envelope => ({ kind: 'gone', jid: `juliet@example.com/${n}`, openedAt: n })
const numberOf = (sent: Envelope): number => (sent.kind === 'gone' ? sent.openedAt : -1)

/** Two nodes on one clock, between which a test carries the packets. */
class Pair {
  readonly clock = new FakeClock()
  readonly timers = new TimerWheel(this.clock, (error) => {
    throw error
  })
  /** What is on its way, oldest first. */
  readonly flights: { to: string; from: string; packet: Packet }[] = []
  readonly handled = new Map<string, number[]>()
  readonly told: string[] = []
  readonly #receivers = new Map<string, (from: string, packet: Packet) => void>()

  start(node: string): Links {
    this.handled.set(node, [])
    return new Links(this.#transport(node), this.clock, this.timers, {
      up: (other) => void this.told.push(`${other} up at ${node}`),
      down: (other) => void this.told.push(`${other} down at ${node}`),
      handle: (_, what) => void this.handled.get(node)!.push(numberOf(what)),
    })
  }

  /** Carries everything, in order. */
  async carry(): Promise<void> {
    do {
      for (const { to, from, packet } of this.flights.splice(0)) this.#receivers.get(to)?.(from, packet)
      await Promise.resolve()
    } while (this.flights.length > 0)
  }

  /** Gives one flight its fate. */
  async land(index: number): Promise<void> {
    const [flight] = this.flights.splice(index, 1)
    if (flight !== undefined) this.#receivers.get(flight.to)?.(flight.from, flight.packet)
    await Promise.resolve()
  }

  tick(seconds: number): void {
    this.clock.advance(seconds)
    this.timers.advance()
  }

  #transport(node: string): Transport {
    const send = (to: string, packet: Packet): void => void this.flights.push({ to, from: node, packet })
    return {
      node,
      send,
      broadcast: (packet) => {
        for (const to of this.#receivers.keys()) if (to !== node) send(to, packet)
      },
      onPacket: (receive) => void this.#receivers.set(node, receive),
    }
  }
}

async function joined() {
  const pair = new Pair()
  const [west, east] = [pair.start('west'), pair.start('east')]
  await pair.carry()
  return { pair, west, east }
}

describe('links', () => {
  it('know of each other as soon as both are there', async () => {
    const { pair, west, east } = await joined()
    assert.deepEqual([west.nodes(), east.nodes()], [['east'], ['west']])
    assert.deepEqual(pair.told.toSorted(), ['east up at west', 'west up at east'])
  })

  it('bring everything once and in order, whatever becomes of packets', async () => {
    const fates = fc.record({
      seed: fc.integer(),
      loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
      count: fc.nat(80),
    })
    const check = fc.asyncProperty(fates, async ({ seed, loss, count }) => {
      const { pair, west, east } = await joined()
      const random = randomOf(seed)
      const done: number[] = []
      for (let n = 0; n < count; n++) {
        west.send('east', envelope(n), (handled) => void (handled && done.push(n)))
        east.send('west', envelope(n))
      }
      for (let turns = 0; west.waiting + east.waiting > 0; turns++) {
        assert.ok(turns < 20_000, 'it does not end')
        if (pair.flights.length === 0) {
          pair.tick(0.1)
          continue
        }
        const index = Math.floor(random() * Math.min(pair.flights.length, 20))
        const fate = random()
        if (fate < loss) pair.flights.splice(index, 1)
        else if (fate > 0.9) pair.flights.push(pair.flights[index]!)
        else await pair.land(index)
      }
      const all = Array.from({ length: count }, (_, n) => n)
      assert.deepEqual([pair.handled.get('east'), pair.handled.get('west'), done], [all, all, all])
    })
    await fc.assert(check, { numRuns: 60 })
  })

  it('fail what is for a node that is silent, tell that it has gone, and begin anew when it speaks', async () => {
    const { pair, west, east } = await joined()
    const fates: boolean[] = []
    for (let n = 0; n < 3; n++) west.send('east', envelope(n), (handled) => void fates.push(handled))
    for (let seconds = 0; seconds < 8; seconds++) {
      pair.flights.length = 0
      pair.tick(1)
    }
    assert.deepEqual(fates, [false, false, false])
    assert.deepEqual(pair.told.slice(2).toSorted(), ['east down at west', 'west down at east'])
    west.send('east', envelope(9), (handled) => void fates.push(handled))
    assert.equal(fates.at(-1), false)
    for (let seconds = 0; seconds < 3; seconds++) {
      await pair.carry()
      pair.tick(1)
    }
    assert.deepEqual([west.nodes(), east.nodes()], [['east'], ['west']])
    west.send('east', envelope(10), (handled) => void fates.push(handled))
    await pair.carry()
    assert.deepEqual([fates.at(-1), pair.handled.get('east')], [true, [10]])
  })

  it('take a node that was started again for another one: what was for the old one fails', async () => {
    const { pair, west } = await joined()
    const fates: boolean[] = []
    pair.flights.length = 0
    west.send('east', envelope(1), (handled) => void fates.push(handled))
    pair.flights.length = 0
    pair.clock.advance(1)
    pair.start('east')
    for (let seconds = 0; seconds < 3; seconds++) {
      await pair.carry()
      pair.tick(1)
    }
    west.send('east', envelope(2))
    await pair.carry()
    assert.deepEqual([fates, pair.handled.get('east')], [[false], [2]])
  })

  it('say goodbye', async () => {
    const { pair, west, east } = await joined()
    east.close()
    await pair.carry()
    assert.deepEqual([west.nodes(), pair.told.at(-1)], [[], 'east down at west'])
  })

  it('tell when all nodes have handled something, or there is none', async () => {
    const { pair, west } = await joined()
    let told = false
    void west.broadcast(envelope(1))?.then(() => (told = true))
    await Promise.resolve()
    assert.equal(told, false)
    await pair.carry()
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(told, true)
    assert.equal(new Pair().start('alone').broadcast(envelope(1)), undefined)
  })

  it('hold only so much for a node that does not acknowledge', async () => {
    const sent: Packet[] = []
    const link = new Link(1, new FakeClock(), { transmit: (packet) => void sent.push(packet), handle: () => undefined })
    link.up = true
    let taken = 0
    while (link.send(envelope(taken))) taken++
    assert.deepEqual([taken, link.waiting, sent.length], [50_000, 50_000, 512])
    // What comes too early is kept within the window only.
    for (let seq = 2; seq < 5000; seq++) link.received(seq, envelope(seq))
    assert.equal(link.early, 511)
  })
})
