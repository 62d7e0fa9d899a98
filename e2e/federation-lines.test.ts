/** XEP-0198 between servers: what becomes of messages when the line between two servers is bad. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { Client } from '@meerkat/client'
import { expect, message, story } from '@meerkat/client/testing'
import type { StoryTest } from '@meerkat/client/testing'
import { Body, Iq, Message, Ping } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { BadLine } from './bad-line.fixture.ts'
import { federation, figureOf } from './federation.fixture.ts'

const chat = (to: Client, body: string): Element => Message({ to: to.jid, type: 'chat' }, Body({}, body))
/** "1", "2" and so on. */
const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i + 1}`)

/** Two servers, and a line from the first to the other one that is in the test's hand. */
async function servers(more = '') {
  const line = await BadLine.open()
  after(() => line.close())
  const [one, other] = await federation(['capulet.example', 'montague.example'], {
    between: (port) => line.to(port),
    s2s: more,
  })

  /** Alice here, and Bob beyond the line, over which there is a connection. */
  const across = (t: StoryTest, tell: (alice: Client, bob: Client) => Promise<void>): Promise<void> =>
    story(t, { server: one, users: { alice: 1 } }, ({ alice }) =>
      story(t, { server: other, users: { bob: 1 } }, async ({ bob }) => {
        alice.send(chat(bob, 'hello'))
        await expect(bob).message({ body: 'hello' })
        await underWay(0)
        await tell(alice, bob)
        // Nobody was told of a failure, and nothing more comes.
        assert.equal((await alice.request(Iq({ type: 'get', to: bob.jid.domain }, Ping()))).attr('type'), 'result')
        await expect(alice).nothing()
        await expect(bob).nothing()
      }),
    )

  const figure = (event: string): Promise<number> => figureOf(one, event)

  /** Resolves when the other server has still to acknowledge so many stanzas. */
  async function underWay(count: number): Promise<void> {
    while ((await figure('meerkat_s2s_unacknowledged')) !== count);
  }

  return { line, across, figure, underWay }
}

describe('XEP-0198: between servers', { concurrency: 1 }, async () => {
  const { line, across, figure, underWay } = await servers()

  test('what is lost on the way is sent again: once, and in order', async (t) => {
    await across(t, async (alice, bob) => {
      line.swallow('there')
      for (const body of numbers(50)) alice.send(chat(bob, body))
      await underWay(50)
      line.cut()
      assert.deepEqual(await bodies(bob, 50), numbers(50))
    })
  })

  test('what has arrived, and was not acknowledged, comes once more: nobody knows that it has arrived', async (t) => {
    await across(t, async (alice, bob) => {
      line.swallow('back')
      for (const body of numbers(50)) alice.send(chat(bob, body))
      assert.deepEqual(await bodies(bob, 50), numbers(50))
      await underWay(50)
      line.cut()
      assert.deepEqual(await bodies(bob, 50), numbers(50))
    })
  })

  test('of a line that is cut in the middle nothing is lost, and nothing is told twice but what was not acknowledged', async (t) => {
    await across(t, async (alice, bob) => {
      const before = await figure('meerkat_s2s_resent')
      line.cutBehind(20_000, 20_000)
      line.cut()
      const all = numbers(400)
      for (const body of all) alice.send(chat(bob, body))
      const heard: string[] = []
      while (heard.at(-1) !== '400') heard.push(...(await bodies(bob, 1)))
      assert.deepEqual([...new Set(heard)], all)
      assert.ok(heard.length - all.length <= (await figure('meerkat_s2s_resent')) - before)
      assert.equal(line.cuts, 2)
    })
  })
})

describe('XEP-0198: between servers, with a time-out', async () => {
  const { line, across } = await servers('[s2s.stream_management]\nack_timeout = 2')

  test('a line that is dead without a word is noticed, and another connection is made', async (t) => {
    await across(t, async (alice, bob) => {
      line.swallow('both')
      for (const body of numbers(3)) alice.send(chat(bob, body))
      assert.deepEqual(await bodies(bob, 3), numbers(3))
    })
  })
})

/** The bodies of the next messages, as many as are said. */
async function bodies(client: Client, count: number): Promise<string[]> {
  const found: string[] = []
  while (found.length < count) found.push(text(Body.in(await client.receive(message().matches))))
  return found
}
