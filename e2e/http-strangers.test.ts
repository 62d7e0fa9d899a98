/** Clients that come over HTTP and never log in: so many may come from one address, and each that goes makes room. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRaw, type RawConnection } from '@meerkat/client/testing'
import { Bosh } from './bosh-client.ts'
import { startServer } from './harness.ts'
import { upgradeRequest } from './web-socket.ts'

/** `pre_auth.max_unauthenticated_per_ip`, ten times as many from an address that may be a proxy's: this machine's. */
const MOST = 1000

const server = await startServer({
  extra: `[services.service_bosh]
[[listen.http]]
port = 0
ip_address = "127.0.0.1"
transport.max_connections = 4096
[[listen.http.handlers.mongoose_websocket_handler]]
host = "_"
path = "/ws"
[[listen.http.handlers.mongoose_bosh_handler]]
host = "_"
path = "/bosh"`,
})

const placeOf = (name: string): URL =>
  new URL(new RegExp(`^ +${name} +(\\S+)$`, 'm').exec(server.stdout)?.[1] ?? assert.fail(server.stdout))

/** Opens a WebSocket; the connection, and the status with which it was answered. */
async function webSocket(): Promise<{ raw: RawConnection; status: string }> {
  const raw = await openRaw({ host: server.host, port: Number(placeOf('WebSocket').port) })
  raw.sendRaw(upgradeRequest(server.host, '/ws'))
  const answer = await raw.readUntil('\r\n\r\n')
  return { raw, status: answer.toString().slice(9, 12) }
}

/** Does something so many times, a hundred at once. */
async function many<T>(count: number, what: () => Promise<T>): Promise<T[]> {
  const all: T[] = []
  while (all.length < count) all.push(...(await Promise.all(Array.from({ length: 100 }, what))))
  return all
}

test('S9: WebSockets of one address whose clients have not logged in are counted', async () => {
  const all = await many(MOST, webSocket)
  assert.deepEqual(new Set(all.map(({ status }) => status)), new Set(['101']))
  const late = await webSocket()
  assert.equal(late.status, '429')
  all[0]!.raw.destroy()
  let again = await webSocket()
  while (again.status === '429') again = await webSocket()
  assert.equal(again.status, '101')
  for (const { raw } of [...all, late, again]) raw.destroy()
})

test('S9: and so are sessions of BOSH', async () => {
  const begin = () => new Bosh(placeOf('BOSH').href).begin({ wait: 1 })
  const all = await many(MOST, begin)
  assert.deepEqual(new Set(all.map((body) => body.attr('type'))), new Set([undefined]))
  assert.equal((await begin()).attr('condition'), 'policy-violation')
})
