/** What service discovery tells of nodes and services (XEP-0060 §5, XEP-0163 §6). */
import {
  DiscoInfo,
  DiscoItems,
  type EntityInfo,
  type EntityItem,
  type Jid,
  PUBSUB_NS,
  StanzaError,
  buildDiscoInfo,
  buildDiscoItems,
  formatDateTime,
  result,
} from '@meerkat/protocol'
import { type IqRoute, type NodeQuery, iqGet, serviceForms } from '../../core/module.ts'
import { ownersOf, refusal } from './access.ts'
import { type Engine, type Place, keyOf, placeOf } from './engine.ts'
import { metaDataForm } from './node-config.ts'
import type { PubsubNode } from './nodes.ts'

/** What both kinds of service do (XEP-0060 §10). */
const COMMON = [
  'access-authorize',
  'access-open',
  'access-presence',
  'access-roster',
  'access-whitelist',
  'auto-create',
  'config-node',
  'config-node-max',
  'create-and-configure',
  'create-nodes',
  'delete-items',
  'delete-nodes',
  'instant-nodes',
  'item-ids',
  'last-published',
  'manage-subscriptions',
  'member-affiliation',
  'meta-data',
  'modify-affiliations',
  'multi-items',
  'outcast-affiliation',
  'persistent-items',
  'publish',
  'publish-only-affiliation',
  'publish-options',
  'publisher-affiliation',
  'purge-nodes',
  'retract-items',
  'retrieve-affiliations',
  'retrieve-default',
  'retrieve-default-sub',
  'retrieve-items',
  'retrieve-subscriptions',
  'rsm',
  'subscribe',
  'subscription-notifications',
  'subscription-options',
]

const named = (names: readonly string[]): string[] => [PUBSUB_NS, ...names.map((name) => `${PUBSUB_NS}#${name}`)]

/** The features of accounts. */
export const PERSONAL_FEATURES = named([...COMMON, 'auto-subscribe', 'filtered-notifications'])
/** XEP-0163 §6.1. */
export const PERSONAL_IDENTITY = { category: 'pubsub', type: 'pep' }
const SERVICE_FEATURES = named(COMMON)
/** What a service on a domain of its own is called. */
export const SERVICE_NAME = 'Publish-Subscribe'
const LEAF = { category: 'pubsub', type: 'leaf' }

/** How many nodes or items one answer names. */
const MAX_LISTED = 500
/** How many characters of items are looked through for their names. */
const ANY_LENGTH = Number.MAX_SAFE_INTEGER

/** What a node is, for those who may read it; undefined for others, and when there is none. */
export async function infoOfNode(
  engine: Engine,
  place: Place,
  { from, node: name }: NodeQuery,
): Promise<Omit<EntityInfo, 'node'> | undefined> {
  const node = await readable(engine, place, from, name)
  if (node === undefined) return undefined
  const owners = ownersOf(node).map(String)
  const forms = [metaDataForm(node.config, owners, formatDateTime(node.createdAt))]
  return { identities: [LEAF], features: place.personal ? PERSONAL_FEATURES : SERVICE_FEATURES, forms }
}

/** The names of a node's items, for those who may read it. */
export async function itemsOfNode(
  engine: Engine,
  place: Place,
  { from, node: name }: NodeQuery,
): Promise<EntityItem[] | undefined> {
  const node = await readable(engine, place, from, name)
  if (node === undefined) return undefined
  const items = await engine.store.items(node, { from: 'newest', limit: MAX_LISTED, characters: ANY_LENGTH })
  return items.map(({ id }) => ({ jid: place.service.toString(), name: id }))
}

/** The nodes that somebody may read. */
export async function nodesOf(engine: Engine, place: Place, from: Jid): Promise<EntityItem[]> {
  const names = place.personal
    ? [...(await engine.nodes.ofAccount(place.service)).keys()].slice(0, MAX_LISTED)
    : await engine.store.names(place.service, MAX_LISTED)
  const found: EntityItem[] = []
  for (const name of names) {
    const node = await readable(engine, place, from, name)
    if (node !== undefined)
      found.push({ jid: place.service.toString(), node: name, name: node.config.title || undefined })
  }
  return found
}

async function readable(engine: Engine, place: Place, from: Jid, name: string): Promise<PubsubNode | undefined> {
  const node = await engine.nodes.get(keyOf(place, name))
  return node !== undefined && (await refusal(engine, node, from)) === undefined ? node : undefined
}

/** What a service on a domain of its own answers. */
export function serviceRoutes(engine: Engine): IqRoute[] {
  const root = {
    identities: [{ category: 'pubsub', type: 'service', name: SERVICE_NAME }],
    features: [DiscoInfo.ns, DiscoItems.ns, ...SERVICE_FEATURES],
  }
  const forms = () => engine.host.hooks.fold(serviceForms, [], 'mod_pubsub_old')
  const there = <T>(found: T | undefined): T => {
    if (found === undefined) throw new StanzaError('cancel', 'item-not-found')
    return found
  }
  const placeAt = (service: Jid): Place => there(placeOf(engine, service.bare))
  return [
    iqGet(DiscoInfo, async (iq, { from, to }) => {
      const node = DiscoInfo.in(iq)?.attr('node')
      if (!node) return result(iq, buildDiscoInfo({ ...root, forms: await forms() }))
      const place = placeAt(to)
      return result(iq, buildDiscoInfo({ ...there(await infoOfNode(engine, place, { from, to, node })), node }))
    }),
    iqGet(DiscoItems, async (iq, { from, to }) => {
      const node = DiscoItems.in(iq)?.attr('node')
      const place = placeAt(to)
      if (!node) return result(iq, buildDiscoItems(await nodesOf(engine, place, from)))
      return result(iq, buildDiscoItems(there(await itemsOfNode(engine, place, { from, to, node })), node))
    }),
  ]
}
