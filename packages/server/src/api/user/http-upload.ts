/** Uploads of a user over HTTP (XEP-0363). */
import { callerOf } from '../context.ts'
import { type GetUrl, UPLOAD_TYPES, getUrl } from '../http-upload.ts'
import { type ApiPart, resolver } from '../part.ts'

/** The part with the category `httpUpload`. */
export const httpUploadUserPart: ApiPart = {
  category: 'httpUpload',
  sdl: `
extend type UserMutation {
  "Uploads over HTTP"
  httpUpload: HttpUploadUserMutation @protected
}

"Gives addresses for files."
type HttpUploadUserMutation @protected @use(modules: ["mod_http_upload"]) {
  "Get the addresses for a file, the first of them good for so many seconds"
  getUrl(filename: NonEmptyString!, size: PosInt!, contentType: String, timeout: PosInt!): FileUrls
}
${UPLOAD_TYPES}`,
  resolvers: {
    HttpUploadUserMutation: {
      getUrl: resolver((wanted: Omit<GetUrl, 'domain'>, context) => {
        const caller = callerOf(context)
        return getUrl({ ...wanted, domain: caller.domain }, context, caller.toString())
      }),
    },
  },
}
