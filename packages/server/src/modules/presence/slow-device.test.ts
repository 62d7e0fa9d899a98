import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Presence } from '@meerkat/protocol'
import { settle, story } from '../../testing/story.ts'
import roster from '../roster/index.ts'
import presence from './index.ts'

test('S52: with the first presence a device gets no more requests, however large, than its socket takes', async (t) => {
  const suitors = ['paris', 'romeo', 'tybalt']
  const scene = await story(t, { modules: [[roster], [presence]], users: suitors, absent: ['juliet'] })
  for (const suitor of suitors)
    await scene.device(suitor).send(Presence({ to: 'juliet@example.com', type: 'subscribe' }))
  const device = scene.connect('juliet/balcony')
  let full: PromiseWithResolvers<void> | undefined
  device.session.connection.ready = () => full?.promise
  const requests = () => device.received.filter((stanza) => stanza.attr('type') === 'subscribe').length
  full = Promise.withResolvers()
  void device.send(Presence())
  await settle()
  assert.equal(requests(), 1)
  full.resolve()
  full = undefined
  await settle()
  assert.equal(requests(), 3)
})
