/** XEP-0297 1.0: Stanza Forwarding. */
import { type Element, tag } from '@meerkat/xml'
import { buildDelay, Delay, type DelayInfo, parseDelay } from './delay.ts'
import { isStanza } from './stanza.ts'

export const Forwarded = tag('urn:xmpp:forward:0', 'forwarded')

/** A stanza inside of another one. */
export interface ForwardedStanza {
  readonly stanza: Element
  readonly delay: DelayInfo | undefined
}

/** Wraps `stanza`, with when it was first sent if `delay` is given (XEP-0297 §3.1). */
export function buildForwarded(stanza: Element, delay?: DelayInfo): Element {
  return Forwarded({}, delay && buildDelay(delay), stanza)
}

/** Reads the `<forwarded/>` of `parent`; undefined when there is none or it does not hold exactly one stanza. */
export function parseForwarded(parent: Element): ForwardedStanza | undefined {
  const forwarded = Forwarded.in(parent)
  if (forwarded === undefined) return undefined
  const [stanza, ...more] = forwarded.elements().filter((child) => !Delay.is(child))
  if (stanza === undefined || more.length > 0 || !isStanza(stanza)) return undefined
  return { stanza, delay: parseDelay(forwarded) }
}
