/** RFC 6121 §2: the roster, a user's list of contacts. */
import { type Element, tag, text } from '@meerkat/xml'
import { StanzaError } from './errors.ts'
import { type Jid, tryJid } from './jid.ts'

const NS = 'jabber:iq:roster'

export const RosterQuery = tag(NS, 'query')
export const RosterItem = tag(NS, 'item')
export const RosterGroup = tag(NS, 'group')

/** The stream feature of a server that keeps roster versions (RFC 6121 §2.6.1). */
export const RosterVersioning = tag('urn:xmpp:features:rosterver', 'ver')

/** The stream feature of a server that approves subscription requests in advance (RFC 6121 §3.4.1). */
export const PreApproval = tag('urn:xmpp:features:pre-approval', 'sub')

/** RFC 6121 §2.1.2.5: who sees whose presence; `remove` in requests and pushes that delete an item. */
export type RosterSubscription = 'none' | 'to' | 'from' | 'both' | 'remove'

/** A contact as the server keeps it. */
export interface RosterEntry {
  readonly jid: Jid
  /** '' when the user gave none. */
  readonly name: string
  readonly subscription: RosterSubscription
  /** Whether a subscription request to the contact is waiting for an answer (RFC 6121 §2.1.2.2). */
  readonly ask: boolean
  /** Whether the contact's subscription is approved in advance (RFC 6121 §2.1.2.1). */
  readonly approved: boolean
  readonly groups: readonly string[]
}

/** What a user asks of the roster: the fields which are the user's to set (RFC 6121 §2.1.5). */
export interface RosterChange {
  readonly jid: Jid
  readonly name: string
  readonly groups: readonly string[]
  /** Whether the item is to be deleted; name and groups mean nothing then. */
  readonly remove: boolean
}

/** How much an item may hold (S57); lengths in UTF-16 units. */
export interface RosterLimits {
  readonly name: number
  readonly group: number
  readonly groups: number
}

const defaults: RosterLimits = { name: 1023, group: 1023, groups: 100 }

/** Builds one item. */
export function buildRosterItem({ jid, name, subscription, ask, approved, groups }: RosterEntry): Element {
  return RosterItem(
    {
      approved: approved ? 'true' : undefined,
      ask: ask ? 'subscribe' : undefined,
      jid,
      name: name === '' ? undefined : name,
      subscription,
    },
    ...groups.map((group) => RosterGroup({}, group)),
  )
}

/** Builds a roster result or a push; `ver` is left out for clients that did not ask for versions. */
export function buildRoster(entries: readonly RosterEntry[], ver?: string): Element {
  return RosterQuery({ ver }, ...entries.map(buildRosterItem))
}

/** Builds what a client sends to add, change or remove a contact. */
export function buildRosterSet(change: {
  jid: Jid
  name?: string
  groups?: readonly string[]
  remove?: boolean
}): Element {
  const { jid, name, groups = [], remove = false } = change
  const subscription = remove ? 'remove' : undefined
  return RosterQuery({}, RosterItem({ jid, name, subscription }, ...groups.map((group) => RosterGroup({}, group))))
}

/**
 * Reads a client's roster set. Throws `bad-request` unless there is exactly one item with a JID and groups that differ,
 * `jid-malformed`, or `not-acceptable` when a name or group is too long or empty (RFC 6121 §2.3.3).
 */
export function parseRosterSet(query: Element, limits: RosterLimits = defaults): RosterChange {
  const [item, ...more] = query.elements()
  if (!RosterItem.is(item) || more.length > 0) throw badRequest('A roster set has exactly one item.')
  const jid = readJid(item)
  const remove = item.attr('subscription') === 'remove'
  if (remove) return { jid, name: '', groups: [], remove }
  const name = item.attr('name') ?? ''
  if (name.length > limits.name) throw notAcceptable('The name is too long.')
  return { jid, name, groups: readGroups(item, limits), remove }
}

/** Reads a roster result or push; throws as `parseRosterSet` does for an item without JID. */
export function parseRoster(query: Element): RosterEntry[] {
  return RosterItem.all(query).map((item) => ({
    jid: readJid(item),
    name: item.attr('name') ?? '',
    subscription: readSubscription(item.attr('subscription')),
    ask: item.attr('ask') === 'subscribe',
    approved: item.attr('approved') === 'true' || item.attr('approved') === '1',
    groups: RosterGroup.all(item).map(text),
  }))
}

function readGroups(item: Element, limits: RosterLimits): string[] {
  const groups = RosterGroup.all(item).map(text)
  if (groups.length > limits.groups) throw notAcceptable('The item is in too many groups.')
  if (new Set(groups).size < groups.length) throw badRequest('The item is in one group twice.')
  for (const group of groups) {
    if (group === '' || group.length > limits.group) throw notAcceptable('A group name is empty or too long.')
  }
  return groups
}

function readJid(item: Element): Jid {
  const address = item.attr('jid')
  if (address === undefined) throw badRequest('The item has no JID.')
  const jid = tryJid(address)
  if (jid === undefined) throw new StanzaError('modify', 'jid-malformed')
  return jid
}

/** RFC 6121 §2.1.2.5: an absent or unknown value means `none`. */
function readSubscription(value: string | undefined): RosterSubscription {
  return value === 'to' || value === 'from' || value === 'both' || value === 'remove' ? value : 'none'
}

function badRequest(why: string): StanzaError {
  return new StanzaError('modify', 'bad-request', why)
}

function notAcceptable(why: string): StanzaError {
  return new StanzaError('modify', 'not-acceptable', why)
}
