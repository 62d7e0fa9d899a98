/** A server without breath: an event loop that somebody keeps for himself, and a heap that is nearly full. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Body, Message } from '@meerkat/protocol'
import { expect, openRaw, type RawConnection, story, streamHeader } from '@meerkat/client/testing'
import { startServer, type Server } from './harness.ts'
import { ask as post, bodyOf } from './bosh-client.ts'
import { upgradeRequest } from './web-socket.ts'

const MIB = 1024 * 1024

const HTTP = `[services.service_bosh]
[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[[listen.http.handlers.mongoose_prometheus_handler]]
host = "_"
path = "/metrics"
[[listen.http.handlers.meerkat_ready_handler]]
host = "_"
path = "/ready"
[[listen.http.handlers.mongoose_websocket_handler]]
host = "_"
path = "/ws"
[[listen.http.handlers.mongoose_bosh_handler]]
host = "_"
path = "/bosh"`

/** A function that keeps the event loop until a file appears, started by a signal. */
const BLOCKER = `import { existsSync } from 'node:fs'
process.on('SIGUSR2', function keepTheLoop() {
  while (!existsSync(process.env.MEERKAT_TEST_FREE)) {}
})`

const asModule = (code: string): string => `--import=data:text/javascript,${encodeURIComponent(code)}`

const urlOf = (server: Server, name: string): string =>
  new RegExp(`^ +${name}\\W+(http\\S+)`, 'm').exec(server.stdout)?.[1] ?? assert.fail(`no ${name}`)

async function ask(server: Server, name: string): Promise<{ status: number; text: string }> {
  const response = await fetch(urlOf(server, name), { headers: { connection: 'close' } })
  return { status: response.status, text: await response.text() }
}

async function eventually(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** Whom the log has named so far. */
const culprits = (server: Server): string[] =>
  server.log().flatMap(({ what, culprit }) => (what === 'event_loop_blocked' ? [String(culprit)] : []))

test('R21: who keeps the event loop is named in the log while it does, and measured when it ends', async (t) => {
  const free = join(process.env['TMPDIR'] ?? '/tmp', `meerkat-free-${process.pid}`)
  const server = await startServer({ env: { NODE_OPTIONS: asModule(BLOCKER), MEERKAT_TEST_FREE: free }, extra: HTTP })
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    server.signal('SIGUSR2')
    await eventually(() => culprits(server).some((culprit) => culprit.startsWith('keepTheLoop (data:')))
    alice.send(Message({ to: bob.jid, type: 'chat' }, Body({}, 'patience')))
    writeFileSync(free, '')
    await expect(bob).message({ from: alice, body: 'patience' })
  })
  // A machine that has much to do may have kept the loop as well.
  await eventually(async () =>
    /^meerkat_event_loop_blocked_time_count [1-9]/m.test((await ask(server, 'Metrics')).text),
  )
})

/** A client that opens its stream and goes no further. */
async function stranger(server: Server): Promise<RawConnection> {
  const { host, port } = server.at('open', 0)
  const raw = await openRaw({ host, port })
  raw.sendRaw(streamHeader(server))
  await Promise.race([raw.readUntil('</stream:features>'), raw.closed])
  return raw
}

const wasRefused = (raw: RawConnection): boolean => raw.received.includes('<resource-constraint')

/** Strangers who come until the server takes no more. */
async function strangersUntilFull(server: Server): Promise<RawConnection[]> {
  const all: RawConnection[] = []
  while (!all.some(wasRefused) && all.length < 20_000)
    all.push(...(await Promise.all(Array.from({ length: 100 }, () => stranger(server)))))
  return all
}

test('R22: with the heap nearly full, who is here is served, new clients are refused, and taken again later', async (t) => {
  const heapMib = 56
  const server = await startServer({
    env: { NODE_OPTIONS: `--max-old-space-size=${heapMib}` },
    general: 'max_heap_use = 80',
    listeners: {
      main: { tls: 'starttls' },
      open: {
        tls: 'none',
        settings: 'pre_auth.max_unauthenticated_per_ip = "infinity"\npre_auth.auth_timeout = 600',
      },
    },
    extra: HTTP,
  })
  assert.equal((await ask(server, 'Ready')).status, 200)
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    const before = server.residentBytes()
    const strangers = await strangersUntilFull(server)
    const grown = (server.residentBytes() - before) / MIB
    assert.ok(strangers.some(wasRefused), `${strangers.length} connections, and nobody was refused`)
    assert.ok(grown < 4 * heapMib, `${Math.round(grown)} MiB for a heap of ${heapMib}`)

    assert.deepEqual(await ask(server, 'Ready'), {
      status: 503,
      text: '{"ready":false,"reasons":["the heap is nearly full"]}\n',
    })
    const webSocket = await openRaw({ host: server.host, port: Number(new URL(urlOf(server, 'WebSocket')).port) })
    webSocket.sendRaw(upgradeRequest(server.host, '/ws'))
    assert.match((await webSocket.readUntilClose()).toString(), /^HTTP\/1\.1 503 /)
    const bosh = await post(urlOf(server, 'BOSH'), bodyOf({ rid: 1, to: 'localhost', wait: 1, hold: 1 })).answer
    assert.equal(bosh.status, 503)
    alice.send(Message({ to: bob.jid, type: 'chat' }, Body({}, 'still here')))
    await expect(bob).message({ from: alice, body: 'still here' })

    for (const raw of strangers) raw.destroy()
    await eventually(async () => (await ask(server, 'Ready')).status === 200)
    const late = await stranger(server)
    assert.ok(late.received.includes('</stream:features>'))
    late.destroy()
  })
  const told = new Set(server.log().map(({ what }) => what))
  assert.ok(told.has('heap_nearly_full') && told.has('heap_has_room'))
})
