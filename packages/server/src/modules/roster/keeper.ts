/** RFC 6121 §2 and §3: what users, their contacts and the server do to rosters, each with all that follows from it. */
import { type Jid, Presence, type RosterChange, StanzaError } from '@meerkat/protocol'
import { type Element, serialize } from '@meerkat/xml'
import {
  type Host,
  type Session,
  type Subscription,
  type Write,
  isSeen,
  subscriptionChanged,
  when,
} from '../../core/module.ts'
import { type Item, blank, looksSame, stateOf, withState } from './item.ts'
import { ROSTER, VERSIONS, push } from './pushes.ts'
import type { Roster } from './roster.ts'
import type { Change, Rosters } from './rosters.ts'
import { type SubscriptionType, inbound, outbound } from './states.ts'

/** The longest subscription request that is kept as it is, in UTF-16 units; of a longer one only the fact is kept. */
const MAX_REQUEST_LENGTH = 4096

/** What the settings say. */
export interface KeeperSettings {
  readonly versioning: boolean
  readonly max_items: number
  readonly max_requests: number
}

/** What a subscription stanza of a user or a contact has done. */
export interface Effect extends Change {
  /** Whether the stanza goes on. */
  readonly passes: boolean
  /** Whether the server approves the contact's request on the user's behalf. */
  readonly approves: boolean
}

export class Keeper {
  readonly rosters: Rosters
  readonly #host: Host
  readonly #settings: KeeperSettings
  readonly #goingOn = new Set<Promise<void>>()

  constructor(host: Host, rosters: Rosters, settings: KeeperSettings) {
    this.#host = host
    this.rosters = rosters
    this.#settings = settings
  }

  /** RFC 6121 §2.2: the session is told of changes from now on, with versions if it wants them; resolves when all nodes know. */
  mark(session: Session, versions: boolean): Promise<void> | undefined {
    const { directory } = this.#host
    directory.mark(session, ROSTER, true)
    directory.mark(session, VERSIONS, versions)
    return directory.spreading
  }

  /**
   * RFC 6121 §2.3 to §2.5: adds, changes or removes a contact and pushes that. Throws `item-not-found` when there is nothing to remove, and
   * `not-allowed` when the roster is full.
   */
  async set(user: Jid, { jid, name, groups, remove }: RosterChange): Promise<void> {
    const contact = jid.bare
    if (remove) return this.#remove(user, contact)
    await this.rosters.change(user, contact, (item, roster) =>
      this.#listed(item, { ...(item ?? blank(contact)), name, groups }, roster),
    )
    await this.#push(user, contact)
  }

