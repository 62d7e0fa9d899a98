import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Iq, VersionQuery, parseVersion } from '@meerkat/protocol'
import { story } from '../testing/story.ts'
import version from './version.ts'

const ask = Iq({ type: 'get', to: 'example.com' }, VersionQuery())

test('XEP-0092 §3: the server tells its name and version, and hides its operating system', async (t) => {
  const scene = await story(t, { modules: [[version]], users: ['juliet'] })
  const answer = await scene.device('juliet').request(ask)
  assert.deepEqual(parseVersion(VersionQuery.in(answer)!), { name: 'Meerkat', version: '1.2.3', os: undefined })
})

test('os_info tells the operating system too', async (t) => {
  const scene = await story(t, { modules: [[version, { os_info: true }]], users: ['juliet'] })
  const answer = await scene.device('juliet').request(ask)
  assert.match(parseVersion(VersionQuery.in(answer)!).os ?? '', /\w+ \d/)
})
