/** What mod_pubsub_old does with the nodes that mod_pubsub keeps: services on domains of their own, and other rules for accounts. */
import type { Host, ServiceAddition } from '../../core/module.ts'
import type { ServiceRules } from './engine.ts'
import type { NodeConfig } from './node-config.ts'

export type { ServiceRules } from './engine.ts'
export { type NodeConfig, PERSONAL } from './node-config.ts'

/** The services of a host type. */
export interface PubsubApi {
  /** Opens a service on a domain, or beside each domain of the host type (`prefix.@HOST@`). It is served from when the addition is put in. */
  open(domain: string, rules: ServiceRules): ServiceAddition
  /** Ends a service; its nodes are kept. */
  close(domain: string): void
  /** Removes all nodes of the service on a domain; resolves when none is left. */
  erase(domain: string): Promise<void>
  /** Changes the rules of accounts; returns what sets them back. */
  adjust(change: Adjustment): () => void
}

/** Rules of accounts that are others from now on. */
export interface Adjustment {
  readonly rules?: Partial<ServiceRules>
  /** Of the configuration of nodes of which nothing is said. */
  readonly defaults?: Partial<NodeConfig>
  readonly ignoreOffline?: boolean
}

const provided = new WeakMap<Host, PubsubApi>()

/** The services of a host type; mod_pubsub must be running there. */
export function pubsubOf(host: Host): PubsubApi {
  const api = provided.get(host)
  if (api === undefined) throw new Error('mod_pubsub is not running')
  return api
}

/** Lets others find the services; `undefined` when they are gone. For mod_pubsub only. */
export function providePubsub(host: Host, api: PubsubApi | undefined): void {
  if (api === undefined) provided.delete(host)
  else provided.set(host, api)
}
