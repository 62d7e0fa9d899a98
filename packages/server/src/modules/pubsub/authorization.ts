/** Subscriptions that wait for an owner's word (XEP-0060 §8.6). */
import { randomBytes } from 'node:crypto'
import {
  DataForm,
  type Jid,
  Message,
  PubsubEvent,
  SUBSCRIBE_AUTHORIZATION_FORM,
  PUBSUB_EVENT_NS,
  StanzaError,
  buildForm,
  findForm,
  parseForm,
  parseFormBoolean,
  tryJid,
} from '@meerkat/protocol'
import { type Element, tag } from '@meerkat/xml'
import { ownersOf, requireOwner } from './access.ts'
import { type Engine, type Place, found, keyOf } from './engine.ts'
import { sendLast } from './last-items.ts'
import { without } from './making.ts'
import type { StoredNode, Subscription } from './store.ts'

const EventSubscription = tag(PUBSUB_EVENT_NS, 'subscription')

/** Asks the owners of a node whether somebody may subscribe. */
export async function askOwners({ host }: Engine, node: StoredNode, { jid, subid }: Subscription): Promise<void> {
  const form = buildForm(
    {
      type: 'form',
      formType: SUBSCRIBE_AUTHORIZATION_FORM,
      title: 'Subscription request',
      instructions: 'Allow this subscription?',
    },
    [
      { var: 'pubsub#subid', type: 'hidden', value: subid },
      { var: 'pubsub#node', type: 'text-single', label: 'Node', value: node.name },
      { var: 'pubsub#subscriber_jid', type: 'jid-single', label: 'Subscriber', value: jid.toString() },
      { var: 'pubsub#allow', type: 'boolean', label: 'Allow?', value: false },
    ],
  )
  const message = Message({ id: randomBytes(9).toString('base64url') }, form)
  await Promise.all(ownersOf(node).map((owner) => host.send(message, node.service, owner)))
}

/** The form with which an owner answers, if a message has one. */
export function answerIn(message: Element): Element | undefined {
  if (DataForm.in(message) === undefined) return undefined
  const form = findForm(message, SUBSCRIBE_AUTHORIZATION_FORM)
  return form?.attr('type') === 'submit' || form?.attr('type') === 'cancel' ? form : undefined
}

/** Does what an owner has answered; a form that was cancelled leaves the request as it is (XEP-0060 §8.6.3). */
export async function decide(engine: Engine, place: Place, owner: Jid, form: Element): Promise<void> {
  const { type, values } = parseForm(form)
  if (type === 'cancel') return
  const value = (name: string): string | undefined => values.get(`pubsub#${name}`)?.[0]
  const allowed = parseFormBoolean(value('allow'))
  const [jid, name] = [tryJid(value('subscriber_jid')), value('node')]
  if (allowed === undefined || jid === undefined || !name) throw new StanzaError('modify', 'bad-request')
  await settle(engine, place, name, jid, allowed, (node, pending) => {
    requireOwner(node, owner)
    if (pending === undefined) throw new StanzaError('cancel', 'item-not-found')
  })
}

/** Grants a subscription that waits, or denies it, and tells the subscriber; `check` throws to refuse. */
async function settle(
  engine: Engine,
  place: Place,
  name: string,
  jid: Jid,
  allowed: boolean,
  check: (node: StoredNode, pending: Subscription | undefined) => void,
): Promise<void> {
  const key = keyOf(place, name)
  await engine.nodes.change(key, (present) => {
    const node = found(present)
    const subscription = node.subscriptions.get(jid.toString())
    const pending = subscription?.state === 'pending' ? subscription : undefined
    check(node, pending)
    const granted: Subscription = { ...pending!, state: 'subscribed' }
    if (!allowed) return { writes: [engine.store.unsubscribe(node, jid)], after: without(node, [granted]) }
    const subscriptions = new Map(node.subscriptions).set(jid.toString(), granted)
    return { writes: [engine.store.subscribe(node, granted)], after: { ...node, subscriptions } }
  })
  const node = found(await engine.nodes.get(key))
  await tellSubscriber(engine, node, jid, node.subscriptions.get(jid.toString())?.state ?? 'none')
  if (allowed && node.config.send_last_published_item !== 'never') await sendLast(engine, node, jid)
}

/** XEP-0060 §8.8.4: tells somebody of the state of the subscription. */
export function tellSubscriber(
  { host }: Engine,
  node: StoredNode,
  jid: Jid,
  subscription: Subscription['state'] | 'none',
): Promise<void> {
  const event = PubsubEvent({}, EventSubscription({ node: node.name, jid, subscription }))
  return host.send(Message({ type: 'headline', id: randomBytes(9).toString('base64url') }, event), node.service, jid)
}
