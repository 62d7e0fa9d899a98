/** `checkAuth` for users: what the server takes the caller for. The one field that everybody may ask for. */
import { AUTH_STATUS } from '../check-auth.ts'
import type { ApiContext } from '../context.ts'
import { type ApiPart, resolver } from '../part.ts'

const checkAuth = ({ role, user }: ApiContext) => ({
  // As in MongooseIM: the bare JID, whatever the scalar says.
  username: user ?? null,
  authStatus: role === 'user' ? 'AUTHORIZED' : 'UNAUTHORIZED',
})

/** The part with `checkAuth`. */
export const checkAuthUserPart: ApiPart = {
  category: 'checkAuth',
  sdl: `
extend type UserQuery {
  "What the server takes the caller for"
  checkAuth: UserAuthInfo @public
}

"Who the caller is."
type UserAuthInfo @public {
  "The user's bare JID"
  username: UserName
  authStatus: AuthStatus
}
${AUTH_STATUS}`,
  resolvers: { UserQuery: { checkAuth: resolver((_args, context) => checkAuth(context)) } },
}
