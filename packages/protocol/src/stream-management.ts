/** XEP-0198 1.6.3: Stream Management. */
import { type Element, tag } from '@meerkat/xml'
import { type StanzaCondition, StreamError } from './errors.ts'
import { STANZA_ERRORS_NS } from './namespaces.ts'

export const STREAM_MANAGEMENT_NS = 'urn:xmpp:sm:3'

/** The stream feature. */
export const StreamManagement = tag(STREAM_MANAGEMENT_NS, 'sm')
export const SmEnable = tag(STREAM_MANAGEMENT_NS, 'enable')
export const SmEnabled = tag(STREAM_MANAGEMENT_NS, 'enabled')
export const SmResume = tag(STREAM_MANAGEMENT_NS, 'resume')
export const SmResumed = tag(STREAM_MANAGEMENT_NS, 'resumed')
export const SmFailed = tag(STREAM_MANAGEMENT_NS, 'failed')
/** Asks the other side how many stanzas it has handled. */
export const SmRequest = tag(STREAM_MANAGEMENT_NS, 'r')
/** Says how many stanzas were handled. */
export const SmAck = tag(STREAM_MANAGEMENT_NS, 'a')
export const HandledCountTooHigh = tag(STREAM_MANAGEMENT_NS, 'handled-count-too-high')

const COUNTS = 2 ** 32

/** §4: a count of stanzas `more` further on; counts go round at 2^32. */
export function countOn(count: number, more = 1): number {
  return (count + more) >>> 0
}

/** How many stanzas `later` is further on than `earlier`: 0 to 2^32-1. */
export function countBetween(earlier: number, later: number): number {
  return (later - earlier) >>> 0
}

/** The count in an attribute `h`; undefined when it is no unsigned 32-bit number. */
export function readCount(h: string | undefined): number | undefined {
  if (h === undefined || h === '' || h.length > 10) return undefined
  for (let i = 0; i < h.length; i++) if (h.charCodeAt(i) < 0x30 || h.charCodeAt(i) > 0x39) return undefined
  const count = Number(h)
  return count < COUNTS ? count : undefined
}

/** §3: whether the client that sends this `<enable/>` wants to be able to resume. */
export function wantsResumption(enable: Element): boolean {
  const resume = enable.attr('resume')
  return resume === 'true' || resume === '1'
}

/** §6: a `<failed/>`; `h` says how many stanzas were handled in a session that is over (§5). */
export function buildSmFailed(condition: StanzaCondition, h?: number): Element {
  return SmFailed({ h }, tag(STANZA_ERRORS_NS, condition)())
}

/** §6: the other side claims to have handled more than it was sent, or says a number that is none. */
export function handledCountTooHigh(h: number | undefined, sent: number): StreamError {
  const words =
    h === undefined
      ? `That is no number of stanzas; ${sent} were sent.`
      : `You acknowledged ${h} stanzas, but only ${sent} were sent.`
  return new StreamError('undefined-condition', words, HandledCountTooHigh({ h, 'send-count': sent }))
}
