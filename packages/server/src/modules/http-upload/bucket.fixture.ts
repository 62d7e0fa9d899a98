/** A bucket of a test, which believes nobody: it works the signature out from what really comes, as Amazon documents it. */
import { createHash, createHmac } from 'node:crypto'
import { type IncomingMessage, type Server, createServer } from 'node:http'

/** What the bucket knows its only user by. */
export interface BucketUser {
  readonly id: string
  readonly secret: string
  readonly region: string
}

/** A bucket over HTTP. `now` tells the time in milliseconds. */
export function bucket(user: BucketUser, now: () => number): { server: Server; files: Map<string, Buffer> } {
  const files = new Map<string, Buffer>()
  const server = createServer((request, response) => {
    const [path = '', query = ''] = request.url!.split('?')
    if (request.method === 'GET') {
      const file = files.get(path)
      return void response.writeHead(file === undefined ? 404 : 200).end(file)
    }
    const problem = refusal(request, path, query, user, now())
    const chunks: Buffer[] = []
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        if (problem === undefined) files.set(path, Buffer.concat(chunks))
        response.writeHead(problem === undefined ? 200 : 403).end(problem)
      })
  })
  return { server, files }
}

function refusal(
  request: IncomingMessage,
  path: string,
  query: string,
  user: BucketUser,
  now: number,
): string | undefined {
  const given = new URLSearchParams(query)
  const value = (name: string): string => given.get(`X-Amz-${name}`) ?? ''
  const date = value('Date')
  const began = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(now >= began && now < began + Number(value('Expires')) * 1000)) return 'Request has expired'
  const scope = [date.slice(0, 8), user.region, 's3', 'aws4_request']
  if (value('Credential') !== [user.id, ...scope].join('/')) return 'InvalidAccessKeyId'
  const names = value('SignedHeaders').split(';')
  const lines = names.map((name) => `${name}:${String(request.headers[name] ?? '')}\n`)
  const parameters = query.split('&').filter((each) => !each.startsWith('X-Amz-Signature='))
  const canonical = [
    request.method,
    path,
    parameters.toSorted().join('&'),
    lines.join(''),
    names.join(';'),
    'UNSIGNED-PAYLOAD',
  ]
  const digest = createHash('sha256').update(canonical.join('\n')).digest('hex')
  const key = scope.reduce<Buffer>((with_, part) => mac(with_, part), Buffer.from(`AWS4${user.secret}`))
  const expected = mac(key, ['AWS4-HMAC-SHA256', date, scope.join('/'), digest].join('\n')).toString('hex')
  return value('Signature') === expected ? undefined : 'SignatureDoesNotMatch'
}

const mac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
