import assert from 'node:assert/strict'
import { it } from 'node:test'
import { changesBetween } from './changes.ts'
import { load, smallest } from './testing.ts'

/** What becomes of a running server when the smallest file gets these lines. */
const changed = (lines: string, before = ''): string[] =>
  changesBetween(load(smallest + before), load(smallest + lines)).map(({ path, reload }) => `${path}: ${reload}`)

it('R28: what differs between two files is told with its place, and whether it needs a restart', () => {
  assert.deepEqual(changed(''), [])
  assert.deepEqual(changed('# only words'), [])
  assert.deepEqual(changed('loglevel = "info"\nlanguage = "de"'), [
    'general.loglevel: live',
    'general.language: restart',
  ])
  assert.deepEqual(changed('[shaper.slow]\nmax_rate = 1'), ['shaper: live'])
  assert.deepEqual(changed('[[listen.c2s]]\nport = 5222'), ['listen: restart'])
  assert.deepEqual(changed('[[listen.c2s]]\nport = 5223', '[[listen.c2s]]\nport = 5222'), [
    'listen.c2s[1].port: restart',
  ])
  assert.deepEqual(changed('[internal_databases.cets]'), ['internal_databases: live'])
})
