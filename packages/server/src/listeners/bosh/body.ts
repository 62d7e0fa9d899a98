/** Bodies of BOSH as text, and the numbers in their attributes (XEP-0124 §7). */
import { BOSH_NS, XBOSH_NS } from '@meerkat/protocol'
import { type Element, escapeAttribute } from '@meerkat/xml'
import type { BoshTerms } from './request.ts'

/** Attributes by name, in order; those that are undefined are left out. */
export type BodyAttributes = Readonly<Record<string, string | number | undefined>>

/** XEP-0124 §17.2: why a session ends. */
export type TerminalCondition =
  | 'bad-request'
  | 'host-unknown'
  | 'improper-addressing'
  | 'item-not-found'
  | 'policy-violation'
  | 'remote-stream-error'
  | 'system-shutdown'
  | 'undefined-condition'

/** A body around the texts of elements. */
export function bodyText(attributes: BodyAttributes, content = ''): string {
  let text = '<body'
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) text += ` ${name}='${escapeAttribute(String(value))}'`
  if ('xmpp:version' in attributes) text += ` xmlns:xmpp='${XBOSH_NS}'`
  text += ` xmlns='${BOSH_NS}'`
  return content === '' ? `${text}/>` : `${text}>${content}</body>`
}

/** The body that ends a session; without a condition it is a farewell. */
export function terminalBody(condition?: TerminalCondition, content = ''): string {
  return bodyText({ type: 'terminate', condition }, content)
}

/** XEP-0124 §14.1: request ids do not pass this. */
const MOST = 9_007_199_254_740_991

/** A whole number without sign; undefined when it is missing, `NaN` when it is something else. */
export function numberOf(body: Element, name: string): number | undefined {
  const text = body.attr(name)
  if (text === undefined) return undefined
  if (!/^\d{1,16}$/.test(text)) return Number.NaN
  const number = Number(text)
  return number <= MOST ? number : Number.NaN
}

/** Whether an attribute of XEP-0206 is set, as a boolean of XML Schema. */
export function isSet(body: Element, name: string): boolean {
  const value = body.attr(`{${XBOSH_NS}}${name}`)
  return value === 'true' || value === '1'
}

/** Whether a request pauses or ends the session. */
export function isLast(body: Element): boolean {
  return body.attr('pause') !== undefined || body.attr('type') === 'terminate'
}

/** What differs from one session to the next. */
interface Created {
  readonly id: string
  readonly from: string
  readonly ack: number | undefined
}

/** XEP-0124 §7.1, XEP-0206 §4: what the first answer tells of a session and its stream. */
export function creationAttributes(sid: string, terms: BoshTerms, { id, from, ack }: Created): BodyAttributes {
  const { wait, hold, ver, inactivity, maxPause } = terms
  return {
    sid,
    wait,
    requests: hold + 1,
    hold,
    inactivity: inactivity === Infinity ? undefined : inactivity,
    maxpause: maxPause,
    ver,
    from,
    authid: id,
    ack,
    'xmpp:version': '1.0',
    'xmpp:restartlogic': 'true',
    'xml:lang': 'en',
  }
}
