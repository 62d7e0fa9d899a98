/** Publications are what AMQP says: the driver's own decoder reads them. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { PublicationFrames } from './rabbit-frames.ts'
import type { MessageProperties } from './rabbit-pool.ts'
import { ofDriver } from './testing/driver.ts'

/** What the driver makes of a frame. */
interface Frame {
  readonly channel: number
  readonly id?: number
  readonly size?: number
  readonly fields?: Readonly<Record<string, unknown>>
  readonly content?: Buffer
}

const { parseFrame, decodeFrame } = ofDriver('frame.js') as {
  readonly parseFrame: (octets: Buffer, max: number) => { readonly rest: Buffer } | false
  readonly decodeFrame: (frame: object) => Frame
}
const { BasicPublish, BasicProperties } = ofDriver('defs.js') as Record<string, number>

const properties = (more: Partial<MessageProperties> = {}): MessageProperties => ({
  lane: 3,
  messageId: '0195-in',
  timestamp: 1_750_000_000,
  contentType: 'application/json',
  persistent: true,
  mandatory: true,
  ...more,
})

/** Frames over a stream whose writes are kept. */
function scene(frameMax = 4096) {
  const out = new PassThrough({ highWaterMark: 1 << 24 })
  const writes: Buffer[] = []
  out.write = (octets: Buffer) => writes.push(octets) > 0
  const read = (): Frame[] => {
    const frames: Frame[] = []
    let rest: Buffer = Buffer.concat(writes.splice(0))
    while (rest.length > 0) {
      const frame = parseFrame(rest, frameMax)
      ok(frame !== false, 'a frame is not whole')
      frames.push(decodeFrame(frame))
      rest = frame.rest
    }
    return frames
  }
  return { frames: new PublicationFrames(out, frameMax), writes, read }
}

describe('AMQP 0-9-1 §2.3.5: a publication', () => {
  it('is a method, a header and a body', async () => {
    const { frames, read } = scene()
    equal(frames.publish(7, 'chat_msg', 'älice@localhost.sent', '{"ü":"🙂"}', properties()), 13)
    await turn()
    const [method, header, body, ...more] = read()
    deepEqual(more, [])
    deepEqual([method?.channel, method?.id, header?.channel, header?.id], [7, BasicPublish, 7, BasicProperties])
    const { exchange, routingKey, mandatory, immediate, ticket } = method?.fields ?? {}
    deepEqual(
      [exchange, routingKey, mandatory, immediate, ticket],
      ['chat_msg', 'älice@localhost.sent', true, false, 0],
    )
    equal(header?.size, 13)
    const told = Object.entries(header?.fields ?? {}).filter(([, value]) => value !== undefined)
    deepEqual(Object.fromEntries(told), {
      contentType: 'application/json',
      deliveryMode: 2,
      messageId: '0195-in',
      timestamp: 1_750_000_000,
    })
    equal(body?.content?.toString(), '{"ü":"🙂"}')
  })

  it('need be neither kept nor returned', async () => {
    const { frames, read } = scene()
    frames.publish(1, 'x', 'k', '{}', properties({ persistent: false, mandatory: false }))
    await turn()
    const [method, header] = read()
    deepEqual([method?.fields?.['mandatory'], header?.fields?.['deliveryMode']], [false, 1])
  })

  it('has as many bodies as its size wants', async () => {
    const { frames, read } = scene(4096)
    for (const size of [0, 1, 4087, 4088, 4089, 8176, 8177, 200_000]) {
      const text = 'é'.repeat(Math.floor(size / 2)) + (size % 2 === 0 ? '' : 'e')
      equal(frames.publish(1, 'x', 'k', text, properties()), size)
      await turn()
      const [, header, ...bodies] = read()
      equal(header?.size, size)
      equal(bodies.length, Math.ceil(size / 4088))
      equal(Buffer.concat(bodies.map(({ content }) => content!)).toString(), text)
    }
  })

  it('does not wait for the end of the turn', async () => {
    const { frames, writes } = scene()
    let written = 0
    setImmediate(() => (written = writes.length))
    frames.publish(1, 'x', 'k', '{}', properties())
    await turn()
    equal(written, 1)
  })

  it('goes out with all that is published with it, in order, in one write', async () => {
    const { frames, writes, read } = scene()
    for (let n = 0; n < 100; n++) frames.publish(n % 3, 'x', 'k', `{"n":${n}}`, properties())
    deepEqual(writes, [])
    await turn()
    equal(writes.length, 1)
    const bodies = read().flatMap(({ content }) => (content === undefined ? [] : [content.toString()]))
    deepEqual(
      bodies,
      Array.from({ length: 100 }, (_, n) => `{"n":${n}}`),
    )
  })

  it('is not changed by later ones while it is on its way', async () => {
    const { frames, writes, read } = scene(1 << 20)
    const text = 'a'.repeat(30_000)
    const kept: [Buffer, string][] = []
    for (let n = 0; n < 20; n++) {
      frames.publish(1, 'x', 'k', `${n}${text}`, properties())
      await turn()
      for (const octets of writes)
        if (!kept.some(([one]) => one === octets)) kept.push([octets, octets.toString('hex')])
    }
    for (const [octets, before] of kept) equal(octets.toString('hex'), before)
    equal(read().length, 60)
  })
})
