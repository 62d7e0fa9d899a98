/** What is asked of DNS about other servers. */
import { Resolver, lookup } from 'node:dns/promises'

/** A record of RFC 2782. */
export interface SrvRecord {
  readonly name: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

/** Answers about names; another one stands in for it in tests. */
export interface Dns {
  /** The records of a service; none when there are none. Rejects when nobody answers. */
  srv(name: string): Promise<readonly SrvRecord[]>
  /** The addresses of a host. Rejects when there are none. */
  addresses(host: string, version: 4 | 6): Promise<readonly string[]>
}

/** Whom to ask, and for how long. */
export interface DnsOptions {
  /** `address:port` of name servers; those of the system when there are none. */
  readonly servers: readonly string[]
  readonly timeoutMs: number
  readonly tries: number
}

/** That there is no such name, or nothing of this kind under it. */
const NOTHING = new Set(['ENOTFOUND', 'ENODATA'])

/** Asks name servers. */
export function systemDns({ servers, timeoutMs, tries }: DnsOptions): Dns {
  const resolver = new Resolver({ timeout: timeoutMs, tries })
  if (servers.length > 0) resolver.setServers(servers)
  const ask = (host: string, version: 4 | 6): Promise<readonly string[]> =>
    version === 4 ? resolver.resolve4(host) : resolver.resolve6(host)
  // Without servers of its own it finds what the system finds, also what stands in its file of hosts.
  const find = async (host: string, version: 4 | 6): Promise<readonly string[]> =>
    (await lookup(host, { all: true, family: version })).map(({ address }) => address)
  return {
    srv: (name) =>
      resolver.resolveSrv(name).catch((error: unknown) => {
        if (NOTHING.has(codeOf(error))) return []
        throw error
      }),
    addresses: servers.length > 0 ? ask : find,
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')
