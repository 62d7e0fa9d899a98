import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeRfc3986, presign } from './sign.ts'

const account = {
  region: 'us-east-1',
  access_key_id: 'AKIAIOSFODNN7EXAMPLE',
  secret_access_key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}

test("AWS Signature Version 4: the example of Amazon's documentation", () => {
  const signed = presign(
    {
      method: 'GET',
      url: new URL('https://examplebucket.s3.amazonaws.com/test.txt'),
      headers: {},
      expires: 86_400,
      now: Date.UTC(2013, 4, 24),
    },
    account,
  )
  assert.equal(
    signed,
    'https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
      '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  )
})

test('RFC 3986 §2.3: everything but unreserved characters is encoded', () => {
  assert.equal(encodeRfc3986("aZ09-._~ !'()*/é"), 'aZ09-._~%20%21%27%28%29%2A%2F%C3%A9')
})
