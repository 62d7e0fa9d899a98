import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { silentLog } from '../../core/log.ts'
import { type KeptFile, type OpenSlot, type SlotProblem, UploadDesk, type UploadSlots } from '../../core/uploads.ts'
import { MemoryFiles } from '../../testing/memory-files.ts'
import { settle, story } from '../../testing/story.ts'
import { openHttpListener } from '../http/index.ts'
import { UploadHandler, type UploadOptions } from './handler.ts'

const ID = '0123456789abcdef0123456789abcdef'
const TOKEN = 'f'.repeat(64)
const PATH = `/upload/example.com/${ID}/a%20b.bin`

/** Slots of a test: one, for a file of 5 bytes. */
class OneSlot implements UploadSlots {
  slot: OpenSlot = { size: 5, type: 'application/octet-stream', name: 'a b.bin', isTyped: false }
  kept: KeptFile | undefined
  problem: SlotProblem | undefined
  isWanted = true

  open(domain: string, id: string, token: string): Promise<OpenSlot | SlotProblem> {
    if (domain !== 'example.com' || id !== ID || token !== TOKEN) return Promise.resolve('unknown')
    return Promise.resolve(this.problem ?? (this.kept === undefined ? this.slot : 'used'))
  }

  keep(): Promise<boolean> {
    if (this.isWanted) this.kept = this.slot
    return Promise.resolve(this.isWanted)
  }

  find(): Promise<KeptFile | undefined> {
    return Promise.resolve(this.kept)
  }
}

/** A listener with the handler. */
async function served(t: Parameters<typeof story>[0], changes: Partial<UploadOptions> = {}) {
  const scene = await story(t, { modules: [] })
  const files = new MemoryFiles()
  const desk = new UploadDesk(files, true)
  const slots = new OneSlot()
  desk.provide('example.com', slots)
  const handler = new UploadHandler(scene.kernel, desk, {
    host: '_',
    path: '/upload',
    origins: [],
    maxUploads: 10,
    ...changes,
  })
  const http = await openHttpListener({ port: 0, address: '127.0.0.1', mounts: [handler], log: silentLog() })
  t.after(() => http.close())
  const url = `http://127.0.0.1:${http.port}`
  const put = (body: string | ReadableStream, headers: Record<string, string> = {}, path = `${PATH}?token=${TOKEN}`) =>
    fetch(url + path, { method: 'PUT', body, headers, ...(body instanceof ReadableStream && { duplex: 'half' }) })
  return { scene, slots, files, url, port: http.port, put }
}

test('XEP-0363 §4: a file is put once, and then there for everybody who knows the address', async (t) => {
  const { put, url, files } = await served(t)
  assert.equal((await fetch(url + PATH)).status, 404)
  assert.equal((await put('hello')).status, 201)
  assert.equal(files.files.get(ID)?.toString(), 'hello')
  const got = await fetch(url + PATH)
  assert.equal(got.status, 200)
  assert.equal(await got.text(), 'hello')
  const head = await fetch(url + PATH, { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('content-length'), await head.text()], [200, '5', ''])
  // S86: a slot is not used again, and nothing is overwritten.
  assert.equal((await put('HELLO')).status, 409)
  assert.equal(files.files.get(ID)?.toString(), 'hello')
})

test('S86: without the token, or with another one, nothing is taken', async (t) => {
  const { put, files, slots } = await served(t)
  for (const query of ['', '?token=', '?token=undefined', `?token=${TOKEN}x`])
    assert.equal((await put('hello', {}, PATH + query)).status, 403, query)
  assert.equal((await put('hello', {}, `${PATH}?token=${'e'.repeat(64)}`)).status, 404)
  assert.equal((await put('hello', {}, `${PATH.replace('example.com', 'example.net')}?token=${TOKEN}`)).status, 404)
  assert.equal((await put('hello', {}, `${PATH.replace('a%20b', 'c')}?token=${TOKEN}`)).status, 404)
  slots.problem = 'expired'
  assert.equal((await put('hello')).status, 403)
  assert.equal(files.files.size, 0)
})

