/** Publishing items (XEP-0060 §7.1), with options (§7.1.5) and nodes that are made for them (XEP-0163 §3). */
import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import {
  EventItem,
  EventItems,
  PUBLISH_OPTIONS_FORM,
  Pubsub,
  PubsubItem,
  PubsubPublish,
  PublishOptions,
  StanzaError,
  findForm,
  parseForm,
  pubsubError,
} from '@meerkat/protocol'
import { type Element, serialize } from '@meerkat/xml'
import { forbidden, mayPublish } from './access.ts'
import { type Asked, type Place, type ServiceRules, checkedName, keyOf, nodeName } from './engine.ts'
import { pushNotification } from './hooks.ts'
import { makeNode } from './making.ts'
import { type NodeConfig, keptItems, readConfig, unmet } from './node-config.ts'
import type { PubsubNode } from './nodes.ts'
import { behind, notify } from './notify.ts'
import type { Item, StoredNode } from './store.ts'

type Options = ReadonlyMap<string, readonly string[]>

/** For a node that is deleted meanwhile. Made once: an error knows where it was made, which takes longer than what it says. */
const GONE = new StanzaError('cancel', 'item-not-found')

/** Publishes an item. It is committed with the request; its subscribers are told then. */
export async function publish(asked: Asked): Promise<Element> {
  const { engine, place, request } = asked
  const words = PubsubPublish.in(asked.query)!
  const name = nodeName(words)
  const node = await nodeFor(asked, name, readOptions(asked.query))
  if (!mayPublish(node, asked.from)) throw forbidden()
  if (node.plugin === 'push') return push(asked, node, PubsubItem.in(words)?.elements()[0])
  const item = readItem(asked, node, words)
  const most = keptItems(node.config, place.rules)
  if (item !== undefined && most > 0) {
    request.delivery.keep(engine.store.putItem(node, item, GONE), engine.store.trim(node, most))
    request.delivery.afterwards(() => engine.nodes.published(node, item))
  }
  request.delivery.afterwards(() => behind(engine, notify(engine, node, eventOf(place, node, item))))
  return Pubsub({}, PubsubPublish({ node: name }, item && PubsubItem({ id: item.id })))
}

/** The event that tells of an item, or, for a node without items, that something has happened (XEP-0060 §7.1.2.2). */
export function eventOf(place: Place, node: StoredNode, item: Item | undefined): Element {
  if (item === undefined) return EventItems({ node: node.name })
  const publisher = place.rules.itemPublisher ? item.publisher : undefined
  const payload = node.config.deliver_payloads ? item.payload : undefined
  return EventItems({ node: node.name }, EventItem({ id: item.id, publisher }, payload))
}

/** XEP-0060 §7.1.5: the options, which are preconditions for a node that is there, and the configuration of one that is not. */
async function nodeFor(asked: Asked, name: string, options: Options): Promise<PubsubNode> {
  const { engine, place } = asked
  const { rules } = place
  const key = keyOf(place, name)
  const present = await engine.nodes.get(key)
  if (present?.plugin === 'push') return present
  const wanted = readWanted(options, rules)
  if (wanted === undefined || unmet({ ...rules.defaults, ...wanted, ...present?.config }, options, rules) !== undefined)
    throw pubsubError('cancel', 'conflict', 'precondition-not-met')
  if (present !== undefined) return present
  if (place.personal && !asked.from.bare.equals(place.service)) throw forbidden()
  return makeNode(asked, name, wanted, true)
}

/** What the options ask for; undefined when no node can be so. */
function readWanted(options: Options, rules: ServiceRules): Partial<NodeConfig> | undefined {
  try {
    return readConfig(options, rules)
  } catch (error) {
    if (error instanceof StanzaError) return undefined
    throw error
  }
}

function readOptions(query: Element): Options {
  const options = PublishOptions.in(query)
  if (options === undefined) return new Map()
  const form = findForm(options, PUBLISH_OPTIONS_FORM)
  if (form === undefined) throw new StanzaError('modify', 'bad-request', 'publish-options want a form.')
  return parseForm(form).values
}

/** XEP-0060 §7.1.3: what may be wrong with an item. */
function readItem({ engine, place, from }: Asked, node: StoredNode, words: Element): Item | undefined {
  const items = PubsubItem.all(words)
  const [element] = items
  const transient = !node.config.persist_items && !node.config.deliver_payloads
  if (items.length > 1) throw pubsubError('modify', 'bad-request', 'invalid-payload')
  if (element === undefined) {
    if (!transient) throw pubsubError('modify', 'bad-request', 'item-required')
    return undefined
  }
  if (transient) throw pubsubError('modify', 'bad-request', 'item-forbidden')
  const [payload, ...others] = element.elements()
  if (others.length > 0) throw pubsubError('modify', 'bad-request', 'invalid-payload')
  const text = payload === undefined ? '' : serialize(payload)
  const most = Math.min(node.config.max_payload_size, place.rules.maxItemSize)
  if (Buffer.byteLength(text) > most) throw pubsubError('modify', 'not-acceptable', 'payload-too-big')
  const id = checkedName(element.attr('id') || randomBytes(12).toString('base64url'))
  return { id, payload, publisher: from.toString(), at: engine.host.clock.micros(), text }
}

/** Notifications for devices are passed on, and kept nowhere. */
async function push({ engine, from, query }: Asked, node: StoredNode, payload: Element | undefined): Promise<Element> {
  if (payload === undefined) throw pubsubError('modify', 'bad-request', 'payload-required')
  const { service, name } = node
  const notification = { service, node: name, publisher: from, payload, options: readOptions(query) }
  if ((await engine.host.hooks.first(pushNotification, notification)) !== true)
    throw new StanzaError('cancel', 'service-unavailable', 'Nobody passes on notifications for devices.')
  return Pubsub({}, PubsubPublish({ node: name }))
}
