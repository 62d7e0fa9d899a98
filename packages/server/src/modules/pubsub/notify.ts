/** Who is told of an event, and telling them (XEP-0060 §7.1.2, XEP-0163 §4.3). */
import { type Jid, Message, PubsubEvent } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { type SessionEntry, contactsOf, isSeen } from '../../core/module.ts'
import { randomText } from '../../core/random.ts'
import { affiliationOf, refusal } from './access.ts'
import type { Features } from '../caps/api.ts'
import type { Engine } from './engine.ts'
import type { StoredNode, Subscription } from './store.ts'
import { isWanted } from './subscription-options.ts'

/** Tells of an event at a node. Only `to` differs between the messages, so that they are printed once. */
export async function notify(engine: Engine, node: StoredNode, event: Element): Promise<void> {
  if (!node.config.deliver_notifications) return
  const message = eventMessage(node, event)
  const waiting: Promise<void>[] = []
  for (const to of await audience(engine, node)) {
    const sent = engine.host.post(message, node.service, to)
    if (sent !== undefined) waiting.push(sent)
  }
  await Promise.all(waiting)
}

/** The message that carries an event. */
export function eventMessage(node: StoredNode, event: Element, ...more: readonly Element[]): Element {
  const { notification_type: type } = node.config
  const id = randomText(9, 'base64url')
  return Message({ type, id, from: node.service }, PubsubEvent({}, event), ...more)
}

/** Does what follows a change, which nobody waits for. */
export function behind({ host }: Engine, work: Promise<unknown>): void {
  work.catch((error: unknown) => host.report('pubsub_failed', error))
}

/** Who is told, by their addresses. */
type Audience = Map<string, Jid>

/** The addresses that an event goes to, each once. */
export async function audience(engine: Engine, node: StoredNode): Promise<Iterable<Jid>> {
  const to: Audience = new Map()
  for (const subscription of node.subscriptions.values())
    for (const jid of await bySubscription(engine, node, subscription)) to.set(jid.toString(), jid)
  if (node.service.local !== '') {
    await addContacts(engine, node, to)
    await addStrangers(engine, node, to)
  }
  return to.values()
}

/** XEP-0163 §4.3.2: a bare JID stands for those of its resources that want such events, and for itself when none is known to. */
async function bySubscription(engine: Engine, node: StoredNode, { jid, state, options }: Subscription): Promise<Jid[]> {
  if (state !== 'subscribed' || !options.deliver || (await refusal(engine, node, jid)) !== undefined) return []
  const { host } = engine
  const available = host.directory
    .of(jid)
    .filter(({ presence }) => presence !== undefined && isWanted(options, presence))
  // Of those at other servers nobody knows here.
  const restricted = (node.config.presence_based_delivery || options.show !== undefined) && host.serves(jid.domain)
  if (jid.resource !== '') {
    const there = available.some((entry) => entry.jid.equals(jid))
    return restricted && !there ? [] : [jid]
  }
  if (restricted && available.length === 0) return []
  if (node.service.local === '') return [jid]
  const interested: Audience = new Map()
  await addWanting(engine, available, wish(node), interested)
  return interested.size > 0 ? [...interested.values()] : [jid]
}

/** XEP-0163 §4.3.1: the account's own resources, and those of contacts who see its presence; all of them only when they want such events. */
async function addContacts(engine: Engine, node: StoredNode, to: Audience): Promise<void> {
  const { host } = engine
  const feature = wish(node)
  await addWanting(engine, host.directory.of(node.service), feature, to)
  const { access_model: model } = node.config
  for (const contact of (await host.hooks.first(contactsOf, node.service))?.all() ?? []) {
    if (!isSeen(contact.subscription)) continue
    // Most contacts are away, and need not be judged.
    const resources = host.directory.of(contact.jid)
    if (resources.length === 0) continue
    const affiliation = affiliationOf(node, contact.jid)
    const plain = affiliation === 'none' && (model === 'presence' || model === 'open')
    if (!plain && (await refusal(engine, node, contact.jid)) !== undefined) continue
    const waiting = addWanting(engine, resources, feature, to)
    // Who has many contacts does not wait for each of them.
    if (waiting !== undefined) await waiting
  }
}

/** The same for contacts at other servers. */
async function addStrangers(engine: Engine, node: StoredNode, to: Audience): Promise<void> {
  const contacts = await engine.host.hooks.first(contactsOf, node.service)
  for (const { jid, features } of engine.strangers.of(node.service)) {
    const seen = isSeen(contacts?.get(jid.bare)?.subscription)
    if (!seen || !features.has(wish(node)) || (await refusal(engine, node, jid)) !== undefined) continue
    to.set(jid.toString(), jid)
  }
}

/** The feature of clients that want the events of a node (XEP-0060 §9.2). */
const wish = ({ name }: StoredNode): string => `${name}+notify`

/** Adds the available resources among these whose clients have a feature; at once where that is known here. */
function addWanting(
  engine: Engine,
  entries: readonly SessionEntry[],
  feature: string,
  to: Audience,
): Promise<unknown> | undefined {
  const caps = engine.caps()
  let asked: Promise<void>[] | undefined
  for (const entry of entries) {
    if (entry.presence === undefined) continue
    const features = caps?.featuresOf(entry)
    if (features instanceof Promise) (asked ??= []).push(features.then((late) => addIf(late, feature, entry.jid, to)))
    else addIf(features, feature, entry.jid, to)
  }
  return asked && Promise.all(asked)
}

function addIf(features: Features | undefined, feature: string, jid: Jid, to: Audience): void {
  if (features?.has(feature) === true) to.set(jid.toString(), jid)
}
