/** `checkAuth`: what the server takes the caller for. The one field that everybody may ask for. */
import type { ApiContext, Role } from './context.ts'
import { type ApiPart, resolver } from './part.ts'

const TYPES: Record<Role, string> = { admin: 'ADMIN', domain_admin: 'DOMAIN_ADMIN', unauthorised: 'UNAUTHORIZED' }

const checkAuth = (context: ApiContext) => ({
  domain: context.domain ?? null,
  authStatus: context.role === 'unauthorised' ? 'UNAUTHORIZED' : 'AUTHORIZED',
  authType: TYPES[context.role],
})

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
  authStatus: AuthStatus
  authType: AuthType
}

"Whether the caller may do anything."
enum AuthStatus {
  AUTHORIZED
  UNAUTHORIZED
}

"The caller's role."
enum AuthType {
  ADMIN
  DOMAIN_ADMIN
  UNAUTHORIZED
}
`,
  resolvers: { AdminQuery: { checkAuth: resolver((_args, context) => checkAuth(context)) } },
}
