import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { UploadHeader, UploadPut, UploadSlot } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import type { Story, story } from '../../testing/story.ts'
import { bucket } from './bucket.fixture.ts'
import { uploadSlotsOf } from './api.ts'
import { ask, slotOf, uploads } from './http-upload.fixture.ts'

const user = { id: 'AKIDEXAMPLE', secret: 'very/secret+key', region: 'eu-west-1' }

/** A story whose files go to a bucket. */
async function withBucket(t: Parameters<typeof story>[0], more: Record<string, unknown> = {}) {
  let scene: Story | undefined
  const { server, files } = bucket(user, () => scene!.clock.now())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => void server.close())
  const { port } = server.address() as AddressInfo
  const s3 = {
    bucket_url: `http://127.0.0.1:${port}/bucket/`,
    region: user.region,
    access_key_id: user.id,
    secret_access_key: user.secret,
    ...more,
  }
  ;({ scene } = await uploads(t, { s3, max_file_size: 1000 }))
  return { scene, files }
}

const put = (url: URL | string, body: string, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'PUT', body, headers })

test('XEP-0363 §4: a file goes to the bucket with the address that was signed, and is there', async (t) => {
  const { scene } = await withBucket(t)
  for (const name of ['très cool.jpg', "a b+c&d=e?f#g%20'(x)*!.txt", '~.-_']) {
    const { put: there, get } = await slotOf(scene, 'romeo', 5, name, 'image/jpeg')
    assert.match(get.href, /^http:\/\/127\.0\.0\.1:\d+\/bucket\/[0-9a-f]{64}\/[^/?]+$/)
    assert.equal(there.origin + there.pathname, get.href)
    assert.equal(there.searchParams.get('X-Amz-Expires'), '60')
    const answer = await put(there, 'hello', { 'content-type': 'image/jpeg' })
    assert.equal(answer.status, 200, await answer.text())
    assert.equal(await (await fetch(get)).text(), 'hello')
  }
})

test('S86: in the bucket, too, size, type, place and time are those that were asked for', async (t) => {
  const { scene, files } = await withBucket(t)
  const { put: there } = await slotOf(scene, 'romeo', 5, 'a.png', 'image/png')
  const type = { 'content-type': 'image/png' }
  assert.equal((await put(there, 'hello!', type)).status, 403)
  assert.equal((await put(there, 'hello', { 'content-type': 'text/html' })).status, 403)
  assert.equal((await put(there.href.replace('a.png', 'b.png'), 'hello', type)).status, 403)
  assert.equal((await put(there.href.replace('Expires=60', 'Expires=600'), 'hello', type)).status, 403)
  scene.clock.advance(61)
  assert.equal((await put(there, 'hello', type)).status, 403)
  assert.equal(files.size, 0)
  assert.ok(!there.href.includes('secret'))
})

test('add_acl: the header is signed, and told to the client', async (t) => {
  const { scene } = await withBucket(t, { add_acl: true })
  const answer = await ask(scene, 'romeo', { filename: 'a', size: '5' })
  const slot = UploadPut.in(UploadSlot.in(answer)!)!
  const header = UploadHeader.in(slot)
  assert.deepEqual([header?.attr('name'), text(header)], ['x-amz-acl', 'public-read'])
  const there = slot.attr('url')!
  assert.equal((await put(there, 'hello')).status, 403)
  const typeless = { 'content-type': '' }
  assert.equal((await put(there, 'hello', { ...typeless, 'x-amz-acl': 'public-read' })).status, 200)
})

test('the API says for how long an address is good', async (t) => {
  const { scene } = await withBucket(t)
  const wanted = { filename: 'a', size: 5, contentType: undefined }
  const { putUrl } = await uploadSlotsOf(scene.host)!('example.com', wanted, 1234)
  assert.match(putUrl, /X-Amz-Expires=1234&/)
})
