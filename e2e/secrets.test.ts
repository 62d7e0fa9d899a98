/** S90: no secret of the configuration or of a login is in anything that the server prints or serves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Auth } from '@meerkat/protocol'
import { connectDevice, freshUser, openRaw, streamHeader } from '@meerkat/client/testing'
import { serialize } from '@meerkat/xml'
import { startServer } from './harness.ts'

/** Secrets that the server is given in every way there is. */
const SECRETS = {
  written: 'Written-in-the-file-4711',
  env: 'From-the-environment-4711',
  file: 'From-a-file-4711',
}

const pool = (tag: string, password: string): string => `[outgoing_pools.rabbit.${tag}]
  [outgoing_pools.rabbit.${tag}.connection]
    host = "127.0.0.1"
    port = 1
    password = ${password}`

const server = await startServer({
  files: { 'rabbit.secret': `${SECRETS.file}\n` },
  env: { RABBIT_PASSWORD: SECRETS.env },
  extra: [
    '[log]\nlevel = { core = "all", c2s = "all", http = "all", auth = "all", pools = "all", storage = "all" }',
    pool('written', `"${SECRETS.written}"`),
    pool('env', '{env = "RABBIT_PASSWORD"}'),
    pool('file', '{file = "rabbit.secret"}'),
    `[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[[listen.http.handlers.mongoose_prometheus_handler]]
host = "_"
path = "/metrics"
[[listen.http.handlers.meerkat_ready_handler]]
host = "_"
path = "/ready"`,
  ].join('\n'),
  mayLogErrors: true,
})

/** What each node tells. */
const served = async (name: string): Promise<string> => {
  const texts = server.urls(name).map(async (url) => (await fetch(url)).text())
  assert.ok(texts.length > 0, `no ${name}`)
  return (await Promise.all(texts)).join('\n')
}

test('S90: nothing that is printed or served holds a secret, whatever goes wrong', async () => {
  const user = await freshUser(server, 'juliet')
  const device = await connectDevice(server, user)
  await device.close()
  const wrong = 'A-wrong-password-4711'
  const raw = await openRaw({ host: server.host, port: server.at('open').port })
  raw.sendRaw(streamHeader(server))
  await raw.readUntil('</stream:features>')
  const initial = Buffer.from(`\0${user.username}\0${wrong}`).toString('base64')
  raw.sendRaw(serialize(Auth({ mechanism: 'PLAIN' }, initial)))
  await raw.readUntil('</failure>')
  raw.destroy()
  await assert.rejects(
    server.graphql(
      'mutation ($p: String!) { account { registerUser(domain: "localhost", password: $p, no: 1) { jid } } }',
      {
        p: wrong,
      },
    ),
  )

  const told = [server.print(), await served('Metrics'), await served('Ready?')].join('\n')
  assert.match(told, /auth_failed/, 'the log is at work')
  assert.match(told, /c2s_auth_failed_count\{host_type="localhost"\} 1/)
  for (const secret of [...Object.values(SECRETS), user.password, wrong, initial])
    assert.ok(!told.includes(secret), secret)
})
