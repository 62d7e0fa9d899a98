/** Numbers of users, sessions and connections. */
import { countAccounts } from './account.ts'
import { type ApiContext, sharedOrNone } from './context.ts'
import { ApiError } from './errors.ts'
import { type ApiPart, resolver } from './part.ts'
import { serverConnections } from './server-connections.ts'

async function globalStats({ kernel }: ApiContext) {
  const counts = kernel.hosts.types().flatMap((host) => host.domains.map((domain) => countAccounts(host, domain)))
  const servers = sharedOrNone(kernel, serverConnections)
  return {
    uptimeSeconds: Math.floor((kernel.clock.now() - kernel.startedAt) / 1000),
    registeredUsers: (await Promise.all(counts)).reduce((sum, count) => sum + count, 0),
    onlineUsersNode: kernel.directory.all().filter(({ node }) => node === kernel.node).length,
    onlineUsers: kernel.directory.size,
    incomingS2S: servers?.incoming() ?? 0,
    outgoingS2S: servers?.outgoing() ?? 0,
  }
}

async function domainStats({ domain }: { domain: string }, { kernel }: ApiContext) {
  const host = kernel.hosts.of(domain)
  if (host === undefined) throw new ApiError('domain_not_found', 'Domain not found', { domain })
  const online = kernel.directory.all().filter(({ jid }) => jid.domain === domain)
  return { registeredUsers: await countAccounts(host, domain), onlineUsers: online.length }
}

/** The part with the category `stat`. */
export const statPart: ApiPart = {
  category: 'stat',
  sdl: `
extend type AdminQuery {
  "Numbers of users and sessions"
  stat: StatsAdminQuery @protected
}

"Counts."
type StatsAdminQuery {
  "Get the numbers of the whole server"
  globalStats: GlobalStats @protected(type: GLOBAL)
  "Get the numbers of a domain"
  domainStats(domain: DomainName!): DomainStats @protected(type: DOMAIN, args: ["domain"])
}

"Numbers of the whole server."
type GlobalStats @protected(type: GLOBAL) {
  "How long the node has been running"
  uptimeSeconds: Int
  registeredUsers: Int
  "Sessions at this node"
  onlineUsersNode: Int
  "Sessions at all nodes"
  onlineUsers: Int
  "Connections from other servers"
  incomingS2S: Int
  "Connections to other servers"
  outgoingS2S: Int
}

"Numbers of a domain."
type DomainStats @protected {
  registeredUsers: Int
  "Sessions"
  onlineUsers: Int
}
`,
  resolvers: {
    StatsAdminQuery: {
      globalStats: resolver((_args, context) => globalStats(context)),
      domainStats: resolver(domainStats),
    },
  },
}
