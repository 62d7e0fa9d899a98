import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiscoInfo, DiscoItems, Iq, UploadRequest, parseForm, readStanzaError, retryAfter } from '@meerkat/protocol'
import { serialize } from '@meerkat/xml'
import { accountRemoved, personalData, timeOf } from '../../core/module.ts'
import { UploadDesk, uploadDesk } from '../../core/uploads.ts'
import { MemoryFiles } from '../../testing/memory-files.ts'
import { type Story, settle, story } from '../../testing/story.ts'
import disco from '../disco.ts'
import { uploadSlotsOf } from './api.ts'
import { SERVICE, ask, conditionOf, slotOf, upload, uploads } from './http-upload.fixture.ts'
import httpUpload from './index.ts'

const DAY = 86_400
const refused = async (scene: Story, attributes: Record<string, string>) =>
  readStanzaError(await ask(scene, 'romeo', attributes))

test('XEP-0363 §3, examples 1 to 4: the service is found, and says how large files may be', async (t) => {
  const { scene } = await uploads(
    t,
    { max_file_size: 5_242_880 },
    { modules: [[disco], [httpUpload, { max_file_size: 5_242_880 }]] },
  )
  const romeo = scene.device('romeo')
  const items = DiscoItems.in(await romeo.request(Iq({ type: 'get', to: 'example.com' }, DiscoItems())))
  assert.equal(items!.elements()[0]!.attr('jid'), SERVICE)
  const info = DiscoInfo.in(await romeo.request(Iq({ type: 'get', to: SERVICE }, DiscoInfo())))!
  const [identity, ...others] = info.elements()
  assert.deepEqual([identity!.attr('category'), identity!.attr('type')], ['store', 'file'])
  assert.ok(others.some((each) => each.attr('var') === 'urn:xmpp:http:upload:0'))
  const form = parseForm(others.at(-1)!)
  assert.deepEqual([form.formType, form.values.get('max-file-size')], ['urn:xmpp:http:upload:0', ['5242880']])
})

test('XEP-0363 §4, examples 5 and 6: a slot has two addresses, with the name at their end', async (t) => {
  const { scene } = await uploads(t)
  const { put, get } = await slotOf(scene, 'romeo', 23456, 'très cool.jpg', 'image/jpeg')
  assert.match(get.href, /^https:\/\/example\.com\/example\.com\/[0-9a-f]{32}\/tr%C3%A8s%20cool\.jpg$/)
  assert.equal(put.href.split('?')[0], get.href)
  assert.match(put.search, /^\?token=[0-9a-f]{64}$/)
  const other = await slotOf(scene, 'romeo', 23456, 'très cool.jpg', 'image/jpeg')
  assert.notEqual(other.id, get.pathname.split('/')[2])
})

test('XEP-0363 §6, example 11: a file that is too large is refused, with the size that is not', async (t) => {
  const { scene } = await uploads(t, { max_file_size: 20_000 })
  const error = await refused(scene, { filename: 'a', size: '23456' })
  assert.deepEqual([error.type, error.condition], ['modify', 'not-acceptable'])
  assert.equal(
    serialize(error.application!),
    `<file-too-large xmlns='urn:xmpp:http:upload:0'><max-file-size>20000</max-file-size></file-too-large>`,
  )
  assert.equal((await ask(scene, 'romeo', { filename: 'a', size: '20000' })).attr('type'), 'result')
})

test('XEP-0363 §4: what names no file, no size or no type is refused', async (t) => {
  const { scene } = await uploads(t)
  for (const attributes of [
    {},
    { filename: 'a' },
    { size: '1' },
    { filename: 'a', size: '0' },
    { filename: 'a', size: '-1' },
    { filename: 'a', size: '1', 'content-type': 'text/html\r\nx: y' },
    { filename: 'a', size: '1', 'content-type': 'x' },
    { filename: 'a', size: '1', 'content-type': `text/${'x'.repeat(300)}` },
  ])
    assert.equal((await refused(scene, attributes as Record<string, string>)).condition, 'bad-request')
})

test("XEP-0363 §4: only the server's own users get slots", async (t) => {
  const { scene } = await uploads(t)
  const { kernel } = scene
  let answer = ''
  kernel.hosts.addService('elsewhere.net', (delivery) => void (answer = serialize(delivery.stanza)))
  const { parseJid } = await import('@meerkat/protocol')
  const request = Iq({ type: 'get', id: 'x' }, UploadRequest({ filename: 'a', size: '1' }))
  await kernel.router.send(request, parseJid('eve@elsewhere.net/1'), parseJid(SERVICE), 'component')
  assert.match(answer, /<forbidden /)
})

