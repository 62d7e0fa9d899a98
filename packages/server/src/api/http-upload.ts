/** Uploading files (XEP-0363): addresses for whoever administers a domain, as clients get them. */
import { StanzaError, type UploadUrls } from '@meerkat/protocol'
import { uploadSlotsOf } from '../modules/http-upload/api.ts'
import type { ApiContext } from './context.ts'
import { ApiError } from './errors.ts'
import { type ApiPart, resolver } from './part.ts'

/** What `getUrl` is asked. */
export interface GetUrl {
  readonly domain: string
  readonly filename: string
  readonly size: number
  readonly contentType?: string | null
  readonly timeout: number
}

/** Addresses are not good for longer, in seconds: a week, which is what S3 allows. */
const LONGEST = 604_800

/** Answers `getUrl`, for whoever may ask for this domain. The file belongs to `owner`: the domain, or a user (a bare JID). */
export async function getUrl(args: GetUrl, { kernel }: ApiContext, owner = args.domain): Promise<UploadUrls | null> {
  const { domain, filename, size, contentType, timeout } = args
  const fail = (code: string, message: string): never => {
    throw new ApiError(code, message, { ...args })
  }
  const host = kernel.hosts.of(domain)
  if (host === undefined) return fail('domain_not_found', 'domain does not exist')
  const wanted = { filename, size, contentType: contentType === '' || contentType == null ? undefined : contentType }
  try {
    return (await uploadSlotsOf(host)?.(owner, wanted, Math.min(timeout, LONGEST))) ?? null
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error
    if (error.application?.name === 'file-too-large')
      return fail('file_too_large_error', "Declared file size exceeds the host's maximum file size.")
    return fail(error.condition.replaceAll('-', '_'), error.message)
  }
}

/** What is told of addresses, in every schema. */
export const UPLOAD_TYPES = `
"Addresses of a file that may be uploaded."
type FileUrls @protected {
  "Where the file is put"
  putUrl: String
  "Where it is then"
  getUrl: String
  "What the upload must say in its header"
  headers: [Header]
}

"A line of a header."
type Header @protected {
  name: String
  value: String
}
`

/** The part with the category `httpUpload`. */
export const httpUploadPart: ApiPart = {
  category: 'httpUpload',
  sdl: `
extend type AdminMutation {
  "Files that are uploaded over HTTP"
  httpUpload: HttpUploadAdminMutation @protected
}

"Gives addresses for uploads."
type HttpUploadAdminMutation {
  "Get an address to which a file may be uploaded within so many seconds, and the one where it is then"
  getUrl(domain: DomainName!, filename: NonEmptyString!, size: PosInt!, contentType: String, timeout: PosInt!): FileUrls
    @protected(type: DOMAIN, args: ["domain"])
    @use(modules: ["mod_http_upload"], args: ["domain"])
}

${UPLOAD_TYPES}`,
  resolvers: { HttpUploadAdminMutation: { getUrl: resolver((args: GetUrl, context) => getUrl(args, context)) } },
}
