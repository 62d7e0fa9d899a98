/** Host types of the configuration: started with the server, and those that come while it runs. */
import { parseJid } from '@meerkat/protocol'
import type { Config, HostTypeConfig } from '../core/config/types.ts'
import { provideDomains } from '../core/domains.ts'
import type { Host } from '../core/host.ts'
import type { Kernel } from '../core/kernel.ts'
import { accessRule } from '../core/access.ts'
import { accountsOf, authMethodsOf } from './auth.ts'
import type { PresentConfig } from './present-config.ts'

/** Starts a host type with its modules; undone when one of them cannot start. */
export async function startHost(kernel: Kernel, present: PresentConfig, hostType: HostTypeConfig): Promise<Host> {
  const { name, domains, auth, modules } = hostType
  // What its namesake has left goes first: nobody logs in to an account that is being removed.
  for (const domain of domains) await kernel.eraser.finish(parseJid(domain))
  const taken = domains.find((domain) => kernel.hosts.of(domain) !== undefined)
  if (taken !== undefined) throw new Error(`the domain ${taken} is already served, by ${kernel.hosts.of(taken)!.type}`)
  const isHosted = (domain: string): boolean => kernel.hosts.of(domain) !== undefined
  const host = kernel.addHost(name, domains, accountsOf(auth, kernel.storage), (rule, user, domain, undefinedRule) =>
    accessRule(present.current.hostTypes.get(name) ?? hostType, rule, user, domain, isHosted, undefinedRule),
  )
  try {
    await kernel.modules.startAll(host, modules)
  } catch (error) {
    kernel.hosts.removeType(name)
    throw error
  }
  return host
}

/** How often other nodes' changes of domains are looked for, in seconds. */
const SYNC_SECONDS = 30

/** Serves the domains that the main store has, besides those of the configuration. */
export async function serveKeptDomains(kernel: Kernel): Promise<void> {
  const domains = await provideDomains(kernel)
  const look = (): void => void domains.sync().catch((error: unknown) => kernel.report('domains_not_read', error))
  if (kernel.cluster !== undefined) kernel.timers.every(SYNC_SECONDS, look)
}

/** Stops the modules of all host types, the last one first. */
export async function stopHosts(kernel: Kernel): Promise<void> {
  for (const host of kernel.hosts.types().toReversed()) await kernel.modules.stopAll(host)
}

/** The names of the host types that a configuration has and the server has not. */
export function newHostTypes(kernel: Kernel, next: Config): HostTypeConfig[] {
  return [...next.hostTypes.values()].filter(({ name }) => kernel.hosts.type(name) === undefined)
}

/** Makes the methods of changed sections `[auth]` ready; what is returned lets logins use them from then on. */
export function changedAuth(kernel: Kernel, next: Config): () => void {
  const changes = kernel.hosts.types().flatMap((host) => {
    const auth = next.hostTypes.get(host.type)?.auth
    return auth === undefined ? [] : [{ host, methods: authMethodsOf(auth, kernel.storage) }]
  })
  return () => {
    for (const { host, methods } of changes) host.accounts.use(methods)
  }
}
