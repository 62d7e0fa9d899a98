/** XEP-0363 1.2.0: HTTP File Upload. */
import { type Element, tag } from '@meerkat/xml'
import { formatDateTime } from './datetime.ts'

export const UPLOAD_NS = 'urn:xmpp:http:upload:0'

export const UploadRequest = tag(UPLOAD_NS, 'request')
export const UploadSlot = tag(UPLOAD_NS, 'slot')
export const UploadPut = tag(UPLOAD_NS, 'put')
export const UploadGet = tag(UPLOAD_NS, 'get')
export const UploadHeader = tag(UPLOAD_NS, 'header')
const FileTooLarge = tag(UPLOAD_NS, 'file-too-large')
const MaxFileSize = tag(UPLOAD_NS, 'max-file-size')
const Retry = tag(UPLOAD_NS, 'retry')

/** A file that somebody wants to upload. */
export interface WantedUpload {
  readonly filename: string
  /** In bytes, above 0. */
  readonly size: number
  readonly contentType: string | undefined
}

/** Where a file goes, and where it is then. */
export interface UploadUrls {
  readonly putUrl: string
  readonly getUrl: string
  /** What the client has to send along. */
  readonly headers: readonly { readonly name: string; readonly value: string }[]
}

/** Reads a request (XEP-0363 §4); undefined when it names no file or no size. */
export function parseUploadRequest(request: Element): WantedUpload | undefined {
  const filename = request.attr('filename') ?? ''
  const size = request.attr('size') ?? ''
  if (filename === '' || !/^[1-9]\d{0,15}$/.test(size) || !Number.isSafeInteger(Number(size))) return undefined
  return { filename, size: Number(size), contentType: request.attr('content-type') }
}

/** Builds the answer to a request (XEP-0363 §4). */
export function buildUploadSlot({ putUrl, getUrl, headers }: UploadUrls): Element {
  const lines = headers.map(({ name, value }) => UploadHeader({ name }, value))
  return UploadSlot({}, UploadPut({ url: putUrl }, ...lines), UploadGet({ url: getUrl }))
}

/** XEP-0363 §6: the file is larger than the service takes. */
export const fileTooLarge = (most: number): Element => FileTooLarge({}, MaxFileSize({}, String(most)))

/** XEP-0363 §6: when to try again, in microseconds since 1970. */
export const retryAfter = (at: number): Element => Retry({ stamp: formatDateTime(at, 0) })
