/** Slots in a bucket of Amazon S3, or of what speaks its language: addresses that are signed here and used there. */
import { randomBytes } from 'node:crypto'
import type { UploadUrls, WantedUpload } from '@meerkat/protocol'
import type { Host, Values } from '../../core/module.ts'
import type { s3Settings } from './settings.ts'
import { encodeRfc3986, presign } from './sign.ts'
import { safeName } from './wanted.ts'

/** Gives slots away that are good for so many seconds. */
export function s3Slots(host: Host, s3: Values<typeof s3Settings>, tokenBytes: number) {
  const bucket = s3.bucket_url.replace(/\/$/, '')
  return ({ filename, size, contentType }: WantedUpload, seconds: number): UploadUrls => {
    const token = randomBytes(tokenBytes).toString('hex')
    const url = new URL(`${bucket}/${token}/${encodeRfc3986(safeName(filename))}`)
    const acl = s3.add_acl ? { 'x-amz-acl': 'public-read' } : {}
    // The size is signed too, so that the bucket takes that many bytes and no more.
    const headers = { 'content-length': String(size), ...(contentType && { 'content-type': contentType }), ...acl }
    const putUrl = presign({ method: 'PUT', url, headers, expires: seconds, now: host.clock.now() }, s3)
    return { putUrl, getUrl: url.href, headers: Object.entries(acl).map(([name, value]) => ({ name, value })) }
  }
}
