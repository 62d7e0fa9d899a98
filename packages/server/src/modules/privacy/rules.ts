/** What a privacy list says of a stanza (XEP-0016 §2.1 and §2.2): the first item in order that fits decides. */
import type { Jid, PrivacyItem, PrivacyKind } from '@meerkat/protocol'
import { type Contacts, type Subscription, when } from '../../core/module.ts'

/** A kind of stanza: `other` is what only items for all stanzas are about. */
export type Kind = PrivacyKind | 'other'

/** Asks for the user's contacts; undefined when there is no roster. */
export type AskContacts = () => Contacts | undefined | Promise<Contacts | undefined>

/** The items that are about one kind of stanza; places are those in the list. */
interface Way {
  /** The first place of each JID. */
  readonly jids: ReadonlyMap<string, number>
  /** The places of items that look at something else. */
  readonly others: readonly number[]
}

/** A privacy list; immutable. However long it is, a JID is found at once. */
export class Rules {
  readonly items: readonly PrivacyItem[]
  readonly #ways = new Map<Kind, Way>()

  /** `items` stand in their order. */
  constructor(items: readonly PrivacyItem[]) {
    this.items = items
  }

  /** The item that decides about a stanza exchanged with `other`; undefined when none does, which allows it (XEP-0016 §2.2 rule 7). */
  find(kind: Kind, other: Jid, contacts: AskContacts): PrivacyItem | undefined | Promise<PrivacyItem | undefined> {
    const { jids, others } = this.#way(kind)
    const place = jids.size === 0 ? Infinity : placeOf(jids, other)
    const before = others.filter((each) => each < place)
    const byJid = this.items[place]
    if (before.length === 0) return byJid
    const first = this.items[before[0]!]!
    if (first.type === undefined) return first
    return when(contacts(), (known) => {
      const found = before.find((each) => fits(this.items[each]!, other, known))
      return found === undefined ? byJid : this.items[found]
    })
  }

  #way(kind: Kind): Way {
    let way = this.#ways.get(kind)
    if (way === undefined) this.#ways.set(kind, (way = wayOf(this.items, kind)))
    return way
  }
}

/** Whether an item blocks somebody altogether, as the blocking command does (XEP-0191 §5). */
export const isBlock = ({ type, action, kinds }: PrivacyItem): boolean =>
  type === 'jid' && action === 'deny' && kinds.length === 0

function wayOf(items: readonly PrivacyItem[], kind: Kind): Way {
  const jids = new Map<string, number>()
  const others: number[] = []
  for (const [place, item] of items.entries()) {
    if (item.kinds.length > 0 && (kind === 'other' || !item.kinds.includes(kind))) continue
    if (item.type !== 'jid') others.push(place)
    else if (!jids.has(item.value)) jids.set(item.value, place)
  }
  return { jids, others }
}

/** XEP-0016 §2.1: the JID itself, without its resource, its domain with the resource (an occupant of any room there), and its domain. */
function placeOf(jids: ReadonlyMap<string, number>, other: Jid): number {
  const names = [other.toString(), other.bare.toString(), other.domain]
  if (other.resource !== '') names.push(`${other.domain}/${other.resource}`)
  return Math.min(...names.map((name) => jids.get(name) ?? Infinity))
}

function fits({ type, value }: PrivacyItem, other: Jid, contacts: Contacts | undefined): boolean {
  if (type === undefined) return true
  const contact = contacts?.get(other.bare)
  if (type === 'group') return contact?.groups.includes(value) === true
  const subscription: Subscription = contact?.subscription ?? 'none'
  return subscription === value
}
