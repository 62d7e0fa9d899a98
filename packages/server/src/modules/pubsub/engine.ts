/** What the parts of mod_pubsub share: the nodes, and the services that they belong to. */
import { type Jid, StanzaError, parseJid, pubsubError } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { type Host, type IqRequest, hostIn } from '../../core/module.ts'
import type { CapsApi } from '../caps/api.ts'
import type { ConfigLimits, NodeConfig } from './node-config.ts'
import type { PubsubNode, Nodes } from './nodes.ts'
import type { NodeKey, PubsubStore } from './store.ts'
import type { Strangers } from './strangers.ts'

/** The rules of a service. */
export interface ServiceRules extends ConfigLimits {
  /** The configuration of nodes of which nothing is said. */
  readonly defaults: NodeConfig
  /** How many nodes the service may have. */
  readonly maxNodes: number
  /** How many subscriptions and affiliations, each, a node may have. */
  readonly maxSubscriptions: number
  /** Whether items say who has published them. */
  readonly itemPublisher: boolean
  /** Whether somebody may make a node of this name and kind. */
  readonly mayCreate: (user: Jid, key: NodeKey, plugin: string) => boolean
  /** The kinds of nodes; the first one is that of nodes of which nothing is said. */
  readonly plugins: readonly string[]
}

/** A service: an account's own, or one on a domain. */
export interface Place {
  readonly service: Jid
  readonly personal: boolean
  readonly rules: ServiceRules
}

/** What all requests need. */
export interface Engine {
  readonly host: Host
  readonly store: PubsubStore
  readonly nodes: Nodes
  readonly caps: () => CapsApi | undefined
  /** What contacts at other servers want. */
  readonly strangers: Strangers
  /** The rules of accounts. */
  personal: ServiceRules
  /** Those of services on domains; a key may be `prefix.@HOST@`. */
  readonly services: Map<string, ServiceRules>
  /** Whether last items of users who are not available are kept back. */
  ignoreOffline: boolean
}

/** A request to a service, as the parts of the module see it. */
export interface Asked {
  readonly engine: Engine
  readonly place: Place
  readonly request: IqRequest
  /** Who asks. */
  readonly from: Jid
  /** `<pubsub/>`. */
  readonly query: Element
}

/** The place of a service; undefined when nothing is there. */
export function placeOf(engine: Engine, service: Jid): Place | undefined {
  if (service.local !== '') return { service: service.bare, personal: true, rules: engine.personal }
  const rules = engine.services.get(service.domain) ?? rulesBeside(engine, service.domain)
  return rules && { service, personal: false, rules }
}

/** The rules of a service beside a domain of the host type. */
function rulesBeside({ host, services }: Engine, domain: string): ServiceRules | undefined {
  for (const [template, rules] of services) if (host.serves(hostIn(template, domain) ?? '')) return rules
  return undefined
}

/** How long names of nodes and items may be, in characters: they are parts of keys. */
const MAX_NAME = 512

/** The name of a node in a request; throws `nodeid-required` when there is none. */
export function nodeName(element: Element): string {
  const name = element.attr('node')
  if (!name) throw pubsubError('modify', 'bad-request', 'nodeid-required')
  return checkedName(name)
}

/** A name that may be one of a node or an item; throws `not-acceptable`. */
export function checkedName(name: string): string {
  if (name.length > MAX_NAME) throw new StanzaError('modify', 'not-acceptable', 'The name is too long.')
  return name
}

/** The node that a request is about; throws `item-not-found` (XEP-0060 §6.1.3.12 and elsewhere). */
export async function nodeOf({ engine, place }: Asked, name: string): Promise<PubsubNode> {
  return found(await engine.nodes.get({ service: place.service, name }))
}

/** Throws `item-not-found` when there is nothing. */
export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new StanzaError('cancel', 'item-not-found')
  return value
}

export const keyOf = ({ service }: Place, name: string): NodeKey => ({ service, name })

/** A JID in a request; throws `invalid-jid`. */
export function readJid(text: string | undefined): Jid {
  try {
    return parseJid(text ?? '')
  } catch {
    throw pubsubError('modify', 'bad-request', 'invalid-jid')
  }
}
