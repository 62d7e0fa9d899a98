/** Faults that nobody caught: they are logged and counted, and cost nobody the server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expect, story } from '@meerkat/client/testing'
import { Body, Message } from '@meerkat/protocol'
import { startServer } from './harness.ts'

const FAULTS = `process.on('SIGUSR2', () => {
  void Promise.reject(new Error('nobody caught this'))
  throw new Error('nor this')
})`

const server = await startServer({
  mayLogErrors: true,
  env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(FAULTS)}` },
  extra: `[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[[listen.http.handlers.mongoose_prometheus_handler]]
host = "_"
path = "/metrics"`,
})

async function unexpectedErrors(): Promise<number> {
  const [url] = server.urls('Metrics')
  const text = await (await fetch(url!)).text()
  return Number(/^meerkat_unexpected_errors_count (\d+)/m.exec(text)?.[1])
}

test('R24: an exception and a rejection that nobody caught are logged and counted, and nobody notices', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    assert.equal(await unexpectedErrors(), 0)
    server.signal('SIGUSR2')
    while ((await unexpectedErrors()) < 2) await alice.barrier()
    alice.send(Message({ to: bob.jid, type: 'chat' }, Body({}, 'still here')))
    await expect(bob).message({ from: alice, body: 'still here' })
  })
  const kinds = new Set(server.log().map(({ what }) => what))
  for (const kind of ['uncaught_exception', 'unhandled_rejection']) assert.ok(kinds.has(kind), kind)
})
