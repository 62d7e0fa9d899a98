/** XEP-0202 2.0: Entity Time. */
import { type Element, tag, text } from '@meerkat/xml'
import { formatDateTime, formatTimeZone, parseDateTime, parseTimeZone } from './datetime.ts'

const NS = 'urn:xmpp:time'

export const EntityTime = tag(NS, 'time')
const Tzo = tag(NS, 'tzo')
const Utc = tag(NS, 'utc')

/** What an entity's clock shows. */
export interface ClockReading {
  /** Microseconds since the epoch. */
  readonly now: number
  /** Minutes east of UTC. */
  readonly offset: number
}

/** Builds the answer to a time query; whole seconds, as in XEP-0202 §3. */
export function buildEntityTime({ now, offset }: ClockReading): Element {
  // XEP-0202 §3 shows the offset as ±hh:mm; some clients know no other form.
  const zone = offset === 0 ? '+00:00' : formatTimeZone(offset)
  return EntityTime({}, Tzo({}, zone), Utc({}, formatDateTime(now, 0)))
}

/** Reads the answer to a time query; undefined when a part is missing or malformed. */
export function parseEntityTime(time: Element): ClockReading | undefined {
  const now = parseDateTime(text(Utc.in(time)))
  const offset = parseTimeZone(text(Tzo.in(time)))
  return now === undefined || offset === undefined ? undefined : { now, offset }
}
