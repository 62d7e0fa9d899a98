/** RFC 6121 §4.2 to §4.5: the availability of a user's sessions, and who learns of it. */
import { type Jid, Presence, StanzaError } from '@meerkat/protocol'
import { type Element, parseElement } from '@meerkat/xml'
import {
  type Contacts,
  type Delivery,
  type Host,
  type Session,
  type SessionEntry,
  type Subscription,
  contactsOf,
  isSeen,
  isUnwanted,
  sees,
  sessionSlot,
} from '../../core/module.ts'
import { lookAt } from './arrival.ts'
import { takeDirected } from './directed.ts'
import { presenceChanged, userArriving, userAvailable, userUnavailable } from './hooks.ts'
import { readPriority } from './priority.ts'

/** How many contacts are asked for their presence before the client must have taken the answers. */
const PROBED_AT_ONCE = 16

/** The broadcasts of a session go out one after another; this is the last one under way. */
const turns = sessionSlot(() => ({ last: undefined as Promise<void> | undefined }))

export class Availability {
  readonly #host: Host

  constructor(host: Host) {
    this.#host = host
  }

  /** A client says something about its own availability. */
  async say(delivery: Delivery, session: Session): Promise<true> {
    const { stanza } = delivery
    const type = stanza.attr('type')
    const priority = readPriority(stanza)
    if (type === 'unavailable') await this.#inTurn(session, () => this.#leave(session, stanza))
    else if (type === undefined && priority !== undefined)
      await this.#inTurn(session, () => this.#come(session, stanza, priority))
    // RFC 6121 §4.7.1 and §4.7.2.3: an error is not answered, other types and numbers are wrong here
    else if (type !== 'error') this.#host.bounce(delivery, new StanzaError('modify', 'bad-request'))
    return true
  }

  /** RFC 6121 §4.5.3: the server says it for a session that has ended without. */
  ended(session: Session): void {
    const gone = Presence({ type: 'unavailable', from: session.jid })
    const told = this.#inTurn(session, () => this.#leave(session, gone))
    told.catch((error: unknown) => this.#host.report('presence_failed', error))
  }

  /** The same for a session whose node has gone. */
  async lost({ jid, presence }: SessionEntry): Promise<void> {
    if (presence === undefined) return
    const contacts = await this.#host.hooks.first(contactsOf, jid.bare)
    await this.#broadcast(jid, Presence({ type: 'unavailable', from: jid }), contacts)
  }

  /** RFC 6121 §3.1.5 and §3.2.2: a contact that may see the user's presence from now on gets it, one that may no more sees it end. */
  async subscriptionChanged(user: Jid, contact: Jid, before: Subscription, after: Subscription): Promise<void> {
    if (isSeen(before) === isSeen(after)) return
    for (const { jid, presence } of this.#host.directory.of(user))
      if (presence !== undefined)
        await this.#send(isSeen(after) ? presence : Presence({ type: 'unavailable' }), jid, contact)
  }

  #inTurn(session: Session, step: () => Promise<void>): Promise<void> {
    const slot = session.slot(turns)
    const turn = slot.last === undefined ? step() : slot.last.then(step)
    const over = turn
      .catch(() => undefined)
      .then(() => {
        if (slot.last === over) slot.last = undefined
      })
    slot.last = over
    return turn
  }

  /** RFC 6121 §4.2.2 and §4.4.2. */
  async #come(session: Session, stanza: Element, priority: number): Promise<void> {
    if (session.closed) return
    const { hooks, directory } = this.#host
    const { presence: before, priority: last } = session
    directory.setPresence(session, stanza, priority)
    const arrives = priority >= 0 && (last === undefined || last < 0)
    if (arrives) void hooks.notify(userArriving, session)
    try {
      // Whoever hears of the presence can count on it, at whatever node.
      if (directory.spreading !== undefined) await directory.spreading
      const contacts = await hooks.first(contactsOf, session.jid.bare)
      await this.#broadcast(session.jid, stanza, contacts)
      if (before === undefined) await this.#greet(session, contacts)
      // Listeners may take their time (a mailbox, say): neither the client nor its next presence waits for them.
      void hooks.notify(presenceChanged, session, stanza, before)
    } finally {
      if (arrives && !session.closed) void hooks.notify(userAvailable, session)
    }
  }

