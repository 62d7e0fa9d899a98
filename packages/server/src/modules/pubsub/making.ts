/** Nodes come, are configured and go (XEP-0060 §8.1 to §8.5). */
import { randomBytes } from 'node:crypto'
import {
  EventConfiguration,
  EventDelete,
  EventPurge,
  NODE_CONFIG_FORM,
  OwnerConfigure,
  OwnerDefault,
  OwnerDelete,
  OwnerPurge,
  Pubsub,
  PubsubConfigure,
  PubsubCreate,
  PubsubOwner,
  StanzaError,
  findForm,
  parseForm,
  pubsubError,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { forbidden, refusal, requireOwner } from './access.ts'
import { type Asked, type Engine, checkedName, found, keyOf, nodeName, nodeOf } from './engine.ts'
import { type NodeConfig, configForm, keptItems, readConfig } from './node-config.ts'
import type { NodeChange, PubsubNode } from './nodes.ts'
import { behind, notify } from './notify.ts'
import type { StoredNode, Subscription } from './store.ts'

/** XEP-0060 §8.1: makes a node, with a name of the service's choice when it is given none. */
export async function create(asked: Asked): Promise<Element | undefined> {
  const { place, query } = asked
  const words = PubsubCreate.in(query)!
  const given = words.attr('node')
  const name = checkedName(given || randomBytes(12).toString('base64url'))
  const plugin = kindOf(words.attr('type'), place.rules.plugins)
  if (place.personal && !asked.from.bare.equals(place.service)) throw forbidden()
  const form = PubsubConfigure.in(query)
  const config = form === undefined ? {} : readConfig(submitted(form) ?? new Map(), place.rules)
  await makeNode(asked, name, config, false, plugin)
  return given ? undefined : Pubsub({}, PubsubCreate({ node: name }))
}

/** Adds a node, whose owner is who asks; `existing`: one that somebody else has just made will do. */
export async function makeNode(
  { engine, place, from }: Asked,
  name: string,
  config: Partial<NodeConfig>,
  existing: boolean,
  plugin = kindOf(undefined, place.rules.plugins),
): Promise<PubsubNode> {
  const { rules, personal } = place
  if (!rules.plugins.includes(plugin)) throw unsupported('create-nodes')
  const key = keyOf(place, name)
  if (!rules.mayCreate(from, key, plugin)) throw forbidden()
  await engine.nodes.change(key, (present): NodeChange => {
    if (present !== undefined && !existing) throw new StanzaError('cancel', 'conflict')
    if (present !== undefined) return { writes: [], after: present }
    const owner = from.bare.toString()
    const node: StoredNode = {
      ...key,
      plugin,
      config: { ...rules.defaults, ...config },
      createdAt: engine.host.clock.micros(),
      affiliations: new Map(personal ? [] : [[owner, 'owner']]),
      subscriptions: new Map(),
    }
    const full = new StanzaError('wait', 'resource-constraint', 'There are too many nodes.')
    const own = personal ? [] : [engine.store.affiliate(key, owner, 'owner')]
    return { writes: [engine.store.add(node, rules.maxNodes, full), ...own], after: node }
  })
  return found(await engine.nodes.get(key))
}

/** The kind of node that is meant: MongooseIM calls a plain one `flat`, XEP-0060 calls it `leaf`, and a service may have others instead. */
function kindOf(type: string | undefined, plugins: readonly string[]): string {
  const [usual = 'leaf'] = plugins
  if (type === undefined) return usual
  if (type !== 'leaf' && type !== 'flat') return type
  return plugins.includes('leaf') ? 'leaf' : usual
}

export const unsupported = (feature: string): StanzaError =>
  pubsubError('cancel', 'feature-not-implemented', 'unsupported', feature)

/** XEP-0060 §8.2.1: the form, for the owner. */
export async function configuration(asked: Asked): Promise<Element> {
  const name = nodeName(OwnerConfigure.in(asked.query)!)
  const node = await nodeOf(asked, name)
  requireOwner(node, asked.from)
  return PubsubOwner({}, OwnerConfigure({ node: name }, configForm(node.config, asked.place.rules)))
}

/** XEP-0060 §8.3: the configuration of nodes of which nothing is said. */
export function defaultConfiguration({ place }: Asked): Element {
  return PubsubOwner({}, OwnerDefault({}, configForm(place.rules.defaults, place.rules)))
}

/** XEP-0060 §8.2.4: changes the configuration; who may not read the node any more is subscribed no more (XEP-0163 §8). */
export async function configure(asked: Asked): Promise<undefined> {
  const { engine, place } = asked
  const words = OwnerConfigure.in(asked.query)!
  const name = nodeName(words)
  const values = submitted(words)
  let after: StoredNode | undefined
  await engine.nodes.change(keyOf(place, name), async (present) => {
    const node = found(present)
    requireOwner(node, asked.from)
    if (values === undefined) return { writes: [], after: node }
    const changed = { ...node, config: { ...node.config, ...readConfig(values, place.rules) } }
    const gone = await refused(engine, changed)
    after = without(changed, gone)
    const ended = gone.map(({ jid }) => engine.store.unsubscribe(node, jid))
    const fewer = engine.store.trim(node, keptItems(changed.config, place.rules))
    return { writes: [engine.store.configure(node, changed.config), ...ended, fewer], after }
  })
  engine.nodes.removed(keyOf(place, name))
  if (after?.config.notify_config === true) {
    const form = after.config.deliver_payloads ? configForm(after.config, place.rules, 'result') : undefined
    behind(engine, notify(engine, after, EventConfiguration({ node: name }, form)))
  }
}

/** Subscriptions of those who may not read the node. */
export async function refused(engine: Engine, node: StoredNode): Promise<Subscription[]> {
  const gone: Subscription[] = []
  for (const subscription of node.subscriptions.values())
    if (subscription.state === 'subscribed' && (await refusal(engine, node, subscription.jid)) !== undefined)
      gone.push(subscription)
  return gone
}

/** The node without these subscriptions. */
export function without<N extends StoredNode>(node: N, gone: readonly Subscription[]): N {
  const subscriptions = new Map(node.subscriptions)
  for (const { jid } of gone) subscriptions.delete(jid.toString())
  return { ...node, subscriptions }
}

/** The values of a node's form; undefined when it is cancelled (XEP-0060 §8.2.4.1). */
function submitted(words: Element): ReadonlyMap<string, readonly string[]> | undefined {
  const form = findForm(words, NODE_CONFIG_FORM) ?? findForm(words)
  if (form === undefined) return new Map()
  const { type, values } = parseForm(form)
  if (type === 'cancel') return undefined
  if (type !== 'submit') throw new StanzaError('modify', 'bad-request', 'The form has to be submitted.')
  return values
}

/** XEP-0060 §8.4: the node with all that it has. */
export async function remove(asked: Asked): Promise<undefined> {
  const { engine, place } = asked
  const name = nodeName(OwnerDelete.in(asked.query)!)
  let before: StoredNode | undefined
  await engine.nodes.change(keyOf(place, name), (present) => {
    const node = found(present)
    requireOwner(node, asked.from)
    before = node
    return { writes: engine.store.remove(node), after: undefined }
  })
  if (before?.config.notify_delete === true) behind(engine, notify(engine, before, EventDelete({ node: name })))
}

/** XEP-0060 §8.5: all items. */
export async function purge(asked: Asked): Promise<undefined> {
  const { engine, request } = asked
  const name = nodeName(OwnerPurge.in(asked.query)!)
  const node = await nodeOf(asked, name)
  requireOwner(node, asked.from)
  if (!node.config.persist_items) throw unsupported('persistent-items')
  request.delivery.keep(engine.store.purge(node))
  request.delivery.afterwards(() => {
    engine.nodes.removed(node)
    if (node.config.notify_retract) behind(engine, notify(engine, node, EventPurge({ node: name })))
  })
}
