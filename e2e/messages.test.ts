/** Messages between two users (RFC 6121 §5, §8). */
import { test } from 'node:test'
import { Body, Message } from '@meerkat/protocol'
import { expect, story } from '@meerkat/client/testing'
import { startServer } from './harness.ts'

const server = await startServer()

test('RFC 6121 §8.5.2.1.1: two users chat both ways by bare address', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, nothingLeft: true }, async ({ alice, bob }) => {
    alice.send(Message({ to: bob.jid.bare, type: 'chat' }, Body({}, 'hi')))
    await expect(bob).message({ from: alice, body: 'hi', to: bob.jid.bare })
    bob.send(Message({ to: alice.jid.bare, type: 'chat' }, Body({}, 'hello')))
    await expect(alice).message({ from: bob, body: 'hello' })
  })
})
