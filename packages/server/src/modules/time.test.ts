import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EntityTime, Iq, parseEntityTime } from '@meerkat/protocol'
import { story } from '../testing/story.ts'
import time from './time.ts'

test('XEP-0202 §3: the server tells its time and its offset from UTC', async (t) => {
  const scene = await story(t, { modules: [[time]], users: ['juliet'] })
  const answer = await scene.device('juliet').request(Iq({ type: 'get', to: 'example.com' }, EntityTime()))

  const reading = parseEntityTime(EntityTime.in(answer)!)!
  assert.equal(reading.now, scene.clock.now() * 1000)
  assert.equal(reading.offset, 0 - new Date(scene.clock.now()).getTimezoneOffset())
})
