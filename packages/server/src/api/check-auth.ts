/** `checkAuth`: what the server takes the caller for. The one field that everybody may ask for. */
import type { ApiContext } from './context.ts'
import { type ApiPart, resolver } from './part.ts'

const TYPES = {
  admin: 'ADMIN',
  domain_admin: 'DOMAIN_ADMIN',
  user: 'UNAUTHORIZED',
  unauthorised: 'UNAUTHORIZED',
} as const

const checkAuth = (context: ApiContext) => ({
  domain: context.domain ?? null,
  authStatus: TYPES[context.role] === 'UNAUTHORIZED' ? 'UNAUTHORIZED' : 'AUTHORIZED',
  authType: TYPES[context.role],
})

/** Schema text, the same in every schema. */
export const AUTH_STATUS = `
"Whether the caller may do anything."
enum AuthStatus {
  AUTHORIZED
  UNAUTHORIZED
}
`

/** The part with `checkAuth`. */
export const checkAuthPart: ApiPart = {
  category: 'checkAuth',
  sdl: `
extend type AdminQuery {
  "What the server takes the caller for."
  checkAuth: AdminAuthInfo @public
}

"Who the caller is."
type AdminAuthInfo @public {
  "The domain of a domain admin."
  domain: DomainName
  authStatus: AuthStatus!
  authType: AuthType
}

"The caller's role."
enum AuthType {
  ADMIN
  DOMAIN_ADMIN
  UNAUTHORIZED
}
${AUTH_STATUS}`,
  resolvers: { AdminQuery: { checkAuth: resolver((_args, context) => checkAuth(context)) } },
}