  /** RFC 6121 §4.5.2 and §4.6.3: whoever has seen the session's presence learns that it is gone. */
  async #leave(session: Session, stanza: Element): Promise<void> {
    const { hooks, directory } = this.#host
    const directed = takeDirected(session)
    const before = session.presence
    if (before !== undefined) {
      directory.setPresence(session, undefined, undefined)
      if (directory.spreading !== undefined) await directory.spreading
      const contacts = await hooks.first(contactsOf, session.jid.bare)
      await this.#broadcast(session.jid, stanza, contacts)
      const others = directed.filter((jid) => !isSeen(contacts?.get(jid.bare)?.subscription))
      await this.#toAll(stanza, session.jid, others)
      session.deliver(stanza.with({ to: session.jid.bare }))
      void hooks.notify(userUnavailable, session, stanza)
    } else await this.#toAll(stanza, session.jid, directed)
  }

  /** Sends a session's presence to the subscribers and to the user's own available resources, itself included. */
  async #broadcast(from: Jid, stanza: Element, contacts: Contacts | undefined): Promise<void> {
    const targets = [from.bare]
    for (const { jid, subscription } of contacts?.all() ?? [])
      if (isSeen(subscription) && this.#reachable(jid)) targets.push(jid)
    await this.#toAll(stanza, from, targets)
  }

  /** What a session gets with its first presence: the user's other resources, the requests that wait, and the contacts' presence. */
  async #greet(session: Session, contacts: Contacts | undefined): Promise<void> {
    const { jid } = session
    const { hooks } = this.#host
    for (const other of this.#host.directory.of(jid))
      if (other.presence !== undefined && other.local !== session) await this.#send(other.presence, other.jid, jid)
    const probed: Jid[] = []
    for (const contact of contacts?.all() ?? []) {
      // RFC 6121 §3.1.3: a request is delivered again until it is answered
      if (contact.request !== undefined && (await hooks.first(isUnwanted, jid, contact.jid, 'other')) !== true)
        await this.#hand(session, parseElement(contact.request))
      if (sees(contact.subscription) && this.#reachable(contact.jid)) probed.push(contact.jid)
    }
    for (let i = 0; i < probed.length && !session.closed; i += PROBED_AT_ONCE) {
      await this.#probe(jid, probed.slice(i, i + PROBED_AT_ONCE))
      await session.ready()
    }
  }

  /** RFC 6121 §4.3.1: asks contacts elsewhere for their presence, and looks at that of contacts here. */
  async #probe(from: Jid, contacts: readonly Jid[]): Promise<void> {
    const waiting: Promise<void>[] = []
    for (const contact of contacts) {
      const isHere = this.#host.serves(contact.domain)
      const one = isHere ? lookAt(this.#host, contact, from) : this.#send(Presence({ type: 'probe' }), from, contact)
      if (one !== undefined) waiting.push(one.catch((error: unknown) => this.#host.report('presence_failed', error)))
    }
    if (waiting.length > 0) await Promise.all(waiting)
  }

  /** S52: what others have made large must not end the connection of a client that reads. */
  #hand(session: Session, stanza: Element): void | Promise<void> {
    session.deliver(stanza)
    return session.ready()
  }

  /** Nobody would see presence for a user of this server who is not connected. */
  #reachable(contact: Jid): boolean {
    return !this.#host.serves(contact.domain) || this.#host.directory.of(contact).length > 0
  }

  async #toAll(stanza: Element, from: Jid, targets: readonly Jid[]): Promise<void> {
    const sent = stanza.set('from', from.toString())
    const waiting: Promise<void>[] = []
    for (const to of targets) {
      const one = this.#send(sent, from, to)
      if (one !== undefined) waiting.push(one)
    }
    if (waiting.length > 0) await Promise.all(waiting)
  }

  /** A contact that cannot be reached is no concern of the others. */
  #send(stanza: Element, from: Jid, to: Jid): void | Promise<void> {
    return this.#host.post(stanza, from, to)?.catch((error: unknown) => this.#host.report('presence_failed', error))
  }
}
