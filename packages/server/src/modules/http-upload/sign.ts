/** Addresses that Amazon S3, and what speaks its language, lets through: AWS Signature Version 4 in the query. */
import { createHash, createHmac } from 'node:crypto'

/** With what an address is signed. */
export interface S3Account {
  readonly region: string
  readonly access_key_id: string
  readonly secret_access_key: string
}

/** A request that somebody else is to make. */
export interface Presigned {
  readonly method: string
  /** Without a query; its path is encoded as it will be sent. */
  readonly url: URL
  /** What the request must say, by lower-case names, besides `host`. */
  readonly headers: Readonly<Record<string, string>>
  /** Seconds for which the address is good. */
  readonly expires: number
  /** Milliseconds since 1970. */
  readonly now: number
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
const mac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** The address with its signature. */
export function presign({ method, url, headers, expires, now }: Presigned, account: S3Account): string {
  const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const scope = `${time.slice(0, 8)}/${account.region}/s3/aws4_request`
  const signed = Object.entries({ ...headers, host: url.host }).toSorted(([one], [other]) => (one < other ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const query = queryText({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${account.access_key_id}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(expires),
    'X-Amz-SignedHeaders': names,
  })
  const lines = signed.map(([name, value]) => `${name}:${value.trim()}\n`).join('')
  const request = [method, url.pathname, query, lines, names, 'UNSIGNED-PAYLOAD'].join('\n')
  const text = ['AWS4-HMAC-SHA256', time, scope, hash(request)].join('\n')
  const signature = mac(signingKey(account, time.slice(0, 8)), text).toString('hex')
  return `${url.origin}${url.pathname}?${query}&X-Amz-Signature=${signature}`
}

function signingKey({ secret_access_key: secret, region }: S3Account, day: string): Buffer {
  return mac(mac(mac(mac(`AWS4${secret}`, day), region), 's3'), 'aws4_request')
}

const queryText = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`)
    .join('&')

/** Percent-encoding of everything but the unreserved characters of RFC 3986 §2.3. */
export const encodeRfc3986 = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`)
