import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement, serialize } from '@meerkat/xml'
import { buildUploadSlot, fileTooLarge, parseUploadRequest, retryAfter } from './http-upload.ts'

const request = (attributes: string) =>
  parseUploadRequest(parseElement(`<request xmlns='urn:xmpp:http:upload:0' ${attributes}/>`))

test('XEP-0363 §4, example 5: a request', () => {
  assert.deepEqual(request("filename='très cool.jpg' size='23456' content-type='image/jpeg'"), {
    filename: 'très cool.jpg',
    size: 23456,
    contentType: 'image/jpeg',
  })
  assert.equal(request("filename='a' size='1'")!.contentType, undefined)
})

test('XEP-0363 §4: without a name or a size that is one it is none', () => {
  for (const bad of [
    '',
    "filename='a'",
    "size='1'",
    "filename='' size='1'",
    ...['0', '-1', '1.5', '1e3', '0x10', ' 1', '99999999999999999999', 'NaN'].map(
      (size) => `filename='a' size='${size}'`,
    ),
  ])
    assert.equal(request(bad), undefined, bad)
})

test('XEP-0363 §4, example 6: a slot', () => {
  const slot = buildUploadSlot({
    putUrl: 'https://upload.montague.tld/1/a.jpg?x=1&y=2',
    getUrl: 'https://download.montague.tld/1/a.jpg',
    headers: [{ name: 'Authorization', value: 'Basic Base64String==' }],
  })
  assert.equal(
    serialize(slot),
    `<slot xmlns='urn:xmpp:http:upload:0'><put url='https://upload.montague.tld/1/a.jpg?x=1&amp;y=2'>` +
      `<header name='Authorization'>Basic Base64String==</header></put><get url='https://download.montague.tld/1/a.jpg'/></slot>`,
  )
})

test('XEP-0363 §6: what errors carry', () => {
  assert.equal(
    serialize(fileTooLarge(20000)),
    `<file-too-large xmlns='urn:xmpp:http:upload:0'><max-file-size>20000</max-file-size></file-too-large>`,
  )
  assert.equal(
    serialize(retryAfter(Date.UTC(2017, 11, 3, 23, 42, 5) * 1000)),
    `<retry xmlns='urn:xmpp:http:upload:0' stamp='2017-12-03T23:42:05Z'/>`,
  )
})
