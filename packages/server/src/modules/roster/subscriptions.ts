/** RFC 6121 §3: subscription stanzas on their way out of a user's account and into it. */
import { type Jid } from '@meerkat/protocol'
import { DROP, type Delivery, type Host, type SessionEntry, type Verdict } from '../../core/module.ts'
import type { Keeper } from './keeper.ts'
import { interested } from './pushes.ts'
import { type SubscriptionType, subscriptionType } from './states.ts'

/**
 * Filters what a user sends: a subscription stanza changes the user's roster first, whatever becomes of it at the contact's side, so that nobody
 * learns who exists or blocks. What the server sends on a user's behalf has been through this already.
 */
export function leave(keeper: Keeper, delivery: Delivery): Verdict | Promise<Verdict> {
  if (delivery.stanza.name !== 'presence' || delivery.origin === 'server') return undefined
  const type = subscriptionType(delivery.stanza.attr('type'))
  if (type === undefined) return undefined
  const [user, contact] = [delivery.from.bare, delivery.to.bare]
  // Users see their own presence without a subscription.
  if (user.equals(contact) || delivery.stanza.attr('to') === undefined) return DROP
  return send(keeper, delivery, type, user, contact)
}

async function send(keeper: Keeper, delivery: Delivery, type: SubscriptionType, user: Jid, contact: Jid) {
  const effect = await keeper.outbound(user, contact, type)
  if (!effect.passes) return DROP
  // This step is the first of the delivery; what others do about the change must not overtake the stanza itself.
  delivery.afterwards(() => void Promise.resolve().then(() => keeper.tell(user, contact, effect)))
  // RFC 6121 §3.1.2: `from` is the bare JID
  return delivery.stanza.with({ from: user, to: contact })
}

/** Handles a subscription stanza for a local user; undefined for other presence. */
export function arrive(host: Host, keeper: Keeper, delivery: Delivery): true | undefined | Promise<true> {
  const type = subscriptionType(delivery.stanza.attr('type'))
  if (type === undefined) return undefined
  const [user, contact] = [delivery.to.bare, delivery.from.bare]
  return user.equals(contact) ? true : receive(host, keeper, delivery, type, user, contact)
}

async function receive(
  host: Host,
  keeper: Keeper,
  delivery: Delivery,
  type: SubscriptionType,
  user: Jid,
  contact: Jid,
): Promise<true> {
  const stanza = delivery.stanza.with({ from: contact, to: user })
  const effect = await keeper.inbound(user, contact, type, stanza)
  const deliver = (): void => {
    for (const entry of delivery.takers(addressees(host, user, type))) host.deliver(entry, stanza)
  }
  const failed = (error: unknown): void => host.report('subscription_failed', error)
  delivery.afterwards(() => void keeper.announce(user, contact, effect, deliver).catch(failed))
  return true
}

/** RFC 6121 §2.2: requests go to the available resources, the rest to those that have asked for the roster. */
function addressees(host: Host, user: Jid, type: SubscriptionType): readonly SessionEntry[] {
  if (type !== 'subscribe') return interested(host, user)
  return host.directory.of(user).filter(({ priority }) => priority !== undefined)
}
