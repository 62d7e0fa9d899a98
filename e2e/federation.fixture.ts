/** Two servers that know where the other one is, and trust each other's certificates. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { selfSigned } from '@meerkat/client/testing'
import { type Server, type ServerOptions, startServer } from './harness.ts'
import { NODES } from './process.ts'

/** What differs between two servers that federate. */
export interface FederationOptions {
  /** More lines of `[listen.s2s.tls]`; `undefined`: the listener has no TLS. */
  readonly listenerTls?: string | undefined
  /** More lines of `[s2s.outgoing.tls]`. */
  readonly outgoingTls?: string
  /** More lines of `[s2s]` and of `[s2s.outgoing]`. */
  readonly s2s?: string
  readonly outgoing?: string
  /** More lines of the table that says where the other server is. */
  readonly address?: string
  /** The port at which the first server finds the other one, whose own is given: something that stands between them. */
  readonly between?: (port: number) => number
  /** More tables, at the end of the file. */
  readonly extra?: string
  /** More modules. */
  readonly modules?: string
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

interface Figures {
  readonly metric: { readonly getMetricsAsDicts: readonly { readonly dict: readonly { readonly value: number }[] }[] }
}

/** What a server counts of an event, all nodes together: they are asked in turn. */
export async function figureOf(server: Server, event: string): Promise<number> {
  const asked = `{ metric { getMetricsAsDicts(name: ["global", "${event}", "count"]) { dict { value } } } }`
  let sum = 0
  for (let node = 0; node < NODES; node++) {
    const { metric } = (await server.graphql(asked)) as unknown as Figures
    sum += metric.getMetricsAsDicts[0]!.dict[0]!.value
  }
  return sum
}

const MODULES = `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_carboncopy]
[modules.mod_offline]
[modules.mod_mam.pm]
[modules.mod_disco]
[modules.mod_ping]
[modules.mod_version]`

/** Starts servers for two domains. */
export async function federation(
  domains: readonly [string, string],
  options: FederationOptions = {},
): Promise<readonly [Server, Server]> {
  const ports = [await freePort(), await freePort()] as const
  const certificates = domains.map((domain) => selfSigned(domain))
  const roots = certificates.map(({ cert }) => cert).join('')
  const one = (index: 0 | 1): Promise<Server> => {
    const other = domains[1 - index]!
    const port = index === 0 ? (options.between?.(ports[1]) ?? ports[1]) : ports[0]
    const { cert, key } = certificates[index]!
    const settings: ServerOptions = {
      domains: [domains[index]],
      modules: `${MODULES}\n${options.modules ?? ''}`,
      files: { 's2s-cert.pem': cert, 's2s-key.pem': key, 's2s-roots.pem': roots },
      extra: s2sText(ports[index], other, port, options),
    }
    return startServer(settings)
  }
  return [await one(0), await one(1)]
}

const FILES = `certfile = "s2s-cert.pem"
keyfile = "s2s-key.pem"
cacertfile = "s2s-roots.pem"`

function s2sText(port: number, other: string, otherPort: number, options: FederationOptions): string {
  const tls =
    'listenerTls' in options && options.listenerTls === undefined
      ? ''
      : `[listen.s2s.tls]\n${FILES}\n${options.listenerTls ?? ''}`
  return `
[[listen.s2s]]
port = ${port}
ip_address = "127.0.0.1"
${tls}
[s2s]
${options.s2s ?? ''}
[s2s.outgoing]
${options.outgoing ?? ''}
[[s2s.outgoing.address]]
host = "${other}"
ip_address = "127.0.0.1"
port = ${otherPort}
${options.address ?? ''}
[s2s.outgoing.tls]
${FILES}
${options.outgoingTls ?? ''}
${options.extra ?? ''}
`
}
