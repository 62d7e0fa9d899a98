/** Subscribing and unsubscribing (XEP-0060 §6.1, §6.2), and what somebody has at a service (§5.6, §5.7). */
import { randomBytes } from 'node:crypto'
import {
  DataForm,
  type Jid,
  Pubsub,
  PubsubAffiliation,
  PubsubAffiliations,
  PubsubDefault,
  PubsubOptions,
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
import { DEFAULT_OPTIONS, optionsForm, readOptions } from './subscription-options.ts'

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
  const wanted = optionsBeside(asked.query)
  let subscription: Subscription | undefined
  await engine.nodes.change(keyOf(place, name), async (present) => {
    const node = found(present)
    const before = node.subscriptions.get(jid.toString())
    const options = wanted === undefined ? (before?.options ?? DEFAULT_OPTIONS) : readOptions(wanted, DEFAULT_OPTIONS)
    subscription = {
      jid,
      state: before?.state ?? (await stateFor(asked, node, jid)),
      subid: before?.subid ?? randomBytes(9).toString('base64url'),
      options,
    }
    if (before !== undefined && wanted === undefined) return { writes: [], after: node }
    const own = [...node.subscriptions.values()].filter((each) => each.jid.bare.equals(from.bare))
    const isFull = node.subscriptions.size >= place.rules.maxSubscriptions || own.length >= MAX_OWN
    if (before === undefined && isFull) throw pubsubError('cancel', 'policy-violation', 'too-many-subscriptions')
    return { writes: [engine.store.subscribe(node, subscription)], after: withSubscription(node, subscription) }
  })
  const { state, subid, options } = subscription!
  const node = found(await engine.nodes.get(keyOf(place, name)))
  request.delivery.afterwards(() => behind(engine, welcome(asked, node, subscription!)))
  const settled = wanted && PubsubOptions({}, optionsForm(options, 'result'))
  return Pubsub({}, buildSubscription({ node: name, jid: jid.toString(), state, subid }), settled)
}

/** XEP-0060 §6.3.7: options may be asked for at once; they are those of the subscription beside which they stand. */
function optionsBeside(query: Element): Element | undefined {
  const words = PubsubOptions.in(query)
  if (words === undefined) return undefined
  const isBehind = query.elements().indexOf(words) > query.elements().indexOf(PubsubSubscribe.in(query)!)
  const form = DataForm.in(words)
  if (!isBehind || words.attr('node') !== undefined || words.attr('jid') !== undefined || form === undefined)
    throw new StanzaError('modify', 'bad-request')
  return form
}

/** XEP-0060 §6.3.2: the options of the asker's subscription. */
export async function subscriptionOptions(asked: Asked): Promise<Element> {
  const words = PubsubOptions.in(asked.query)!
  const name = nodeName(words)
  const { jid, subid, options } = ownSubscription(asked, found(await asked.engine.nodes.get(keyOf(asked.place, name))))
  const given = words.attr('subid') === undefined ? undefined : subid
  return Pubsub({}, PubsubOptions({ node: name, jid, subid: given }, optionsForm(options, 'form')))
}

/** XEP-0060 §6.3.5: changes them. */
export async function setSubscriptionOptions(asked: Asked): Promise<undefined> {
  const { engine, place } = asked
  const words = PubsubOptions.in(asked.query)!
  await engine.nodes.change(keyOf(place, nodeName(words)), (present) => {
    const node = found(present)
    const before = ownSubscription(asked, node)
    const changed = { ...before, options: readOptions(DataForm.in(words), before.options) }
    return { writes: [engine.store.subscribe(node, changed)], after: withSubscription(node, changed) }
  })
}

/** XEP-0060 §6.4: the options of those who say nothing; they are the same at all nodes. */
export async function defaultSubscriptionOptions(asked: Asked): Promise<Element> {
  const node = PubsubDefault.in(asked.query)!.attr('node')
  if (node !== undefined) found(await asked.engine.nodes.get(keyOf(asked.place, checkedName(node))))
  return Pubsub({}, PubsubDefault({ node }, optionsForm(DEFAULT_OPTIONS, 'result')))
}

/** The asker's subscription that a request names; throws what XEP-0060 §6.3.4 says. */
function ownSubscription({ from, query }: Asked, node: StoredNode): Subscription {
  const words = PubsubOptions.in(query)!
  if (words.attr('jid') === undefined) throw pubsubError('modify', 'bad-request', 'jid-required')
  const jid = readJid(words.attr('jid'))
  if (!jid.bare.equals(from.bare)) throw forbidden()
  const subscription = node.subscriptions.get(jid.toString())
  if (subscription === undefined) throw pubsubError('modify', 'unexpected-request', 'not-subscribed')
  const subid = words.attr('subid')
  if (subid !== undefined && subid !== subscription.subid)
    throw pubsubError('modify', 'not-acceptable', 'invalid-subid')
  return subscription
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
  const isNews = node.config.send_last_published_item !== 'never'
  if (isNews && subscription.options.deliver) await sendLast(engine, node, subscription.jid)
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
