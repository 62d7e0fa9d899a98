/** Subscribing and unsubscribing (XEP-0060 §6.1, §6.2), and what somebody has at a service (§5.6, §5.7). */
import { randomBytes } from 'node:crypto'
import {
  type Jid,
  Pubsub,
  PubsubAffiliation,
  PubsubAffiliations,
  PubsubSubscribe,
  PubsubSubscriptions,
  PubsubUnsubscribe,
  StanzaError,
  buildSubscription,
  pubsubError,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { affiliationOf, forbidden, isSubscribed, refusal } from './access.ts'
import { askOwners } from './authorization.ts'
import { type Asked, checkedName, found, keyOf, nodeName, readJid } from './engine.ts'
import { sendLast } from './last-items.ts'
import { unsupported, without } from './making.ts'
import type { PubsubNode } from './nodes.ts'
import { behind } from './notify.ts'
import type { StoredNode, Subscription } from './store.ts'

/** How many subscriptions to one node a user may have, one for each resource: nobody takes the places of all. */
const MAX_OWN = 20
/** How many nodes are looked at when somebody asks for everything at a service. */
const MAX_LISTED = 1000

/** Subscribes the asker, or one of the asker's resources. */
export async function subscribe(asked: Asked): Promise<Element> {
  const { engine, place, from, request } = asked
  const words = PubsubSubscribe.in(asked.query)!
  const name = nodeName(words)
  const jid = readJid(words.attr('jid'))
  // XEP-0060 §6.1.3.1
  if (!jid.bare.equals(from.bare)) throw pubsubError('modify', 'bad-request', 'invalid-jid')
  let subscription: Subscription | undefined
  await engine.nodes.change(keyOf(place, name), async (present) => {
    const node = found(present)
    const before = node.subscriptions.get(jid.toString())
    subscription = before ?? {
      jid,
      state: await stateFor(asked, node, jid),
      subid: randomBytes(9).toString('base64url'),
    }
    if (before !== undefined) return { writes: [], after: node }
    const own = [...node.subscriptions.values()].filter((each) => each.jid.bare.equals(from.bare))
    if (node.subscriptions.size >= place.rules.maxSubscriptions || own.length >= MAX_OWN)
      throw pubsubError('cancel', 'policy-violation', 'too-many-subscriptions')
    return { writes: [engine.store.subscribe(node, subscription)], after: withSubscription(node, subscription) }
  })
  const { state, subid } = subscription!
  const node = found(await engine.nodes.get(keyOf(place, name)))
  request.delivery.afterwards(() => behind(engine, welcome(asked, node, subscription!)))
  return Pubsub({}, buildSubscription({ node: name, jid: jid.toString(), state, subid }))
}

export const withSubscription = <N extends StoredNode>(node: N, subscription: Subscription): N => ({
  ...node,
  subscriptions: new Map(node.subscriptions).set(subscription.jid.toString(), subscription),
})

/** Whether a subscription holds at once, or waits for an owner; throws when it cannot be (XEP-0060 §6.1.3). */
async function stateFor({ engine }: Asked, node: StoredNode, jid: Jid): Promise<Subscription['state']> {
  if (!node.config.subscribe || node.plugin === 'push') throw unsupported('subscribe')
  const refused = await refusal(engine, node, jid)
  if (refused === undefined) return 'subscribed'
  if (node.config.access_model === 'authorize' && affiliationOf(node, jid) === 'none') return 'pending'
  throw refused
}

/** XEP-0060 §6.1.7: the last item for the new subscriber; §8.6: a question for the owners. */
async function welcome({ engine }: Asked, node: PubsubNode, subscription: Subscription): Promise<void> {
  if (subscription.state === 'pending') return askOwners(engine, node, subscription)
  if (node.config.send_last_published_item !== 'never') await sendLast(engine, node, subscription.jid)
}

export async function unsubscribe(asked: Asked): Promise<undefined> {
  const { engine, place, from } = asked
  const words = PubsubUnsubscribe.in(asked.query)!
  const name = nodeName(words)
  const jid = readJid(words.attr('jid'))
  if (!jid.bare.equals(from.bare)) throw forbidden()
  await engine.nodes.change(keyOf(place, name), (present) => {
    const node = found(present)
    const subscription = node.subscriptions.get(jid.toString())
    // XEP-0060 §6.2.3.2 and §6.2.3.5
    if (subscription === undefined) throw pubsubError('cancel', 'unexpected-request', 'not-subscribed')
    const subid = words.attr('subid')
    if (subid !== undefined && subid !== subscription.subid)
      throw pubsubError('modify', 'not-acceptable', 'invalid-subid')
    return { writes: [engine.store.unsubscribe(node, jid)], after: without(node, [subscription]) }
  })
}

/** XEP-0060 §5.6: the asker's subscriptions, at one node or all of the service. */
export async function subscriptions(asked: Asked): Promise<Element> {
  const { engine, from } = asked
  const node = PubsubSubscriptions.in(asked.query)!.attr('node')
  const nodes = await concerning(asked, node, () => engine.store.subscriptionsOf(from.bare, MAX_LISTED))
  const all = nodes.flatMap(({ name, subscriptions: each }) =>
    Array.from(each.values(), ({ jid, state, subid }) => ({ node: name, jid, state, subid })),
  )
  const own = all.filter(({ jid }) => jid.bare.equals(from.bare))
  return Pubsub(
    {},
    PubsubSubscriptions({ node }, ...own.map((each) => buildSubscription({ ...each, jid: each.jid.toString() }))),
  )
}

/** XEP-0060 §5.7: how the asker stands to one node or all of the service. */
export async function affiliations(asked: Asked): Promise<Element> {
  const { engine, from } = asked
  const node = PubsubAffiliations.in(asked.query)!.attr('node')
  const nodes = await concerning(asked, node, () => engine.store.affiliationsOf(from.bare, MAX_LISTED))
  const own = nodes.flatMap((each) => {
    const affiliation = affiliationOf(each, from)
    return affiliation === 'none' ? [] : [PubsubAffiliation({ node: each.name, affiliation })]
  })
  return Pubsub({}, PubsubAffiliations({ node }, ...own))
}

/** The node that is named, or those of the service among the ones with which the asker has to do. */
async function concerning(
  { engine, place }: Asked,
  name: string | undefined,
  read: () => Promise<readonly { readonly service: Jid; readonly name: string }[]>,
): Promise<PubsubNode[]> {
  if (name) return [found(await engine.nodes.get(keyOf(place, checkedName(name))))]
  if (place.personal) return [...(await engine.nodes.ofAccount(place.service)).values()]
  const keys = (await read()).filter(({ service }) => service.equals(place.service))
  const nodes = await Promise.all(keys.map(async (key) => engine.nodes.get(key)))
  return nodes.filter((node) => node !== undefined)
}

/** Whether somebody learns that a node exists: those who may read it, or have to do with it. */
export async function isVisible(asked: Pick<Asked, 'engine'>, node: StoredNode, user: Jid): Promise<boolean> {
  return isSubscribed(node, user) || (await refusal(asked.engine, node, user)) === undefined
}

/** For requests that the service does not know. */
export const notImplemented = (): StanzaError => new StanzaError('cancel', 'feature-not-implemented')