test('S86: names keep no folders, no control characters, and nothing that an address ends with', async (t) => {
  const { scene } = await uploads(t)
  const names = [
    ['../../etc/passwd', 'passwd'],
    ['..', 'file'],
    ['a/..', 'file'],
    ['C:\\x\\y.txt', 'y.txt'],
    ['a\u202Egpj.exe', 'agpj.exe'],
    [`${'x'.repeat(300)}.png`, `${'x'.repeat(196)}.png`],
    ['?token=1#&<>"', '?token=1#&<>"'],
  ]
  for (const [given, kept] of names) {
    const { get } = await slotOf(scene, 'romeo', 1, given)
    assert.equal(decodeURIComponent(get.pathname.split('/').at(-1)!), kept)
    assert.equal(get.search + get.hash, '')
  }
})

test('S86: quota: files, bytes and bytes of a day, each user for himself', async (t) => {
  const { scene } = await uploads(t, {
    local: { user_files: 3, user_bytes: 1000, user_bytes_per_day: 600, expire_after: 'infinity' },
  })
  for (let i = 0; i < 2; i++) await upload(scene, await slotOf(scene, 'romeo', 300), Buffer.alloc(300))
  const daily = await refused(scene, { filename: 'a', size: '1' })
  assert.deepEqual([daily.type, daily.condition], ['wait', 'resource-constraint'])
  const stamp = daily.application!.attr('stamp')!
  assert.ok(Date.parse(stamp) > scene.clock.now() && Date.parse(stamp) <= scene.clock.now() + DAY * 1000 + 1000)
  assert.equal(retryAfter(Date.parse(stamp) * 1000).attr('stamp'), stamp)
  // XEP-0363 §6: then it may.
  scene.clock.advance(DAY + 1)
  assert.equal(await conditionOf(slotOf(scene, 'romeo', 500)), 'resource-constraint')
  await upload(scene, await slotOf(scene, 'romeo', 400), Buffer.alloc(400))
  assert.equal(await conditionOf(slotOf(scene, 'romeo', 1)), 'resource-constraint')
  assert.equal(await conditionOf(slotOf(scene, 'juliet', 600)), 'none')
})

