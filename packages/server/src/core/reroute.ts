/** Where stanzas go whose resources have gone, or that a session has taken and its client has not (XEP-0198 §4). */
import { Delay, type Jid, buildDelay, isRequest, tryJid } from '@meerkat/protocol'
import type { Element, Node } from '@meerkat/xml'
import { Delivery } from './delivery.ts'
import type { Held } from './gate.ts'
import type { Router } from './router.ts'

/**
 * Sends what the client of an ended session may not have to other resources or into storage: all at once, so that nothing that comes later
 * overtakes it.
 */
export function reroute(router: Router, jid: Jid, held: readonly Held[]): void {
  rerouted(router, jid, held)?.catch(() => undefined)
}

/** Like `reroute`; resolves when what all of it leaves behind is durable, undefined when it is. Rejects when something could not be stored. */
export function rerouted(router: Router, jid: Jid, held: readonly Held[]): Promise<void> | undefined {
  const waiting: Promise<void>[] = []
  for (const each of held) {
    const delivery = deliveryOf(each, jid)
    if (delivery === undefined) continue
    const running = router.reroute(delivery)
    waiting.push(running === undefined ? router.settled(delivery) : running.then(() => router.settled(delivery)))
  }
  return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => undefined)
}

/** Finds other takers for a message whose resources have gone while it waited for its commit. Filters have passed it and do not see it again. */
export function redeliver(router: Router, delivery: Delivery): void {
  const { stanza, from, to, origin, session, receivedAt } = delivery
  const again = new Delivery(stanza, from, to, origin, receivedAt, session)
  again.archived = delivery.archived
  const waiting = router.reroute(again)
  delivery.follow(waiting === undefined ? router.settled(again) : waiting.then(() => router.settled(again)))
}

/** A message with the time at which the server took it (XEP-0203 §4). What claims to be from this server already was forged (S60). */
export function delayed(message: Element, at: number, domain: string): Element {
  const forged = (child: Node): boolean => Delay.is(child) && tryJid(child.attr('from'))?.toString() === domain
  const kept = message.children.filter((child) => !forged(child))
  return message.withChildren([...kept, buildDelay({ from: domain, stamp: at })])
}

/** Undefined for what is of no use to anybody else: presence, answers, and copies that the server has made for this one resource. */
function deliveryOf({ stanza, at, handing }: Held, jid: Jid): Delivery | undefined {
  const from = tryJid(stanza.attr('from'))
  if (from === undefined) return undefined
  // RFC 6120 §8.2.3: a request must be answered; now it will be with an error.
  if (isRequest(stanza)) return new Delivery(stanza, from, jid, 'server', at)
  // Carbons and results from archives come from the account itself.
  if (stanza.name !== 'message' || from.equals(jid.bare)) return undefined
  const delivery = new Delivery(delayed(stanza, at, jid.domain), from, jid, 'server', at)
  delivery.archived = handing?.archived === true
  delivery.sharers = handing?.sharers ?? []
  return delivery
}
