/** XEP-0363 over real HTTP: files of users in the data folder of a server. */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync, watch } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Client } from '@meerkat/client'
import { connectDevice, freshUser, removeUser, story } from '@meerkat/client/testing'
import { Iq, StanzaError, UploadGet, UploadPut, UploadRequest, UploadSlot } from '@meerkat/protocol'
import { startServer } from './harness.ts'
import { Change } from './waiting.ts'

const server = await startServer({
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_disco]
[modules.mod_http_upload]
max_file_size = 3_000_000
local.user_files = 3`,
  extra: `[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[[listen.http.handlers.meerkat_upload_handler]]
host = "_"
path = "/files"`,
})

/** Where a slot leads; the port is another one after a restart. */
interface Slot {
  readonly put: string
  readonly get: string
}

const here = (url: string): string => url.replace(/^http:\/\/localhost:\d+/, `http://127.0.0.1:${port()}`)
/** Of each node in turn. */
const port = (): string => new URL(server.urls('Files')[turn++ % server.urls('Files').length]!).port
let turn = 0
const folder = join(server.folder, 'data/uploads')
/** Names of files in the data folder. */
const kept = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /[0-9a-f]{32}$/.test(name))

/** Resolves when the folder of uploads is as wanted. */
async function folderSays(holds: () => boolean, story: () => string): Promise<void> {
  const change = new Change()
  const watcher = watch(folder, { recursive: true }, () => change.happened())
  await change.until(() => holds() || undefined, story).finally(() => watcher.close())
}

async function slot(client: Client, filename: string, bytes: Uint8Array, type?: string): Promise<Slot> {
  const wanted = UploadRequest({ filename, size: bytes.length, 'content-type': type })
  const found = UploadSlot.in(await client.request(Iq({ type: 'get', to: 'upload.localhost' }, wanted)))!
  return { put: here(UploadPut.in(found)!.attr('url')!), get: UploadGet.in(found)!.attr('url')! }
}

const PICTURE = Buffer.from(Array.from({ length: 2_500_000 }, (_, i) => (i * 7919) & 255))

test('XEP-0363: a file is uploaded, fetched by anybody who knows its address, there after a restart, and goes with its owner (S42)', async () => {
  const user = await freshUser(server, 'romeo')
  const client = await connectDevice(server, user)
  const { put, get } = await slot(client, 'très cool.png', PICTURE, 'image/png')
  const answer = await fetch(put, { method: 'PUT', body: PICTURE, headers: { 'content-type': 'image/png' } })
  assert.equal(answer.status, 201)
  await client.close()
  await server.restart()
  const fetched = await fetch(here(get))
  assert.equal(fetched.headers.get('content-type'), 'image/png')
  assert.deepEqual(Buffer.from(await fetched.arrayBuffer()), PICTURE)
  assert.deepEqual(
    kept().map((name) => readFileSync(join(folder, name))),
    [PICTURE],
  )
  await removeUser(server, user)
  assert.equal((await fetch(here(get))).status, 404)
  await folderSays(
    () => kept().length === 0,
    () => `still there: ${kept().join()}`,
  )
})

test('S86: the limits of the configuration hold, and errors say what they are', async (t) => {
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    await assert.rejects(slot(alice, 'a', Buffer.alloc(3_000_001)), (error) => {
      assert.ok(error instanceof StanzaError)
      assert.deepEqual([error.condition, error.application?.name], ['not-acceptable', 'file-too-large'])
      return true
    })
    for (let i = 0; i < 3; i++) await slot(alice, 'a', Buffer.alloc(3))
    await assert.rejects(slot(alice, 'a', Buffer.alloc(3)), /no room/)
  })
})

test('S87: SQL in names and addresses is text', async (t) => {
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    const name = `'; DROP TABLE key_value; --"\u2028.png`
    const { put, get } = await slot(alice, name, Buffer.from('x'))
    assert.equal((await fetch(put, { method: 'PUT', body: 'x' })).status, 201)
    assert.equal(await (await fetch(here(get))).text(), 'x')
    const id = get.split('/').at(-2)!
    for (const other of [`${id}' OR '1'='1`, `' OR 1=1 --`, `%27%20OR%201%3D1%20--`])
      assert.equal((await fetch(here(get.replace(id, other)))).status, 404)
  })
})

test('S3: an entity in a request for a slot is never looked up', async (t) => {
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    alice.sendRaw(
      `<iq type='get' id='x' to='upload.localhost'><request xmlns='urn:xmpp:http:upload:0' filename='&xxe;' size='1'/></iq>`,
    )
    assert.match((await alice.waitForEnd()).streamError!.condition, /restricted-xml|not-well-formed/)
  })
})

test('R1: what a server that was killed had of an upload is gone, and the client uploads again', async () => {
  const user = await freshUser(server, 'juliet')
  const client = await connectDevice(server, user)
  const { put } = await slot(client, 'a.bin', PICTURE)
  const { pathname, search } = new URL(put)
  const half = connect(Number(port()), '127.0.0.1')
  half.on('error', () => undefined)
  half.write(`PUT ${pathname}${search} HTTP/1.1\r\nhost: x\r\ncontent-length: ${PICTURE.length}\r\n\r\n`)
  half.write(PICTURE.subarray(0, 1_000_000))
  await folderSays(
    () => readdirSync(join(folder, 'part')).length > 0,
    () => 'no upload has begun',
  )
  await server.kill('SIGKILL')
  await server.restart()
  assert.deepEqual(readdirSync(join(folder, 'part')), [])
  const again = here(put.replace(/127\.0\.0\.1:\d+/, 'localhost:0'))
  assert.equal((await fetch(again, { method: 'PUT', body: PICTURE })).status, 201)
  half.destroy()
})
