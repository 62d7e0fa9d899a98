/** What files for MongooseIM say that has another meaning here, or none, is taken and told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load, smallest } from './testing.ts'

const noticesOf = (text: string): string[] =>
  load(smallest + text).notices.map((notice) => notice.replace(/^.*?: /u, ''))

test('MongooseIM: settings without effect are told when they ask for another one', () => {
  assert.deepEqual(noticesOf('language = "en"'), [])
  assert.deepEqual(noticesOf('language = "pl"\nreplaced_wait_timeout = 5'), [
    'general.language = "pl": has no effect here: texts of the server are English',
    'general.replaced_wait_timeout = 5: has no effect here',
  ])
  assert.deepEqual(noticesOf('[instrumentation]\nprobe_interval = 30'), [
    'instrumentation.probe_interval = 30: has no effect here',
  ])
})
