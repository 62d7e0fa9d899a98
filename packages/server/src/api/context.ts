/** Who asks the API, and by which way. */
import type { Jid } from '@meerkat/protocol'
import type { Host, SharedKey } from '../core/host.ts'
import type { Kernel } from '../core/kernel.ts'

/** What a caller may do: everything, everything at one domain, or only what is public. */
export type Role = 'admin' | 'domain_admin' | 'unauthorised'

/** What resolvers are given with each request. */
export interface ApiContext {
  readonly kernel: Kernel
  readonly role: Role
  /** The domain of a domain admin. */
  readonly domain?: string
  /** `http` for an HTTP listener, `cli` for the control socket. */
  readonly method: 'http' | 'cli'
  /** The categories that may be used; all when undefined. */
  readonly allowedCategories?: readonly string[]
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
