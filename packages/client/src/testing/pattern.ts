/** What a stanza should be like: a test on it, and words for it. */
import { type Element, type Tag, text } from '@meerkat/xml'
import { Body, errorCondition, Iq, type Jid, Message, Presence, type StanzaCondition, tryJid } from '@meerkat/protocol'
import { type Predicate } from '../inbox.ts'

/** Something with an address: a client stands for its full one. */
export type Address = string | Jid | { readonly jid: Jid }

/** What any stanza may be asked for; whatever is left out may be anything. */
export interface StanzaFields {
  readonly from?: Address | undefined
  readonly to?: Address | undefined
  readonly id?: string | undefined
  /** Children that must be there. */
  readonly has?: Tag | readonly Tag[] | undefined
  /** Any other condition. */
  readonly where?: Predicate | undefined
}

/** What a message may be asked for. One that is an error matches only if `type` says so. */
export interface MessageFields extends StanzaFields {
  readonly body?: string | undefined
  readonly type?: string | undefined
}

/** What a presence may be asked for. */
export interface PresenceFields extends StanzaFields {
  /** The type; unless given, there must be none: the sender is available. */
  readonly type?: string | undefined
}

/** What an IQ may be asked for. */
export interface IqFields extends StanzaFields {
  readonly type?: 'get' | 'set' | 'result' | 'error' | undefined
}

/** What an error stanza may be asked for. */
export interface ErrorFields extends StanzaFields {
  readonly kind?: 'message' | 'presence' | 'iq' | undefined
}

/** A test on a stanza, with words for a failure. */
export interface Pattern {
  readonly what: string
  readonly matches: Predicate
}

/** A message. */
export function message(fields: MessageFields = {}): Pattern {
  const { body, type } = fields
  const fits = (stanza: Element): boolean =>
    Message.is(stanza) &&
    (type === undefined ? stanza.attr('type') !== 'error' : stanza.attr('type') === type) &&
    (body === undefined || text(Body.in(stanza)) === body)
  const words = [type && `of type ${type}`, body === undefined ? undefined : `with the body ${JSON.stringify(body)}`]
  return pattern('a message', words, fits, fields)
}

/** A presence; available unless `type` says otherwise. */
export function presence(fields: PresenceFields = {}): Pattern {
  const { type } = fields
  const fits = (stanza: Element): boolean => Presence.is(stanza) && stanza.attr('type') === type
  return pattern('a presence', [type === undefined ? 'without type' : `of type ${type}`], fits, fields)
}

/** An IQ. */
export function iq(fields: IqFields = {}): Pattern {
  const { type } = fields
  const fits = (stanza: Element): boolean => Iq.is(stanza) && (type === undefined || stanza.attr('type') === type)
  return pattern('an iq', [type && `of type ${type}`], fits, fields)
}

/** A stanza of type `error` with this condition. */
export function errorStanza(condition: StanzaCondition, fields: ErrorFields = {}): Pattern {
  const { kind } = fields
  const fits = (stanza: Element): boolean =>
    stanza.attr('type') === 'error' &&
    (kind === undefined || stanza.name === kind) &&
    errorCondition(stanza) === condition
  return pattern(`an error ${condition}`, [kind && `in a ${kind} stanza`], fits, fields)
}

/** Whatever `fits`. */
export function stanza(fits: Predicate, what: string): Pattern {
  return { what, matches: fits }
}

function pattern(
  name: string,
  words: readonly (string | undefined)[],
  fits: Predicate,
  { from, to, id, has = [], where }: StanzaFields,
): Pattern {
  const tags: readonly Tag[] = Array.isArray(has) ? has : [has as Tag]
  const all = [
    name,
    ...words,
    from === undefined ? undefined : `from ${addressText(from)}`,
    to === undefined ? undefined : `to ${addressText(to)}`,
    id === undefined ? undefined : `with the id ${id}`,
    ...tags.map((tag) => `with <${tag.local} xmlns='${tag.ns}'/>`),
    where && 'that meets the condition',
  ]
  return {
    what: all.filter((part) => part).join(' '),
    matches: (element) =>
      fits(element) &&
      (from === undefined || sameAddress(element.attr('from'), from)) &&
      (to === undefined || sameAddress(element.attr('to'), to)) &&
      (id === undefined || element.attr('id') === id) &&
      tags.every((tag) => tag.in(element) !== undefined) &&
      (where === undefined || where(element)),
  }
}

function sameAddress(value: string | undefined, address: Address): boolean {
  return tryJid(value)?.toString() === addressText(address)
}

function addressText(address: Address): string {
  if (typeof address === 'string') return tryJid(address)?.toString() ?? address
  return ('jid' in address ? address.jid : address).toString()
}
