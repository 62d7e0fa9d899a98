/** XEP-0203 2.0: Delayed Delivery. */
import { type Element, tag, text } from '@meerkat/xml'
import { formatDateTime, parseDateTime } from './datetime.ts'

export const Delay = tag('urn:xmpp:delay', 'delay')

/** When and by whom a stanza was held back. */
export interface DelayInfo {
  /** Microseconds since the epoch. */
  readonly stamp: number
  readonly from?: string | undefined
  /** For people; '' when there is none. */
  readonly reason?: string
}

/** Builds a `<delay/>`. */
export function buildDelay({ stamp, from, reason }: DelayInfo): Element {
  return Delay({ from, stamp: formatDateTime(stamp) }, reason || undefined)
}

/** Reads the first `<delay/>` of `parent`; undefined when there is none or its stamp is no time. */
export function parseDelay(parent: Element): Required<DelayInfo> | undefined {
  const element = Delay.in(parent)
  const stamp = parseDateTime(element?.attr('stamp') ?? '')
  return stamp === undefined ? undefined : { stamp, from: element?.attr('from'), reason: text(element) }
}