test('S86: two devices at once do not spend the quota twice', async (t) => {
  const { scene } = await uploads(t, { local: { user_bytes: 100 } }, { users: ['romeo', 'romeo/2'] })
  const give = uploadSlotsOf(scene.host)!
  const wanted = { filename: 'a', size: 60, contentType: undefined }
  const results = await Promise.allSettled([1, 2, 3].map(() => give('romeo@example.com', wanted)))
  assert.deepEqual(results.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected', 'rejected'])
})

test('slots that got no file are forgotten, and do not count for ever', async (t) => {
  const { scene, desk } = await uploads(t, { local: { user_files: 1 } })
  const slot = await slotOf(scene, 'romeo', 10)
  assert.equal(await conditionOf(slotOf(scene, 'romeo', 10)), 'resource-constraint')
  const slots = desk.of('example.com')!
  scene.clock.advance(61)
  assert.equal(await slots.open('example.com', slot.id, slot.token), 'expired')
  scene.clock.advance(7200)
  await scene.wait(2)
  assert.equal(await slots.open('example.com', slot.id, slot.token), 'unknown')
  assert.equal(await conditionOf(slotOf(scene, 'romeo', 10)), 'none')
})

test('S86: a slot opens with its token only, and once', async (t) => {
  const { scene, desk } = await uploads(t)
  const slot = await slotOf(scene, 'romeo', 3, 'a.html')
  const slots = desk.of('example.com')!
  for (const token of ['', 'undefined', 'null', slot.id, slot.token.slice(1), slot.token.toUpperCase()])
    assert.equal(await slots.open('example.com', slot.id, token), 'unknown')
  assert.equal(await slots.open('example.net', slot.id, slot.token), 'unknown')
  assert.deepEqual(await slots.open('example.com', slot.id, slot.token), {
    size: 3,
    type: 'application/octet-stream',
    name: 'a.html',
    isTyped: false,
  })
  assert.equal(await slots.find('example.com', slot.id), undefined)
  assert.equal(await upload(scene, slot, Buffer.from('abc')), true)
  assert.equal(await slots.open('example.com', slot.id, slot.token), 'used')
  assert.equal((await slots.find('example.com', slot.id))?.size, 3)
})

test('files expire, and are removed from the medium', async (t) => {
  const { scene, desk, files } = await uploads(t, { local: { expire_after: 2 } })
  const old = await slotOf(scene, 'romeo', 3)
  await upload(scene, old, Buffer.from('old'))
  scene.clock.advance(DAY)
  const young = await slotOf(scene, 'juliet', 3)
  await upload(scene, young, Buffer.from('new'))
  scene.clock.advance(DAY + 1)
  const slots = desk.of('example.com')!
  // Not served any more, also before anybody has swept.
  assert.equal(await slots.find('example.com', old.id), undefined)
  assert.equal(files.files.size, 2)
  await scene.wait(2)
  assert.deepEqual([...files.files.keys()], [young.id])
  assert.equal((await slots.find('example.com', young.id))?.size, 3)
})

test('S42: what a user has uploaded goes with the account, slots and files', async (t) => {
  const { scene, desk, files } = await uploads(t)
  const { host } = scene
  const [kept, open] = [await slotOf(scene, 'romeo', 3), await slotOf(scene, 'romeo', 3)]
  const hers = await slotOf(scene, 'juliet', 3)
  for (const each of [kept, hers]) await upload(scene, each, Buffer.from('abc'))
  const writes = await host.hooks.fold(accountRemoved, [], scene.device('romeo').jid.bare)
  await host.commit(...writes)
  await settle()
  const slots = desk.of('example.com')!
  assert.equal(await slots.find('example.com', kept.id), undefined)
  assert.equal(await slots.open('example.com', open.id, open.token), 'unknown')
  assert.deepEqual([...files.files.keys()], [hers.id])
  // An upload that was under way leaves nothing either.
  assert.equal(await upload(scene, open, Buffer.from('abc')), false)
  assert.deepEqual([...files.files.keys()], [hers.id])
})

test("GDPR: a user's files are among what is kept of the user", async (t) => {
  const { scene } = await uploads(t)
  const slot = await slotOf(scene, 'romeo', 3, 'a.png', 'image/png')
  await slotOf(scene, 'romeo', 3)
  await upload(scene, slot, Buffer.from('abc'))
  const [data] = await scene.host.hooks.fold(personalData, [], scene.device('romeo').jid.bare)
  const rows: (readonly string[])[] = []
  for await (const row of data!.rows) rows.push(row)
  assert.equal(data!.group, 'http_upload')
  assert.deepEqual(rows, [[timeOf(scene.clock.now() * 1000), 'a.png', 'image/png', '3']])
})

test('S42: files that a dead server did not remove go when it is back', async (t) => {
  const { scene, files } = await uploads(t)
  const slot = await slotOf(scene, 'romeo', 3)
  await upload(scene, slot, Buffer.from('abc'))
  const remove = files.remove.bind(files)
  files.remove = () => Promise.reject(new Error('it died'))
  await scene.host.commit(...(await scene.host.hooks.fold(accountRemoved, [], scene.device('romeo').jid.bare)))
  await settle()
  assert.equal(files.files.size, 1)
  files.remove = remove
  await scene.reconfigure(httpUpload)
  await scene.wait(2)
  assert.equal(files.files.size, 0)
})

test('R8: without room on the medium nobody gets a slot, and with room again they do', async (t) => {
  const { scene, files } = await uploads(t)
  files.room = 100
  assert.equal(await conditionOf(slotOf(scene, 'romeo', 101)), 'resource-constraint')
  assert.equal(await conditionOf(slotOf(scene, 'romeo', 99)), 'none')
})

test('the API gets slots in the name of a domain, good for as long as it says', async (t) => {
  const { scene, desk } = await uploads(t)
  const give = uploadSlotsOf(scene.host)!
  const { putUrl, headers } = await give('example.com', { filename: 'a', size: 5, contentType: undefined }, 1000)
  assert.deepEqual(headers, [])
  const url = new URL(putUrl)
  scene.clock.advance(900)
  const open = await desk
    .of('example.com')!
    .open('example.com', url.pathname.split('/')[2]!, url.searchParams.get('token')!)
  assert.ok(typeof open === 'object')
  await scene.kernel.modules.stopAll(scene.host)
  assert.equal(uploadSlotsOf(scene.host), undefined)
  assert.equal(desk.of('example.com'), undefined)
})

test('a server without a handler for files says so at start', async (t) => {
  const without = (kernel: Story['kernel']) => kernel.share(uploadDesk, new UploadDesk(new MemoryFiles(), false))
  await assert.rejects(story(t, { modules: [[httpUpload]], prepare: without }), /needs .*meerkat_upload_handler/)
  await assert.rejects(story(t, { modules: [[httpUpload, { backend: 's3' }]] }), /needs the section s3/)
})