test('S86: the size is the one that was asked for, whatever the headers say', async (t) => {
  const { put, files, port, slots } = await served(t)
  for (const body of ['', 'hell', 'hello!', 'x'.repeat(100_000)]) assert.equal((await put(body)).status, 413)
  const chunked = new ReadableStream({ start: (c) => (c.enqueue(Buffer.from('hello')), c.close()) })
  assert.equal((await put(chunked)).status, 411)
  // Says 5, sends 3 and leaves.
  const liar = connect(port, '127.0.0.1')
  liar.write(`PUT ${PATH}?token=${TOKEN} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhel`)
  await settle()
  liar.destroy()
  await once(liar, 'close')
  await settle()
  assert.equal(files.files.size, 0)
  assert.equal(slots.kept, undefined)
  // The slot is still good for whoever was cut off.
  assert.equal((await put('hello')).status, 201)
})

test('S10: an upload that stops is dropped, and its slot is free again', async (t) => {
  const { put, port, files } = await served(t, { silentMs: 20, maxUploads: 1 })
  const slow = connect(port, '127.0.0.1')
  slow.on('error', () => undefined)
  slow.write(`PUT ${PATH}?token=${TOKEN} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhel`)
  await once(slow, 'close')
  await settle()
  assert.equal(files.files.size, 0)
  assert.equal((await put('hello')).status, 201)
})

test('S86: two uploads to one slot at a time: one of them', async (t) => {
  const { put, port, files } = await served(t)
  const slow = connect(port, '127.0.0.1')
  slow.setEncoding('utf8')
  slow.write(`PUT ${PATH}?token=${TOKEN} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhel`)
  await settle()
  assert.equal((await put('HELLO')).status, 409)
  slow.write('lo')
  const [answer] = (await once(slow, 'data')) as [string]
  assert.match(answer, /^HTTP\/1\.1 201 /)
  slow.destroy()
  assert.equal(files.files.get(ID)?.toString(), 'hello')
})

test('S86: only so many uploads at a time', async (t) => {
  const { put } = await served(t, { maxUploads: 0 })
  const answer = await put('hello')
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '10'])
})

test('S86: the type is the one that was asked for', async (t) => {
  const { put, slots } = await served(t)
  slots.slot = { ...slots.slot, type: 'image/png', isTyped: true }
  assert.equal((await put('hello', { 'content-type': 'text/html' })).status, 415)
  assert.equal((await put('hello', { 'content-type': 'image/PNG' })).status, 201)
})

test('S84, S86: nothing that is uploaded runs in a browser', async (t) => {
  const { put, url, slots } = await served(t)
  await put('hello')
  const cases = [
    ['text/html', 'application/octet-stream', 'attachment'],
    ['image/svg+xml', 'application/octet-stream', 'attachment'],
    ['application/xhtml+xml', 'application/octet-stream', 'attachment'],
    ['text/xml', 'application/octet-stream', 'attachment'],
    ['text/javascript', 'application/octet-stream', 'attachment'],
    ['image/png; charset=x', 'image/png', 'inline'],
    ['IMAGE/JPEG', 'image/jpeg', 'inline'],
    ['text/plain', 'text/plain; charset=utf-8', 'attachment'],
    ['video/mp4', 'video/mp4', 'attachment'],
    ['application/pdf', 'application/pdf', 'attachment'],
  ]
  for (const [given, told, how] of cases) {
    slots.kept = { ...slots.slot, type: given! }
    const { headers } = await fetch(url + PATH)
    assert.equal(headers.get('content-type'), told)
    assert.equal(headers.get('content-disposition'), `${how}; filename*=UTF-8''a%20b.bin`)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.match(headers.get('content-security-policy')!, /default-src 'none'.*sandbox/)
    assert.equal(headers.get('set-cookie'), null)
  }
})

