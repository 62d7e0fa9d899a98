/** Where the server of a domain is: written addresses, SRV records (RFC 6120 §3.2.1, XEP-0368), or the domain itself (§3.2.2). */
import { isIP } from 'node:net'
import { domainToAscii } from '@meerkat/protocol'
import { ipRange } from '../../core/network.ts'
import type { Dns, SrvRecord } from './dns.ts'
import type { S2sOptions } from './options.ts'

/** One place to connect to. */
export interface Target {
  readonly host: string
  readonly port: number
  /** TLS from the first byte. */
  readonly tls: boolean
  /** Written in the configuration, so that no range is refused. */
  readonly isWritten: boolean
}

/** How many targets of a domain are tried, and how many addresses of each (S77). */
const MOST_TARGETS = 8
const MOST_ADDRESSES = 4

/** That a domain has no server, so far as can be known. */
export class NoServer extends Error {
  override readonly name = 'NoServer'
}

/** The places where the server of a domain may be, the best one first. Rejects with NoServer when there are none. */
export async function targetsOf(domain: string, options: S2sOptions, dns: Dns): Promise<readonly Target[]> {
  const written = options.addresses.filter(({ host }) => host === domain)
  if (written.length > 0)
    return written.map(({ ip, port, tls }) => ({ host: ip, port: port ?? options.port, tls, isWritten: true }))
  const name = domainToAscii(domain)
  if (name === undefined) throw new NoServer('the domain is no name of DNS')
  const host = name.startsWith('[') ? name.slice(1, -1) : name
  const itself = { host, port: options.port, tls: options.tls.mode === 'tls', isWritten: false }
  if (isIP(host) !== 0) return [itself]
  // §3.2.1: where nobody answers the domain itself is tried, as where there are no records
  const records = (service: string): Promise<readonly SrvRecord[]> => dns.srv(`${service}._tcp.${name}`).catch(() => [])
  const [direct, usual] = await Promise.all([
    records('_xmpps-server'),
    options.tls.mode === 'tls' ? [] : records('_xmpp-server'),
  ])
  const all: (SrvRecord & { readonly tls: boolean })[] = []
  for (const { name: at, port, priority, weight } of direct) all.push({ name: at, port, priority, weight, tls: true })
  for (const { name: at, port, priority, weight } of usual) all.push({ name: at, port, priority, weight, tls: false })
  if (all.length === 0) return [itself]
  // RFC 2782: a lone "." says that the service is not there
  const there = all.filter((record) => record.name !== '' && record.name !== '.')
  if (there.length === 0) throw new NoServer('the domain offers no service')
  return inOrder(there).map((record) => ({ host: record.name, port: record.port, tls: record.tls, isWritten: false }))
}

/** The first of them. RFC 2782: by priority, and among equals at random by weight. XEP-0368 §3: records of both kinds are mixed. */
export function inOrder<R extends SrvRecord>(records: readonly R[], random: () => number = Math.random): R[] {
  const rest = records.toSorted((one, other) => one.priority - other.priority)
  const order: R[] = []
  while (rest.length > 0 && order.length < MOST_TARGETS) {
    const equals = rest.filter(({ priority }) => priority === rest[0]!.priority)
    // A weight of 0 has a small chance beside others.
    let left = random() * equals.reduce((sum, { weight }) => sum + Math.max(weight, 0.1), 0)
    const chosen = equals.find(({ weight }) => (left -= Math.max(weight, 0.1)) <= 0) ?? equals.at(-1)!
    order.push(chosen)
    rest.splice(rest.indexOf(chosen), 1)
  }
  return order
}

/** Addresses that no server of the public Internet has. */
const PRIVATE = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
  '::/127',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
].map(ipRange)

const isPrivate = (ip: string): boolean => PRIVATE.some((covers) => covers(ip))

/** The addresses of a target, in the order of `ip_versions`. Rejects with NoServer when there are none that may be used. */
export async function addressesOf(target: Target, options: S2sOptions, dns: Dns): Promise<readonly string[]> {
  const found = isIP(target.host) === 0 ? await resolved(target.host, options, dns) : [target.host]
  // S77: names of others must not lead to machines that only this one can reach
  const usable = options.denyPrivate && !target.isWritten ? found.filter((ip) => !isPrivate(ip)) : found
  if (usable.length === 0) throw new NoServer(`${target.host} has no address that may be used`)
  return usable.slice(0, MOST_ADDRESSES)
}

async function resolved(host: string, { ipVersions }: S2sOptions, dns: Dns): Promise<string[]> {
  const answers = await Promise.all(ipVersions.map((version) => dns.addresses(host, version).catch(() => [])))
  return answers.flat()
}
