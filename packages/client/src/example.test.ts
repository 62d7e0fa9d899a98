import { test } from 'node:test'
import { Body, Message } from '@meerkat/protocol'
import { echo } from './example.ts'
import { fakeServer } from './testing/fake-server.ts'
import { expect, optionsFor, story } from './testing/index.ts'

test('the example answers, and stops when it is told to', async (t) => {
  const server = await fakeServer(t)
  await story(t, { server, users: { alice: 1 }, nothingLeft: true }, async ({ alice }) => {
    const jid = `juliet@${server.domain}/echo`
    const stopped = echo({ ...optionsFor(server), jid, password: 'secret' })
    await t.waitFor(() => {
      if (![...server.sessions].some((session) => session.jid?.toString() === jid)) throw new Error('not yet')
    })
    for (const body of ['hello', 'bye']) {
      alice.send(Message({ to: jid, type: 'chat' }, Body({}, body)))
      await expect(alice).message({ from: jid, body })
    }
    await stopped
  })
})
