/** XEP-0016 1.7: Privacy Lists. */
import { type Element, tag } from '@meerkat/xml'
import { StanzaError } from './errors.ts'
import { tryJid } from './jid.ts'

const NS = 'jabber:iq:privacy'

export const PrivacyQuery = tag(NS, 'query')
export const PrivacyActive = tag(NS, 'active')
export const PrivacyDefault = tag(NS, 'default')
export const PrivacyList = tag(NS, 'list')
export const PrivacyItemTag = tag(NS, 'item')

/** The kinds of stanza that an item may be confined to (XEP-0016 §2.1). */
export type PrivacyKind = 'message' | 'iq' | 'presence-in' | 'presence-out'

/** One rule of a list. */
export interface PrivacyItem {
  /** What the rule looks at; undefined for everybody. */
  readonly type: 'jid' | 'group' | 'subscription' | undefined
  /** A prepared JID, the name of a roster group or a subscription; '' without a type. */
  readonly value: string
  readonly action: 'allow' | 'deny'
  readonly order: number
  /** The stanzas that it is for; all stanzas when empty. */
  readonly kinds: readonly PrivacyKind[]
}

/** What a client asks to be set. */
export type PrivacyChange =
  /** The list that applies to this session, or to the account; undefined declines. */
  | { readonly what: 'active' | 'default'; readonly name: string | undefined }
  /** A list with its items by order; it is removed when there are none. */
  | { readonly what: 'list'; readonly name: string; readonly items: readonly PrivacyItem[] }

/** Lengths in UTF-16 units. */
const LONGEST_NAME = 255
const LONGEST_GROUP = 1023
const MAX_ORDER = 0xff_ff_ff_ff

const KINDS: ReadonlySet<string> = new Set<PrivacyKind>(['message', 'iq', 'presence-in', 'presence-out'])
const SUBSCRIPTIONS: ReadonlySet<string> = new Set(['both', 'to', 'from', 'none'])

/** The list that a client asks for; undefined when it asks which there are. Throws `bad-request` (XEP-0016 §2.3). */
export function parsePrivacyGet(query: Element): string | undefined {
  const [list, ...more] = query.elements()
  if (list === undefined) return undefined
  if (more.length > 0 || !PrivacyList.is(list)) throw bad('One list is asked for at a time.')
  return nameOf(list)
}

/** Reads what a client wants to set. Throws `bad-request` for whatever XEP-0016 §2.1 does not allow. */
export function parsePrivacySet(query: Element): PrivacyChange {
  const [change, ...more] = query.elements()
  if (change === undefined || more.length > 0) throw bad('One thing is changed at a time.')
  const what = change.ns === NS ? change.name : ''
  if (what === 'list') return { what, name: nameOf(change), items: parsePrivacyItems(change) }
  if (what !== 'active' && what !== 'default') throw bad('Only <active/>, <default/> and <list/> can be set.')
  return { what, name: change.attr('name') === undefined ? undefined : nameOf(change) }
}

/** The items of a `<list/>`, in their order. */
export function parsePrivacyItems(list: Element): PrivacyItem[] {
  const items = list
    .elements()
    .map(parseItem)
    .toSorted((a, b) => a.order - b.order)
  if (new Set(items.map(({ order }) => order)).size < items.length) throw bad('Two items have the same order.')
  return items
}

/** Builds a list; without items it is its name only, as in pushes. */
export function buildPrivacyList(name: string, items: readonly PrivacyItem[] = []): Element {
  return PrivacyList({ name }, ...items.map(buildItem))
}

function buildItem({ type, value, action, order, kinds }: PrivacyItem): Element {
  const attributes = { type, value: type === undefined ? undefined : value, action, order }
  return PrivacyItemTag(attributes, ...kinds.map((kind) => tag(NS, kind)()))
}

function parseItem(item: Element): PrivacyItem {
  const action = PrivacyItemTag.is(item) ? item.attr('action') : undefined
  if (action !== 'allow' && action !== 'deny') throw bad('An item allows or denies.')
  return { ...parseSubject(item), action, order: parseOrder(item.attr('order')), kinds: parseKinds(item) }
}

function parseSubject(item: Element): Pick<PrivacyItem, 'type' | 'value'> {
  const type = item.attr('type')
  const value = item.attr('value') ?? ''
  if (type === undefined) return { type, value: '' }
  if (type === 'jid') {
    const jid = tryJid(value)
    if (jid === undefined) throw bad('The value of an item is no JID.')
    return { type, value: jid.toString() }
  }
  if (type === 'group' && value !== '' && value.length <= LONGEST_GROUP) return { type, value }
  if (type === 'subscription' && SUBSCRIPTIONS.has(value)) return { type, value }
  throw bad('An item looks at a JID, a group or a subscription.')
}

/** A kind that is not known must not turn an item into one for all stanzas. */
function parseKinds(item: Element): PrivacyKind[] {
  const names = item.elements().map(({ name, ns }) => (ns === NS ? name : ''))
  if (!names.every((name) => KINDS.has(name))) throw bad('An item is for a kind of stanza that does not exist.')
  return [...new Set(names)] as PrivacyKind[]
}

function parseOrder(text: string | undefined): number {
  const order = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : NaN
  if (!(order <= MAX_ORDER)) throw bad('The order of an item is a whole number.')
  return order
}

function nameOf(element: Element): string {
  const name = element.attr('name') ?? ''
  if (name === '' || name.length > LONGEST_NAME) throw bad('The name of a list is missing or too long.')
  return name
}

const bad = (why: string): StanzaError => new StanzaError('modify', 'bad-request', why)
