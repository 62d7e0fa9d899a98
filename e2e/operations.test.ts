/** What operators do with a running server: watch it, change its configuration, copy its data, stop it. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { EntityTime, Iq, Ping } from '@meerkat/protocol'
import { connectDevice, expect, freshUser, openRaw, selfSigned, streamHeader } from '@meerkat/client/testing'
import { startServer } from './harness.ts'
import { runServer } from './process.ts'

const HTTP = `[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[[listen.http.handlers.mongoose_prometheus_handler]]
host = "_"
path = "/metrics"
[[listen.http.handlers.meerkat_ready_handler]]
host = "_"
path = "/ready"
[[listen.http.handlers.meerkat_health_handler]]
host = "_"
path = "/health"`

const server = await startServer({ extra: HTTP, modules: '[modules.mod_presence]\n[modules.mod_ping]' })

async function ask(name: string, node = 0): Promise<{ status: number; text: string }> {
  const response = await fetch(server.urls(name)[node] ?? assert.fail(`no ${name}`), {
    headers: { connection: 'close' },
  })
  return { status: response.status, text: await response.text() }
}

/** A figure, of all nodes together. */
async function figure(line: string): Promise<number> {
  let sum = 0
  for (const node of server.urls('Metrics').keys()) {
    const { text } = await ask('Metrics', node)
    const found = text.split('\n').find((candidate) => candidate.startsWith(`${line} `))
    // A node that has counted nothing has no such line.
    sum += Number(found?.slice(line.length) ?? 0)
  }
  return sum
}

/** Changes the configuration file, and sets it back when the test ends. */
function edit(t: { after(end: () => void): void }, change: (text: string) => string): void {
  const before = readFileSync(server.config, 'utf8')
  t.after(() => server.write({ 'meerkat.toml': before }))
  server.write({ 'meerkat.toml': change(before) })
}

test('MongooseIM: traffic is counted by connection and host type', async () => {
  const labels = '{connection_type="c2s",host_type="localhost"}'
  const before = await figure(`xmpp_element_in_iq_count${labels}`)
  const device = await connectDevice(server, await freshUser(server, 'juliet'))
  const between = await figure(`xmpp_element_in_iq_count${labels}`)
  assert.ok(between > before, 'binding is an IQ')
  device.send(Iq({ type: 'get', id: 'p', to: 'localhost' }, Ping()))
  await expect(device).iq({ id: 'p', type: 'result' })
  assert.equal(await figure(`xmpp_element_in_iq_count${labels}`), between + 1)
  assert.equal(await figure('sm_session_count{host_type="localhost"}'), 1)
  assert.ok((await figure('tls_data_in_byte_size{connection_type="c2s"}')) > 0)
  await device.close()
})

test('a reload applies what it can while sessions stay, and names what needs a restart', async (t) => {
  const device = await connectDevice(server, await freshUser(server, 'juliet'))
  edit(t, (text) =>
    text
      .replace('[modules.mod_ping]', '[modules.mod_time]')
      .replace('loglevel = "info"', 'loglevel = "warning"\nlanguage = "de"'),
  )
  const { code, stdout } = await server.cli('reload')
  assert.equal(code, 0, stdout)
  assert.match(
    stdout,
    /^Applied:\n {4}general\.loglevel\n {4}modules\.mod_ping \(stopped\)\n {4}modules\.mod_time \(started\)$/m,
  )
  assert.match(stdout, /^Needs a restart:\n {4}general\.language$/m)
  device.send(Iq({ type: 'get', id: 't', to: 'localhost' }, EntityTime()))
  await expect(device).iq({ id: 't', type: 'result' })
  device.send(Iq({ type: 'get', id: 'p', to: 'localhost' }, Ping()))
  await expect(device).iq({ id: 'p', type: 'error' })
  await device.close()
})

