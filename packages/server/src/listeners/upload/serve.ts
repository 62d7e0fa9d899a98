/** How uploaded files are served: nothing in them runs in anybody's browser (S84, S86). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { KeptFile, UploadFiles } from '../../core/uploads.ts'

/** Pictures that a browser shows and never runs. */
const SHOWN = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'])
/** Other types that are told as they are, to be kept or played. */
const TOLD = /^(?:(?:audio|video)\/[\w.+-]+|text\/plain|application\/(?:pdf|zip|gzip|octet-stream))$/

/** What every answer with a file says: it is data, whatever is in it. */
const SAFE: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
  'referrer-policy': 'no-referrer',
  'cache-control': 'private, max-age=3600',
  'accept-ranges': 'bytes',
}

/** A part of a file; `end` is behind its last byte. */
interface Part {
  readonly start: number
  readonly end: number
}

/** Answers GET and HEAD. */
export async function serveFile(
  files: UploadFiles,
  id: string,
  file: KeptFile,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const part = partOf(request.headers.range, file.size)
  if (part === undefined) {
    response.writeHead(416, { 'content-range': `bytes */${file.size}`, 'content-length': 0 }).end()
    return
  }
  const isWhole = part.end - part.start === file.size
  const headers = {
    ...SAFE,
    ...describing(file),
    'content-length': part.end - part.start,
    ...(!isWhole && { 'content-range': `bytes ${part.start}-${part.end - 1}/${file.size}` }),
  }
  const body = await files.read(id, part.start, part.end)
  if (body === undefined) {
    response.writeHead(404, { 'content-length': 0 }).end()
    return
  }
  response.writeHead(isWhole ? 200 : 206, headers)
  if (request.method === 'HEAD') {
    body.destroy()
    response.end()
    return
  }
  // Who leaves before the end has what they have.
  await pipeline(body, response).catch(() => undefined)
}

/** The type without parameters, if browsers cannot run it; and whether it is shown or only kept. */
function describing({ type, name }: KeptFile): Record<string, string> {
  const plain = type.split(';')[0]!.trim().toLowerCase()
  if (SHOWN.has(plain)) return { 'content-type': plain, 'content-disposition': `inline; ${filename(name)}` }
  const told = TOLD.test(plain) ? (plain === 'text/plain' ? 'text/plain; charset=utf-8' : plain) : undefined
  return {
    'content-type': told ?? 'application/octet-stream',
    'content-disposition': `attachment; ${filename(name)}`,
  }
}

/** RFC 6266 §5: the name for everybody, in characters that end nothing. */
const filename = (name: string): string =>
  `filename*=UTF-8''${encodeURIComponent(name).replaceAll(/[!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`)}`

/** RFC 9110 §14.2: one range; several, and what is none, is answered with the whole file. Undefined when it lies beyond the file. */
function partOf(range: string | undefined, size: number): Part | undefined {
  const whole = { start: 0, end: size }
  const found = range === undefined ? null : /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range)
  const [, first = '', last = ''] = found ?? []
  if (first === '' && last === '') return whole
  if (first === '') return Number(last) === 0 ? undefined : { start: Math.max(0, size - Number(last)), end: size }
  const start = Number(first)
  const end = last === '' ? size : Math.min(size, Number(last) + 1)
  if (start >= size) return undefined
  return start < end ? { start, end } : whole
}
