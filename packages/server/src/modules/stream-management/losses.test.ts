/** XEP-0198 §5: whatever is lost on the way, and whenever the client comes back. */
import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { Body, Message, Presence, SmAck, SmResumed, isStanza } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import fc from 'fast-check'
import { DOMAIN, type Device, settle } from '../../testing/story.ts'
import mam from '../mam/index.ts'
import offline from '../offline/index.ts'
import { balcony, bodies, chat, enable, resume } from './balcony.fixture.ts'

type Step =
  | { readonly do: 'send' | 'lose' | 'wait'; readonly count: number }
  | { readonly do: 'read' | 'ack'; readonly share: number }

const some = fc.integer({ min: 1, max: 6 })
const share = fc.double({ min: 0, max: 1, noNaN: true })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: some.map((count): Step => ({ do: 'send', count })) },
  { weight: 4, arbitrary: share.map((part): Step => ({ do: 'read', share: part })) },
  { weight: 3, arbitrary: share.map((part): Step => ({ do: 'ack', share: part })) },
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'lose', count: 1 }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'wait', count: 700 }) },
)

/** A client as XEP-0198 wants it, that reads only part of what it was sent. */
class Reader {
  /** What it has read on each of its connections. */
  readonly connections: string[][] = [[]]
  /** How many stanzas of this session it has read, and said that it has. */
  handled = 0
  #acked = 0
  device: Device

  constructor(device: Device) {
    this.device = device
  }

  /** Reads a share of what has come. */
  read(part: number): void {
    const { received } = this.device
    const elements = received.splice(0, Math.round(received.length * part))
    this.handled += elements.filter(isStanza).length
    this.connections.at(-1)!.push(...bodies(elements))
  }

  /** Acknowledges some of what it has read. */
  async ack(part: number): Promise<void> {
    this.#acked += Math.round((this.handled - this.#acked) * part)
    await this.device.say(SmAck({ h: this.#acked }))
  }

  /** Goes on over another connection: of the same session when `count` says so, otherwise of a new one. */
  over(device: Device, handled: number): void {
    this.device = device
    this.handled = this.#acked = handled
    this.connections.push([])
  }
}

const scene = balcony(
  { after: (end) => after(end) },
  { more: [[offline], [mam, { pm: {} }]], section: { buffer_max: 40 } },
)

it('S51, R25: every message arrives, in order, and on one connection once', async () => {
  const { scene: verona, romeo } = await scene
  let users = 0
  const run = async (steps: readonly Step[]): Promise<void> => {
    const name = `juliet${++users}`
    const reader = new Reader(verona.connect(`${name}/1`))
    let id = await enable(reader.device)
    await reader.device.send(Presence())
    let sent = 0
    let resumable = true
    const comeBack = async (): Promise<void> => {
      const visitor = await resume(verona, id, reader.handled, name)
      if (visitor.device !== undefined) {
        assert.ok(SmResumed.is(visitor.received.shift()))
        return reader.over(visitor.device, reader.handled)
      }
      resumable = false
      const next = verona.connect(`${name}/1`)
      reader.over(next, 0)
      id = await enable(next)
      await next.send(Presence())
    }
    for (const { ...each } of [...steps, { do: 'lose', count: 1 } as const]) {
      if (each.do === 'send')
        for (let i = 0; i < each.count; i++) await romeo.send(chat(String(++sent)).with({ to: `${name}@${DOMAIN}` }))
      else if (each.do === 'read') reader.read(each.share)
      else if (each.do === 'ack') await reader.ack(each.share)
      else {
        await reader.device.lose()
        if (each.do === 'wait') await verona.wait(each.count)
        await comeBack()
      }
    }
    await settle()
    reader.read(1)
    await reader.device.disconnect()
    verona.host.directory.all().forEach(({ jid, local }) => {
      if (jid.local === name && local !== undefined) verona.kernel.endSession(local, 'over')
    })
    check(reader.connections, sent, resumable)
  }
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), run), { numRuns: 60 })
})

function check(connections: readonly string[][], sent: number, exactly: boolean): void {
  const expected = Array.from({ length: sent }, (_, index) => String(index + 1))
  for (const read of connections) {
    assert.equal(new Set(read).size, read.length, 'none twice on one connection')
    assert.deepEqual(
      read,
      read.toSorted((a, b) => Number(a) - Number(b)),
      'in order',
    )
  }
  const all = connections.flat()
  assert.deepEqual([...new Set(all)], expected, 'each of them, the first times in order')
  // A client that says what it has, and is believed, gets nothing twice.
  if (exactly) assert.deepEqual(all, expected)
}

it('S51: what a client has sent is handled once, in order, and all of it before the client is told', async () => {
  const { scene: verona } = await scene
  const nurse = verona.connect('nurse/1')
  let users = 0
  const message = (body: string): Element => Message({ to: nurse.jid, type: 'chat', from: nurse.jid }, Body({}, body))
  const run = async (turns: readonly number[]): Promise<void> => {
    const name = `peter${++users}`
    let device = verona.connect(`${name}/1`)
    const id = await enable(device)
    let sent = 0
    for (const count of turns) {
      for (let i = 0; i < count; i++)
        await verona.kernel.router.receive(
          device.session,
          message(String(++sent)).with({ from: device.jid }),
          nurse.jid,
        )
      // No time passes: the commits are under way.
      const visitor = await resume(verona, id, 0, name)
      assert.deepEqual(visitor.received[0], SmResumed({ previd: id, h: sent }))
      assert.equal(bodies(nurse.received).length, sent)
      device = visitor.device!
    }
    const expected = Array.from({ length: sent }, (_, index) => String(index + 1))
    assert.deepEqual(bodies(nurse.take()), expected)
    await device.disconnect()
  }
  await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 6 }), run), { numRuns: 30 })
})
