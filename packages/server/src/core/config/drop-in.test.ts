/** What files for MongooseIM say that has another meaning here, or none, is taken and told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load, problemsOf, smallest } from './testing.ts'

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

const tls = (certificate: string, key: string): string => `
[[listen.http]]
  port = 5285
  tls.certfile = "${certificate}"
  tls.keyfile = "${key}"
`

test('MongooseIM: its certificates for development need not be there, others must', () => {
  const stock = tls('priv/ssl/fake_cert.pem', 'priv/ssl/fake_key.pem')
  assert.deepEqual(noticesOf(stock), [
    'listen.http[1].tls.certfile = "priv/ssl/fake_cert.pem": comes with MongooseIM and is not here: a certificate made for development serves, which nobody can trust',
  ])
  const [listener] = load(smallest + stock).listen
  assert.deepEqual([listener?.settings.tls?.certfile, listener?.settings.tls?.keyfile], [undefined, undefined])
  assert.equal(problemsOf(smallest + tls('priv/ssl/own_cert.pem', 'priv/ssl/own_key.pem')).length, 2)
  // One of the two alone is a mistake.
  assert.equal(problemsOf(smallest + tls('priv/ssl/fake_cert.pem', 'testing.ts')).length, 1)
})
