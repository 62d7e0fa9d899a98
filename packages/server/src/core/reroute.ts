/** Where stanzas go that a session has taken and its client has not (XEP-0198 §4). */
import { Delay, type Jid, buildDelay, isRequest, parseDateTime, tryJid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { Delivery } from './delivery.ts'
import type { Held } from './gate.ts'
import type { Router } from './router.ts'

/**
 * Sends what the client of an ended session may not have to other resources or into storage: all at once, so that nothing that comes later
 * overtakes it.
 */
export function reroute(router: Router, jid: Jid, held: readonly Held[]): void {
  for (const each of held) {
    const delivery = deliveryOf(each, jid)
    if (delivery !== undefined) void router.reroute(delivery)
  }
}

/** A message with the time at which the server took it, unless it says so already (XEP-0203 §4). */
export function delayed(message: Element, at: number, domain: string): Element {
  return ownDelay(message, domain) === undefined ? message.append(buildDelay({ from: domain, stamp: at })) : message
}

/** Undefined for what is of no use to anybody else: presence, answers, and copies that the server has made for this one resource. */
function deliveryOf({ stanza, at }: Held, jid: Jid): Delivery | undefined {
  const from = tryJid(stanza.attr('from'))
  if (from === undefined) return undefined
  // RFC 6120 §8.2.3: a request must be answered; now it will be with an error.
  if (isRequest(stanza)) return new Delivery(stanza, from, jid, 'server', at)
  // Carbons and results from archives come from the account itself.
  if (stanza.name !== 'message' || from.equals(jid.bare)) return undefined
  // What was kept before keeps its time.
  const took = ownDelay(stanza, jid.domain) ?? at
  return new Delivery(delayed(stanza, at, jid.domain), from, jid, 'server', took)
}

/** The time in the `<delay/>` of this server. */
function ownDelay(message: Element, domain: string): number | undefined {
  const own = Delay.all(message).find((delay) => delay.attr('from') === domain)
  return own === undefined ? undefined : parseDateTime(own.attr('stamp') ?? '')
}