test('a reload lets listeners use another certificate, and logins another section auth; a wrong one changes nothing', async (t) => {
  const certificate = async (): Promise<string> => {
    const { host, port } = server.at('direct')
    const socket = connectTls({ host, port, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const { fingerprint256 } = socket.getPeerCertificate()
    socket.destroy()
    return fingerprint256
  }
  const first = await certificate()
  const other = selfSigned('localhost', '127.0.0.1')
  server.write({ 'other.pem': other.cert, 'other-key.pem': other.key, 'broken.pem': 'nothing' })
  edit(t, (text) => text)
  const named = (cert: string, auth: string): void => {
    const text = readFileSync(server.config, 'utf8')
    const changed = text
      .replaceAll(/certfile = .*/g, `certfile = "${cert}"`)
      .replaceAll(/keyfile = .*/g, 'keyfile = "other-key.pem"')
    server.write({ 'meerkat.toml': changed.replace('[auth.internal]', `${auth}\n[auth.internal]`) })
  }

  named('broken.pem', 'sasl_mechanisms = ["plain"]')
  const refused = await server.cli('reload')
  assert.equal(refused.code, 1, refused.stdout)
  assert.match(refused.stdout, /broken\.pem/)
  assert.equal(await certificate(), first)
  assert.match((await offer()).toString(), /SCRAM-SHA-1</)

  named('other.pem', '')
  const { code, stdout } = await server.cli('reload')
  assert.equal(code, 0, stdout)
  assert.match(stdout, /^Applied:\n(.*\n)* {4}auth of localhost\n/m)
  assert.match(stdout, /^ {4}listen\.c2s\[1\]\.tls\.certfile$/m)
  assert.doesNotMatch(stdout, /Needs a restart/)
  assert.equal(await certificate(), new X509Certificate(other.cert).fingerprint256)
  assert.doesNotMatch((await offer()).toString(), /SCRAM/)
  await server.restart()
})

/** What a client is offered before it logs in. */
async function offer(): Promise<Buffer> {
  const raw = await openRaw({ host: server.host, port: server.at('open').port })
  raw.sendRaw(streamHeader(server))
  const features = await raw.readUntil('</stream:features>')
  raw.destroy()
  return features
}

test('a reload starts hosts that are new; those that are gone stay until the next start', async (t) => {
  const header = (domain: string) => streamHeader({ domain })
  const answer = async (domain: string): Promise<string> => {
    const raw = await openRaw({ host: server.host, port: server.at('open').port })
    raw.sendRaw(header(domain))
    const text = await raw
      .readUntil('>', 5000)
      .then(() => Promise.race([raw.readUntil('</stream:features>'), raw.readUntilClose()]))
    raw.destroy()
    return text.toString()
  }
  assert.match(await answer('new.example'), /<host-unknown/)
  edit(t, (text) => text.replace('hosts = ["localhost"]', 'hosts = ["localhost", "new.example"]'))
  const added = await server.cli('reload')
  assert.equal(added.code, 0, added.stdout)
  assert.match(added.stdout, /^ {4}host new\.example \(started\)$/m)
  assert.doesNotMatch(added.stdout, /general\.hosts/)
  assert.match(await answer('new.example'), /from='new\.example'.*<mechanisms/)
  await server.createUser('romeo', 'secret', 'new.example')

  edit(t, (text) => text.replace('"localhost", "new.example"', '"localhost"'))
  const removed = await server.cli('reload')
  assert.match(removed.stdout, /^Needs a restart:\n {4}host new\.example \(removed\)$/m)
  assert.match(await answer('new.example'), /<mechanisms/)
  await server.restart()
  assert.match(await answer('new.example'), /<host-unknown/)
})

test('R28: a reload of a wrong configuration changes nothing, and says where it is wrong', async (t) => {
  await server.cli('reload')
  edit(t, (text) => text.replace('[modules.mod_ping]', '[modules.mod_pong]\n[modules.mod_time]'))
  const { code, stdout } = await server.cli('reload')
  assert.equal(code, 1)
  assert.match(stdout, /meerkat\.toml:\d+: modules\.mod_pong: is not a known key/)
  const device = await connectDevice(server, await freshUser(server, 'juliet'))
  device.send(Iq({ type: 'get', id: 'p', to: 'localhost' }, Ping()))
  await expect(device).iq({ id: 'p', type: 'result' })
  await device.close()
})

test('a second server does not open the same data', async () => {
  const { code, stderr } = await runServer(['-c', server.config])
  assert.equal(code, 1)
  assert.match(stderr, /another server uses the data folder/)
})

test('a backup of the running server is restored once it has stopped', async () => {
  const user = await freshUser(server, 'juliet')
  const copy = join(server.folder, 'copy.db')
  const made = await server.cli('backup', copy)
  assert.equal(made.code, 0, made.stderr)
  const refused = await server.cli('restore', copy)
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /another server uses the data folder/)

  await server.deleteUser(user.username)
  await server.stop()
  const { code, stdout } = await server.cli('restore', copy)
  assert.equal(code, 0, stdout)
  await server.restart()
  const device = await connectDevice(server, user)
  await device.close()
})

test('nothing is copied from another server while this one runs', async () => {
  const from = 'postgres://nobody:secret@127.0.0.1:1/none?sslmode=disable'
  const refused = await server.cli('migrate', 'mongooseim', '--from', from)
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /^another server uses the data folder/)
  const misspelt = await server.cli('migrate', 'ejabberd')
  assert.equal(misspelt.code, 1)
  assert.match(misspelt.stderr, /^usage: meerkat migrate mongooseim --from /)
})

test('while clients are drained the server is alive and not ready', async (t) => {
  const asked = (name: string) => ask(`${name}?`)
  assert.deepEqual([(await asked('Ready')).status, (await asked('Alive')).status], [200, 200])
  const raw = await openRaw({ host: server.host, port: server.at('open', 0).port })
  raw.sendRaw(streamHeader(server))
  await raw.readUntil('</stream:features>')
  t.after(() => raw.destroy())
  // A client that reads nothing does not close its side either, so that the server waits for it.
  raw.pause()
  server.signal('SIGTERM')
  let answer = await asked('Ready')
  while (answer.status === 200) answer = await asked('Ready')
  assert.equal(answer.status, 503)
  assert.deepEqual(JSON.parse(answer.text), { ready: false, reasons: ['the server is stopping'] })
  assert.equal((await asked('Alive')).status, 200)
  raw.destroy()
  assert.equal((await server.stop()).code, 0)
})
