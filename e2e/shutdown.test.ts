/** Starting and stopping, as an operator sees it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Body, Message } from '@meerkat/protocol'
import { connectDevice, expect, freshUser, openRaw, story, streamHeader } from '@meerkat/client/testing'
import { type ConfigOptions, configText } from './config.ts'
import { startServer } from './harness.ts'
import { runServer } from './process.ts'

const server = await startServer()

/** A configuration without files beside it, in which a test makes a mistake. */
function simple(mistake: ConfigOptions): string {
  return configText({ listeners: { main: { tls: 'none' } }, ...mistake })
}

/** Runs a server that cannot start, with `toml` as its configuration; its folder is `%` in what it says. */
async function startWith(t: TestContext, toml: string) {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-e2e-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'meerkat.toml')
  writeFileSync(file, toml)
  const { code, stdout, stderr } = await runServer(['-c', file])
  return { code, stdout, stderr: stderr.replaceAll(folder, '%') }
}

test('R20: on SIGTERM every client is told system-shutdown, nobody new is let in, the process ends well; then it starts again', async () => {
  const user = await freshUser(server, 'juliet')
  const port = server.port
  const clients = [
    await connectDevice(server, user, { resource: 'a' }),
    await connectDevice(server, user, { resource: 'b', tls: 'direct' }),
    await connectDevice(server.at('open'), user, { resource: 'c' }),
  ]
  const stranger = await openRaw({ host: server.host, port })
  stranger.sendRaw(streamHeader(server))
  await stranger.readUntil('</stream:features>')

  server.signal('SIGTERM')
  for (const client of clients) await expect(client).streamError('system-shutdown')
  assert.match((await stranger.readUntilClose()).toString(), /<stream:error><system-shutdown .*<\/stream:stream>$/)
  const exit = await server.stop()
  assert.deepEqual(exit, { code: 0, signal: null })
  await assert.rejects(openRaw({ host: server.host, port }), { code: 'ECONNREFUSED' })

  await server.restart()
  const again = await connectDevice(server, user)
  await expect(again).nothing()
  await again.close()
})

test('R20: clients that do not close their side do not keep the server', async () => {
  const raw = await openRaw({ host: server.host, port: server.at('open').port })
  raw.sendRaw(streamHeader(server))
  await raw.readUntil('</stream:features>')
  raw.pause()
  assert.equal((await server.stop()).code, 0)
  raw.destroy()
  await server.restart()
})

test('R20: SIGINT ends the server as well', async () => {
  assert.deepEqual(await server.kill('SIGINT'), { code: 0, signal: null })
  await server.restart()
})

test('R1: after a kill -9 the server starts again, with its accounts', async () => {
  const user = await freshUser(server, 'juliet')
  const client = await connectDevice(server, user)
  assert.equal((await server.kill('SIGKILL')).signal, 'SIGKILL')
  await client.closed
  await server.restart()
  const again = await connectDevice(server, user)
  again.send(Message({ to: again.jid, type: 'chat' }, Body({}, 'still here')))
  await expect(again).message({ body: 'still here' })
  await again.close()
})

test('the command line finds the server', async () => {
  const command = ['account', 'registerUser', '--username', 'nurse', '--domain', 'localhost', '--password', 'x']
  const made = await server.cli(...command)
  assert.equal(made.code, 0, made.stderr)
  assert.match(made.stdout, /nurse@localhost/)
  assert.notEqual((await server.cli(...command)).code, 0, 'the name is taken')
})

test('a server with the starter configuration serves two users, under the certificate that it made', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-e2e-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'starter.toml')
  assert.equal((await runServer(['init', file])).code, 0)
  assert.equal((await runServer(['init', file])).code, 1, 'what is there is not overwritten')
  const config = readFileSync(file, 'utf8').replaceAll(/port = \d+/g, 'port = 0')

  const started = await startServer({ config })
  for (const tls of ['starttls', 'direct'] as const)
    await story(t, { server: started, users: { alice: 1, bob: 1 }, client: { tls } }, async ({ alice, bob }) => {
      alice.send(Message({ to: bob.jid.bare, type: 'chat' }, Body({}, 'hi')))
      await expect(bob).message({ from: alice, body: 'hi' })
    })
})

test('R28: an unknown key: its line, its path, and what was probably meant', async (t) => {
  const toml = simple({ general: 'lnaguage = "en"' })
  const { code, stderr } = await startWith(t, toml)
  assert.equal(code, 1)
  const line = toml.split('\n').findIndex((text) => text.includes('lnaguage')) + 1
  assert.ok(stderr.startsWith(`%/meerkat.toml:${line}: general.lnaguage: `), stderr)
  assert.match(stderr, /language/)
})

test('R28: a value of the wrong type, and no TOML at all', async (t) => {
  const wrong = await startWith(t, simple({ modules: '[modules.mod_ping]\nping_interval = "often"' }))
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /^%\/meerkat\.toml:\d+: modules\.mod_ping\.ping_interval: /)
  const broken = await startWith(t, '[general]\nhosts = [')
  assert.equal(broken.code, 1)
  assert.match(broken.stderr, /^%\/meerkat\.toml:2: /)
})

test('R28: all mistakes are told at once, and nothing else', async (t) => {
  const { code, stdout, stderr } = await startWith(
    t,
    simple({ general: 'a = 1\nb = 2', modules: '[modules.mod_nonsense]' }),
  )
  assert.equal(code, 1)
  assert.equal(stdout, '')
  const lines = stderr.trim().split('\n')
  assert.ok(lines.length >= 3, stderr)
  for (const line of lines) assert.match(line, /^%\/meerkat\.toml:\d+: /)
})

test('R28: a certificate that is not there', async (t) => {
  const { code, stderr } = await startWith(t, configText({ listeners: { main: { tls: 'starttls' } } }))
  assert.equal(code, 1)
  assert.match(stderr, /certificate\.pem/)
  assert.ok(!stderr.includes('    at '), 'no stack')
})

test('R28: a port in use is named', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const { port } = taken.address() as { port: number }
  const listener = simple({}).replace('port = 0', `port = ${port}`)
  const { code, stderr } = await startWith(t, listener)
  assert.equal(code, 1)
  assert.match(stderr, new RegExp(`port ${port}\\b`))
  assert.ok(!stderr.includes('    at '), 'no stack')
})

test('R28: a configuration that is not there, and wrong arguments', async () => {
  for (const args of [['-c', '/nowhere/meerkat.toml'], ['-c'], ['--nonsense']]) {
    const { code, stderr } = await runServer(args)
    assert.equal(code, 1)
    assert.match(stderr, /does not exist|usage/)
  }
})

test('two servers cannot share a data folder', async () => {
  const { code, stderr } = await runServer(['-c', server.config])
  assert.equal(code, 1, stderr)
  assert.ok(server.running)
  assert.ok(!stderr.includes('    at '), stderr)
})
