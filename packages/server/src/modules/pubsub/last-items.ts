/** The last item of a node for those who have just come: new subscribers, and resources that have become available (XEP-0163 §4.3.4). */
import { type Jid, buildDelay, parseJid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import {
  type Memory,
  type Session,
  type Subscription as PresenceSubscription,
  contactsOf,
  isSeen,
  sees,
  sessionSlot,
} from '../../core/module.ts'
import type { Features } from '../caps/api.ts'
import { isSubscribed, refusal } from './access.ts'
import { type Engine, placeOf } from './engine.ts'
import { eventMessage } from './notify.ts'
import type { PubsubNode } from './nodes.ts'
import { eventOf } from './publishing.ts'
import type { Item, StoredNode } from './store.ts'
import { isWanted } from './subscription-options.ts'

const NOTIFY = '+notify'
/** How many explicit subscriptions of a user are looked at when a resource becomes available. */
const MAX_SUBSCRIPTIONS = 1000
/** What a session takes along to another node of the cluster. */
const PACKED = 'mod_pubsub told'

/** The nodes of which a session has been told. */
const told = sessionSlot(() => new Set<string>())

/** A session of which the features have become known: the last items of what it has not wanted before. */
export async function featuresCame(engine: Engine, session: Session, features: Features): Promise<void> {
  const known = session.slot(told)
  const names = wantedIn(features).filter((name) => !known.has(name))
  for (const name of names) known.add(name)
  if (names.length === 0) return
  const user = session.jid.bare
  await offer(engine, user, session.jid, names)
  for (const contact of (await engine.host.hooks.first(contactsOf, user))?.all() ?? []) {
    if (session.closed) return
    if (sees(contact.subscription) && engine.host.serves(contact.jid.domain))
      await offer(engine, contact.jid, session.jid, names)
  }
}

/** A session that goes begins anew when it comes again. */
export function forgetTold(session: Session): void {
  session.peek(told)?.clear()
}

/** Packs what a session was told of. */
export function packTold(memory: Memory, session: Session): Memory {
  const names = session.peek(told)
  return names === undefined || names.size === 0 ? memory : { ...memory, [PACKED]: [...names].join('\n') }
}

/** Reads what was packed elsewhere. */
export function unpackTold(session: Session, memory: Memory): void {
  for (const name of memory[PACKED]?.split('\n') ?? []) session.slot(told).add(name)
}

/** The nodes that a client wants to hear of (XEP-0060 §9.2). */
export function wantedIn(features: Features): string[] {
  return [...features].filter((feature) => feature.endsWith(NOTIFY)).map((feature) => feature.slice(0, -NOTIFY.length))
}

/** The last items of an owner's nodes with these names, as far as whoever gets them may. */
export async function offer(engine: Engine, owner: Jid, to: Jid, names: readonly string[]): Promise<void> {
  if (engine.ignoreOffline && !to.bare.equals(owner) && !isAvailable(engine, owner)) return
  const nodes = await engine.nodes.ofAccount(owner)
  if (nodes.size === 0) return
  for (const name of names) {
    const node = nodes.get(name)
    if (node?.config.send_last_published_item !== 'on_sub_and_presence') continue
    if ((await refusal(engine, node, to)) === undefined) await sendLast(engine, node, to)
  }
}

const isAvailable = ({ host }: Engine, user: Jid): boolean =>
  host.directory.of(user).some(({ presence }) => presence !== undefined)

/** Sends the last item of a node, saying when it was published. */
export async function sendLast(engine: Engine, node: PubsubNode, to: Jid): Promise<void> {
  if (!node.config.deliver_notifications) return
  const item = await engine.nodes.last(node)
  if (item !== undefined) await engine.host.send(lateMessage(engine, node, item), node.service, to)
}

function lateMessage(engine: Engine, node: StoredNode, item: Item): Element {
  const place = placeOf(engine, node.service) ?? { service: node.service, personal: true, rules: engine.personal }
  return eventMessage(node, eventOf(place, node, item), buildDelay({ stamp: item.at, from: node.service.toString() }))
}

/** A resource has become available: the last items of what its user has subscribed to, but for what its features bring. */
export async function becameAvailable(engine: Engine, session: Session): Promise<void> {
  const { jid } = session
  for (const key of await engine.store.subscriptionsOf(jid.bare, MAX_SUBSCRIPTIONS)) {
    if (session.closed) return
    const node = placeOf(engine, key.service) && (await engine.nodes.get(key))
    if (node?.config.send_last_published_item !== 'on_sub_and_presence' || !isSubscribed(node, jid)) continue
    if (!wantsNews(node, session)) continue
    if (key.service.local !== '' && session.peek(told)?.has(key.name) === true) continue
    if ((await refusal(engine, node, jid)) === undefined) await sendLast(engine, node, jid)
  }
}

/** Whether one of the subscriptions of a user and of this resource is for such news. */
function wantsNews({ subscriptions }: StoredNode, { jid, presence }: Session): boolean {
  return [jid.bare, jid].some((each) => {
    const subscription = subscriptions.get(each.toString())
    return subscription?.state === 'subscribed' && isWanted(subscription.options, presence)
  })
}

/**
 * A contact sees the presence of a user from now on, or no more: then the last items of what the contact's clients want, or the end of the contact's
 * subscriptions where they depended on that (XEP-0163 §8).
 */
export async function subscriptionTurned(
  engine: Engine,
  user: Jid,
  contact: Jid,
  before: PresenceSubscription,
  after: PresenceSubscription,
): Promise<void> {
  if (isSeen(before) === isSeen(after)) return
  if (!isSeen(after)) return endSubscriptions(engine, user, contact)
  for (const entry of engine.host.directory.of(contact)) {
    const features = entry.presence && (await engine.caps()?.featuresOf(entry))
    if (features !== undefined) await offer(engine, user, entry.jid, wantedIn(features))
  }
}

async function endSubscriptions(engine: Engine, user: Jid, contact: Jid): Promise<void> {
  for (const { name, subscriptions } of (await engine.nodes.ofAccount(user)).values()) {
    const all = [...subscriptions.values()].filter(({ jid }) => jid.bare.equals(contact))
    if (all.length === 0) continue
    await engine.nodes.change({ service: user, name }, async (node) => {
      if (node === undefined || (await refusal(engine, node, contact)) === undefined) return { writes: [], after: node }
      const kept = new Map(node.subscriptions)
      for (const { jid } of all) kept.delete(jid.toString())
      const writes = all.map(({ jid }) => engine.store.unsubscribe(node, parseJid(jid.toString())))
      return { writes, after: { ...node, subscriptions: kept } }
    })
  }
}
