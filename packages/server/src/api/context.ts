/** Who asks the API, and by which way. */
import type { Jid } from '@meerkat/protocol'
import type { Host, SharedKey } from '../core/host.ts'
import type { Kernel } from '../core/kernel.ts'
import type { Budget } from './budget.ts'
import { RequestError } from './errors.ts'

/** What a caller may do: everything, everything at one domain, everything that is its own, or only what is public. */
export type Role = 'admin' | 'domain_admin' | 'user' | 'unauthorised'

/** Whose schema it is: administrators' or users'. Nobody of the one may do anything in the other. */
export type Audience = 'admins' | 'users'

/** What resolvers are given with each request. */
export interface ApiContext {
  readonly kernel: Kernel
  readonly role: Role
  /** The domain of a domain admin. */
  readonly domain?: string
  /** The bare JID of a user. */
  readonly user?: Jid
  /** `http` for an HTTP listener, `cli` for the control socket. */
  readonly method: 'http' | 'cli'
  /** The categories that may be used; all when undefined. */
  readonly allowedCategories?: readonly string[]
  /** What is left for the lists of this answer; a stream has none. */
  readonly budget?: Budget
}

/** The user who asks; throws when it is none, which the fields' guards let nobody see. */
export function callerOf({ role, user }: ApiContext): Jid {
  if (role === 'user' && user !== undefined) return user
  throw new RequestError(401, 'no_permissions', 'Only a user may ask for this')
}

/** The host type that serves a user's domain. */
export const hostOf = (context: ApiContext, user: Jid): Host | undefined => context.kernel.hosts.of(user.domain)

/** What the node shares under a key, or undefined when this configuration has no such thing. */
export function sharedOrNone<T>(kernel: Kernel, key: SharedKey<T>): T | undefined {
  try {
    return kernel.shared(key)
  } catch {
    return undefined
  }
}