  /** RFC 6121 §2.5.2: the contact goes, and is told of the subscriptions that end. */
  async #remove(user: Jid, contact: Jid): Promise<void> {
    const change = await this.rosters.change(user, contact, (item) => {
      // RFC 6121 §2.5.3
      if (item?.listed !== true) throw new StanzaError('modify', 'item-not-found')
      return undefined
    })
    await this.#push(user, contact)
    this.#behind(this.#farewell(user, change.before!).then(() => this.tell(user, contact, change)))
  }

  /** Ends the subscriptions of both directions towards a contact whose item is gone. */
  async #farewell(user: Jid, item: Item): Promise<void> {
    const { to, from, out, in: pending } = stateOf(item)
    if (to || out) await this.#host.send(Presence({ type: 'unsubscribe' }), user, item.jid)
    if (from || pending) await this.#host.send(Presence({ type: 'unsubscribed' }), user, item.jid)
  }

  /** RFC 6121 §A.2: a user says something about a subscription; the change is stored and pushed. */
  async outbound(user: Jid, contact: Jid, type: SubscriptionType): Promise<Effect> {
    let passes = false
    const change = await this.rosters.change(user, contact, (item, roster) => {
      const before = item ?? blank(contact)
      const outcome = outbound(type, stateOf(before))
      passes = outcome.passes
      const moved = withState(before, outcome.state)
      if (type === 'unsubscribe') return tidy(item, moved)
      // RFC 6121 §3.4.2 and §A.2.4: what is not approved any more is not approved in advance either
      if (type === 'unsubscribed') return tidy(item, { ...moved, approved: false })
      if (type === 'subscribe') return tidy(item, this.#listed(item, moved, roster))
      if (passes) return this.#listed(item, moved, roster)
      // RFC 6121 §3.4.2: the contact has not asked, so its request is approved in advance
      const approved = before.approved || !outcome.state.from
      return tidy(item, approved ? this.#listed(item, { ...moved, approved }, roster) : moved)
    })
    if (!looksSame(change.before, change.after)) await this.#push(user, contact)
    return { ...change, passes, approves: false }
  }

  /** RFC 6121 §A.3: a contact says something about a subscription; the change is stored, and pushed by `announce`. */
  async inbound(user: Jid, contact: Jid, type: SubscriptionType, stanza: Element): Promise<Effect> {
    let passes = false
    let approves = false
    const change = await this.rosters.change(user, contact, (item, roster) => {
      const before = item ?? blank(contact)
      const state = stateOf(before)
      // RFC 6121 §3.1.3: a contact that is subscribed already, and §3.4.2: one that was approved in advance
      approves = type === 'subscribe' && (state.from || before.approved)
      if (approves) return tidy(item, withState(before, { ...state, from: true, in: false }))
      const outcome = inbound(type, state)
      passes = outcome.passes
      // S57: strangers cannot fill the roster
      if (type === 'subscribe' && passes && roster.requests >= this.#settings.max_requests) passes = false
      return passes ? tidy(item, withState(before, outcome.state, state.in ? before.request : kept(stanza))) : item
    })
    return { ...change, passes, approves }
  }

  /** The rest of what a contact's stanza does, in the order of RFC 6121 §3.1.6: `deliver` comes before the push. */
  async announce(user: Jid, contact: Jid, effect: Effect, deliver: () => void): Promise<void> {
    if (effect.passes) deliver()
    if (!looksSame(effect.before, effect.after)) await this.#push(user, contact)
    if (effect.approves) await this.#host.send(Presence({ type: 'subscribed' }), user, contact)
    await this.tell(user, contact, effect)
  }

  /** Sets a subscription as an administrator does, without asking anyone; the contact is listed from then on. */
  async put(user: Jid, contact: Jid, subscription: Subscription): Promise<void> {
    const change = await this.rosters.change(user, contact, (item, roster) => {
      const changed = { ...(item ?? blank(contact)), subscription, ask: false, request: undefined }
      return tidy(item, this.#listed(item, changed, roster))
    })
    if (!looksSame(change.before, change.after)) await this.#push(user, contact)
    await this.tell(user, contact, change)
  }

  /** Does what a user asks about a subscription, and sends the stanza if it goes on. */
  async act(user: Jid, contact: Jid, type: SubscriptionType): Promise<void> {
    const effect = await this.outbound(user, contact, type)
    if (effect.passes) await this.#host.send(Presence({ type }), user, contact)
    await this.tell(user, contact, effect)
  }

  /** Tells other modules of a subscription that is another now. */
  async tell(user: Jid, contact: Jid, { before, after }: Change): Promise<void> {
    const [was, is] = [before?.subscription ?? 'none', after?.subscription ?? 'none']
    if (was !== is) await this.#host.hooks.notify(subscriptionChanged, user, contact, was, is)
  }

  /** What removes a user's roster; the contacts are told when it is durable, so that none of them trusts a successor (S42). */
  async removal(user: Jid): Promise<Write[]> {
    const contacts = await this.#everyone(user)
    // The sessions end when the roster is gone, and can tell nobody then.
    const available = this.#host.directory.of(user).filter(({ presence }) => presence !== undefined)
    const farewells = async (): Promise<void> => {
      for (const item of contacts) {
        for (const { jid } of isSeen(item.subscription) ? available : [])
          await this.#host.send(Presence({ type: 'unavailable' }), jid, item.jid)
        await this.#farewell(user, item)
      }
      await this.rosters.told(user)
    }
    return this.rosters.clear(user, () => this.#behind(farewells()))
  }

  /** S42: tells the contacts who have not been told because the server died. */
  async makeUp(user: Jid): Promise<void> {
    for (const item of await this.rosters.untold(user)) await this.#farewell(user, item)
  }

  /** All that the roster knows of; a roster that cannot be read is removed all the same. */
  async #everyone(user: Jid): Promise<Item[]> {
    try {
      return [...(await this.rosters.of(user)).all()]
    } catch (error) {
      this.#host.report('roster_unreadable', error)
      return []
    }
  }

  /** Makes an item visible to the user, or refuses when that is one too many (S57). */
  #listed(item: Item | undefined, changed: Item, roster: Roster): Item {
    if (item?.listed !== true && roster.size >= this.#settings.max_items)
      throw new StanzaError('cancel', 'not-allowed', 'The roster is full.')
    return { ...changed, listed: true }
  }

  /** Goes out at once when the roster is in memory, so that nothing comes between a stanza and its push. */
  #push(user: Jid, contact: Jid): void | Promise<void> {
    return when(this.rosters.of(user), (roster) =>
      push(this.#host, this.#settings.versioning, user, roster, contact, roster.get(contact)),
    )
  }

  /** Resolves when nothing goes on any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#goingOn)
  }

  /** Lets something go on that nobody waits for, unless the server stops. */
  #behind(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => this.#host.report('subscription_failed', error))
      .finally(() => this.#goingOn.delete(done))
    this.#goingOn.add(done)
  }
}

/** The changed item; the old one when nothing is different, none when nothing is left to know. */
function tidy(item: Item | undefined, changed: Item): Item | undefined {
  if (!changed.listed && changed.request === undefined) return undefined
  const same = item !== undefined && looksSame(item, changed) && item.request === changed.request
  return same ? item : changed
}

/** The text of a request as it is kept until the user answers. */
function kept(stanza: Element): string {
  const text = serialize(stanza)
  return text.length <= MAX_REQUEST_LENGTH ? text : serialize(stanza.withChildren([]))
}