test('S83: paths in other encodings lead nowhere', async (t) => {
  const { put, port } = await served(t)
  await put('hello')
  for (const path of [
    `/upload/../upload/example.com/${ID}/a%20b.bin`,
    `/upload/example.com/%2e%2e/${ID}/a%20b.bin`,
    `/upload/example.com/${ID}/..%2f..%2f..%2fetc%2fpasswd`,
    `/upload/example.com/${ID}/%2e%2e%5cpasswd`,
    `//upload/example.com/${ID}/a%20b.bin`,
    `/%75pload/example.com/${ID};x/a%20b.bin`,
    `/upload/example.com/${ID}/%u002e`,
  ]) {
    // `fetch` would tidy the path up.
    const sent = request({ port, path, host: '127.0.0.1' }).end()
    const [answer] = (await once(sent, 'response')) as [import('node:http').IncomingMessage]
    assert.equal(answer.statusCode, 404, path)
    answer.resume()
  }
})

test('R8: a medium that is full is told as such, and what was written of the file goes', async (t) => {
  const { put, files, slots } = await served(t)
  files.room = 3
  assert.equal((await put('hello')).status, 507)
  assert.deepEqual([files.files.size, slots.kept], [0, undefined])
  files.room = 100
  assert.equal((await put('hello')).status, 201)
})

test('S42: a slot whose owner has gone during the upload keeps nothing', async (t) => {
  const { put, slots, url } = await served(t)
  slots.isWanted = false
  assert.equal((await put('hello')).status, 404)
  assert.equal((await fetch(url + PATH)).status, 404)
})

test('RFC 9110 §14.2: parts of a file', async (t) => {
  const { put, url } = await served(t)
  await put('hello')
  const ranges = [
    ['bytes=1-2', 206, 'el', 'bytes 1-2/5'],
    ['bytes=1-', 206, 'ello', 'bytes 1-4/5'],
    ['bytes=-2', 206, 'lo', 'bytes 3-4/5'],
    ['bytes=3-99', 206, 'lo', 'bytes 3-4/5'],
    ['bytes=-99', 200, 'hello', null],
    ['bytes=0-', 200, 'hello', null],
    ['bytes=9-', 416, '', 'bytes */5'],
    ['bytes=-0', 416, '', 'bytes */5'],
    ['bytes=2-1', 200, 'hello', null],
    ['bytes=0-1,2-3', 200, 'hello', null],
    ['lines=0-1', 200, 'hello', null],
  ] as const
  for (const [range, status, text, described] of ranges) {
    const answer = await fetch(url + PATH, { headers: { range } })
    assert.deepEqual(
      [answer.status, await answer.text(), answer.headers.get('content-range')],
      [status, text, described],
      range,
    )
  }
})

test('CORS: pages of web clients may upload and fetch, all of them or those that are named', async (t) => {
  const any = await served(t)
  const asked = await fetch(any.url + PATH, { method: 'OPTIONS', headers: { origin: 'https://chat.example' } })
  assert.equal(asked.status, 204)
  assert.equal(asked.headers.get('access-control-allow-origin'), '*')
  assert.match(asked.headers.get('access-control-allow-methods')!, /PUT/)
  assert.equal(asked.headers.get('access-control-allow-credentials'), null)
  const some = await served(t, { origins: ['https://chat.example'] })
  const named = await some.put('hello', { origin: 'https://chat.example' })
  assert.equal(named.headers.get('access-control-allow-origin'), 'https://chat.example')
  const other = await fetch(some.url + PATH, { headers: { origin: 'https://evil.example' } })
  assert.equal(other.headers.get('access-control-allow-origin'), null)
})

test('RFC 9110 §15.5.6: other methods are named', async (t) => {
  const { url } = await served(t)
  const answer = await fetch(url + PATH, { method: 'POST', body: 'x' })
  assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'GET, HEAD, PUT, OPTIONS'])
})
