/** The filters: what a user's privacy lists say of each stanza that the user sends or is about to get (XEP-0016 §2.2, §2.14). */
import { Blocked, type Jid, type PrivacyItem, StanzaError, mayBounce, messageType } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import {
  type Counter,
  DROP,
  type Delivery,
  type Host,
  type SessionEntry,
  type StanzaKind,
  type Verdict,
  contactsOf,
  when,
} from '../../core/module.ts'
import { NONE, type PrivacyLists, type UserLists } from './lists.ts'
import { type Kind, type Rules, isBlock } from './rules.ts'

/** Marks a session that has made a list active; the name of the list follows. */
export const ACTIVE = 'privacy list '

/** The name of the list that a session has made active. */
export const activeOf = (session: SessionEntry | undefined): string | undefined =>
  session?.marks.find((mark) => mark.startsWith(ACTIVE))?.slice(ACTIVE.length)

/** The list that applies to a session, or to a user without one (XEP-0016 §2.2 rules 1 and 2). */
export function ruling(lists: UserLists, session?: SessionEntry): Rules | undefined {
  const name = activeOf(session) ?? lists.standard
  return name === undefined ? undefined : lists.lists.get(name)
}

/** The item that has decided; nothing when none has. */
type Found = PrivacyItem | undefined

export class Guard {
  readonly #host: Host
  readonly #lists: PrivacyLists
  readonly #checks: Counter
  readonly #denied: Counter
  readonly #blocked: Counter

  constructor(host: Host, lists: PrivacyLists) {
    this.#host = host
    this.#lists = lists
    this.#checks = host.metrics.counter('mod_privacy_check_packet')
    this.#denied = host.metrics.counter('mod_privacy_check_packet', 'denied_count')
    this.#blocked = host.metrics.counter('mod_privacy_check_packet', 'blocked_count')
  }

  /** For `userSend`. */
  leaving(delivery: Delivery): Verdict | Promise<Verdict> {
    this.#checks.value++
    const lists = this.#lists.of(delivery.from)
    if (lists === NONE) return undefined
    return when(lists, (known) => (known === NONE ? undefined : this.#leave(delivery, known)))
  }

  #leave(delivery: Delivery, lists: UserLists): Verdict | Promise<Verdict> {
    const { stanza, from, to } = delivery
    if (isExempt(from, to)) return undefined
    // What stops here was answered for the user by this server, to a sender elsewhere.
    if (delivery.origin === 'server' && stanza.attr('type') === 'error') return undefined
    const session = this.#host.directory.find(from)
    const kind = isNotification(stanza) ? 'presence-out' : 'other'
    return when(this.#find(ruling(lists, session), from, kind, to), (found) => {
      if (found?.action !== 'deny') return undefined
      this.#count(found)
      // What the server says for the user is left unsaid; the user has not asked for it.
      if (delivery.origin === 'server') return DROP
      const error = isBlock(found) ? Blocked() : undefined
      throw new StanzaError('cancel', 'not-acceptable', undefined, error)
    })
  }

  /** For `userReceive`. */
  arriving(delivery: Delivery): Verdict | Promise<Verdict> {
    this.#checks.value++
    const lists = this.#lists.of(delivery.to)
    if (lists === NONE) return undefined
    return when(lists, (known) => (known === NONE ? undefined : this.#arrive(delivery, known)))
  }

  #arrive(delivery: Delivery, lists: UserLists): Verdict | Promise<Verdict> {
    const { stanza, from, to } = delivery
    if (isExempt(to, from)) return undefined
    const kind = inboundKind(stanza)
    const groups = this.#groups(delivery, lists)
    const found = [...groups.keys()].map((rules) => this.#find(rules, to, kind, from))
    const known = found.filter((each): each is Found => !(each instanceof Promise))
    if (known.length === found.length) return this.#judge(delivery, groups, known)
    return Promise.all(found.map(async (each) => each)).then((items) => this.#judge(delivery, groups, items))
  }

  /** The lists that apply to those who may get the stanza, each with its resources; copies of a message go to all. */
  #groups({ stanza, to }: Delivery, lists: UserLists): Map<Rules | undefined, SessionEntry[]> {
    const addressed = this.#host.directory.find(to)
    const alone = stanza.name !== 'message' && addressed !== undefined
    const everybody = stanza.name === 'iq' ? [] : this.#host.directory.of(to)
    const groups = Map.groupBy(alone ? [addressed] : everybody, (session) => ruling(lists, session))
    // XEP-0016 §2.2 rule 2: the default list speaks for the user as a whole, and for the user who is away.
    return groups.size > 0 ? groups : new Map([[ruling(lists), []]])
  }

  #judge(delivery: Delivery, groups: ReadonlyMap<unknown, readonly SessionEntry[]>, items: readonly Found[]): Verdict {
    const denying = items.filter((item) => item?.action === 'deny')
    if (denying.length === 0) return undefined
    const shut = [...groups.values()].filter((_, i) => items[i]?.action === 'deny').flat()
    const without = new Set(shut.map(({ jid }) => jid.resource))
    const isAddressed = this.#host.directory.find(delivery.to) !== undefined
    if (denying.length < items.length && !(isAddressed && without.has(delivery.to.resource))) {
      delivery.withhold(without)
      return undefined
    }
    this.#count(denying[0]!)
    return refuse(delivery.stanza)
  }

  /** For `isUnwanted`. */
  unwanted(user: Jid, other: Jid, kind: StanzaKind): boolean | Promise<boolean> {
    if (isExempt(user, other)) return false
    return when(this.#lists.of(user), (lists) => {
      const rules = ruling(lists, this.#host.directory.find(user))
      return when(this.#find(rules, user, kind, other), (found) => found?.action === 'deny')
    })
  }

  #find(rules: Rules | undefined, user: Jid, kind: Kind, other: Jid): Found | Promise<Found> {
    return rules?.find(kind, other, () => this.#host.hooks.first(contactsOf, user.bare))
  }

  #count(item: PrivacyItem): void {
    const counter = isBlock(item) ? this.#blocked : this.#denied
    counter.value++
  }
}

/** XEP-0016 §2.14: presence and answers vanish. So does what a room's occupant says: the room must not take it for an error of the user's. */
function refuse(stanza: Element): typeof DROP {
  const vanishes = stanza.name === 'presence' || !mayBounce(stanza)
  if (vanishes || (stanza.name === 'message' && messageType(stanza) === 'groupchat')) return DROP
  throw new StanzaError('cancel', 'service-unavailable')
}

/** XEP-0016 §2.1: a user's resources are never kept from each other, and nobody blocks the own server. */
function isExempt(user: Jid, other: Jid): boolean {
  return user.domain === other.domain && (other.local === '' || user.local === other.local)
}

/** XEP-0016 §2: presence that tells about availability, and no request and no probe. */
function isNotification(stanza: Element): boolean {
  const type = stanza.attr('type')
  return stanza.name === 'presence' && (type === undefined || type === 'unavailable')
}

function inboundKind(stanza: Element): Kind {
  if (stanza.name === 'presence') return isNotification(stanza) ? 'presence-in' : 'other'
  return stanza.name === 'iq' ? 'iq' : 'message'
}
