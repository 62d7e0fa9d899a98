/** Who is told of an event, and telling them (XEP-0060 §7.1.2, XEP-0163 §4.3). */
import { randomBytes } from 'node:crypto'
import { type Jid, Message, PubsubEvent } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { type SessionEntry, contactsOf, isSeen } from '../../core/module.ts'
import { affiliationOf, refusal } from './access.ts'
import type { Engine } from './engine.ts'
import type { StoredNode, Subscription } from './store.ts'

/** Tells of an event at a node. Only `to` differs between the messages, so that they are printed once. */
export async function notify(engine: Engine, node: StoredNode, event: Element): Promise<void> {
  if (!node.config.deliver_notifications) return
  const message = eventMessage(node, event)
  await Promise.all((await audience(engine, node)).map((to) => engine.host.send(message, node.service, to)))
}

/** The message that carries an event. */
export function eventMessage(node: StoredNode, event: Element, ...more: readonly Element[]): Element {
  const { notification_type: type } = node.config
  const id = randomBytes(9).toString('base64url')
  return Message({ type, id, from: node.service }, PubsubEvent({}, event), ...more)
}

/** Does what follows a change, which nobody waits for. */
export function behind({ host }: Engine, work: Promise<unknown>): void {
  work.catch((error: unknown) => host.report('pubsub_failed', error))
}

/** The addresses that an event goes to, each once. */
export async function audience(engine: Engine, node: StoredNode): Promise<Jid[]> {
  const to = new Map<string, Jid>()
  for (const subscription of node.subscriptions.values())
    for (const jid of await bySubscription(engine, node, subscription)) to.set(jid.toString(), jid)
  if (node.service.local !== '') {
    await addContacts(engine, node, to)
    await addStrangers(engine, node, to)
  }
  return [...to.values()]
}

/** XEP-0163 §4.3.2: a bare JID stands for those of its resources that want such events, and for itself when none is known to. */
async function bySubscription(engine: Engine, node: StoredNode, { jid, state }: Subscription): Promise<Jid[]> {
  if (state !== 'subscribed' || (await refusal(engine, node, jid)) !== undefined) return []
  const { host } = engine
  const available = host.directory.of(jid).filter(({ presence }) => presence !== undefined)
  if (jid.resource !== '') {
    const there = available.some((entry) => entry.jid.equals(jid))
    return node.config.presence_based_delivery && host.serves(jid.domain) && !there ? [] : [jid]
  }
  if (node.config.presence_based_delivery && host.serves(jid.domain) && available.length === 0) return []
  if (node.service.local === '') return [jid]
  const interested = await wanting(engine, available, node.name)
  return interested.length > 0 ? interested : [jid]
}

/** XEP-0163 §4.3.1: the account's own resources, and those of contacts who see its presence; all of them only when they want such events. */
async function addContacts(engine: Engine, node: StoredNode, to: Map<string, Jid>): Promise<void> {
  const { host } = engine
  const add = async (user: Jid): Promise<void> => {
    for (const jid of await wanting(engine, host.directory.of(user), node.name)) to.set(jid.toString(), jid)
  }
  await add(node.service)
  const { access_model: model } = node.config
  for (const contact of (await host.hooks.first(contactsOf, node.service))?.all() ?? []) {
    // Most contacts are away, and need not be judged.
    if (!isSeen(contact.subscription) || host.directory.of(contact.jid).length === 0) continue
    const affiliation = affiliationOf(node, contact.jid)
    const plain = affiliation === 'none' && (model === 'presence' || model === 'open')
    if (plain || (await refusal(engine, node, contact.jid)) === undefined) await add(contact.jid)
  }
}

/** The same for contacts at other servers. */
async function addStrangers(engine: Engine, node: StoredNode, to: Map<string, Jid>): Promise<void> {
  const contacts = await engine.host.hooks.first(contactsOf, node.service)
  for (const { jid, features } of engine.strangers.of(node.service)) {
    const seen = isSeen(contacts?.get(jid.bare)?.subscription)
    if (!seen || !features.has(`${node.name}+notify`) || (await refusal(engine, node, jid)) !== undefined) continue
    to.set(jid.toString(), jid)
  }
}

/** The available resources among these whose clients want the events of a node (XEP-0060 §9.2). */
async function wanting(engine: Engine, entries: readonly SessionEntry[], name: string): Promise<Jid[]> {
  const caps = engine.caps()
  const feature = `${name}+notify`
  const found: Jid[] = []
  for (const entry of entries) {
    if (entry.presence === undefined) continue
    const features = caps?.featuresOf(entry)
    const known = features instanceof Promise ? await features : features
    if (known?.has(feature) === true) found.push(entry.jid)
  }
  return found
}
