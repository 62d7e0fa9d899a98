import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Body, Message, Presence, errorCondition } from '@meerkat/protocol'
import { type Story, story } from '../testing/story.ts'
import messages from './messages.ts'
import offline from './offline/index.ts'
import offlineStub from './offline-stub.ts'
import presence from './presence/index.ts'

const chat = (to: string) => Message({ to, type: 'chat' }, Body({}, 'Hark!'))
const errors = (scene: Story) => scene.device('romeo').take().map(errorCondition)

test('a message to somebody who is away comes back with an error, and with the module it does not', async (t) => {
  const without = await story(t, { modules: [[messages]], users: ['romeo'], absent: ['juliet'] })
  await without.device('romeo').send(chat('juliet@example.com'))
  assert.deepEqual(errors(without), ['service-unavailable'])
  const scene = await story(t, { modules: [[messages], [offlineStub]], users: ['romeo'], absent: ['juliet'] })
  await scene.device('romeo').send(chat('juliet@example.com'))
  assert.deepEqual(errors(scene), [])
  await scene.device('romeo').send(chat('nobody@example.com'))
  assert.deepEqual(errors(scene), ['service-unavailable'])
})

test('a mailbox goes before it, whichever was started first', async (t) => {
  const modules = [[messages], [offlineStub], [presence], [offline]] as const
  const scene = await story(t, { modules, users: ['romeo'], absent: ['juliet'] })
  await scene.device('romeo').send(chat('juliet@example.com'))
  const juliet = scene.connect('juliet')
  await juliet.send(Presence())
  assert.equal(juliet.take().filter(({ name }) => name === 'message').length, 1)
})
