import type { C2sOptions } from '../c2s/options.ts'

/** How a listener for components behaves. */
export interface ComponentOptions extends Pick<
  C2sOptions,
  | 'port'
  | 'address'
  | 'backlog'
  | 'tls'
  | 'access'
  | 'beforeLogin'
  | 'afterLogin'
  | 'authTimeoutMs'
  | 'maxConnections'
  | 'maxUnauthenticatedPerIp'
  | 'maxFailuresPerIp'
  | 'outboundBytes'
  | 'outboundStanzas'
  | 'defaultDomain'
  | 'trustedProxy'
  | 'shaper'
> {
  /** The secret that components share with this listener. */
  readonly password: string
  /** Whether what a component sends must come from its own domain. */
  readonly checkFrom: boolean
  /** Who goes when a component comes for a domain that another one has. */
  readonly conflict: 'disconnect' | 'kick_old'
  /** Whether service discovery leaves components out. */
  readonly hidden: boolean
}

/** The options of a listener on `port` with our defaults; `changes` on top. */
export function componentOptions(port: number, changes: Partial<ComponentOptions> = {}): ComponentOptions {
  return {
    port,
    address: '127.0.0.1',
    backlog: 1024,
    tls: undefined,
    access: 'all',
    beforeLogin: { stanzaBytes: 8192, depth: 8, elements: 32, attributes: 32 },
    afterLogin: { stanzaBytes: 262_144, depth: 64, elements: 4096, attributes: 256 },
    authTimeoutMs: 30_000,
    maxConnections: Infinity,
    maxUnauthenticatedPerIp: 100,
    maxFailuresPerIp: 100,
    outboundBytes: 8_388_608,
    outboundStanzas: 10_000,
    defaultDomain: 'localhost',
    trustedProxy: undefined,
    shaper: () => () => 0,
    password: 'secret',
    checkFrom: true,
    conflict: 'disconnect',
    hidden: false,
    ...changes,
  }
}
