/** What the fake server does with stanzas: just enough of RFC 6121 for stories. */
import { type Element } from '@meerkat/xml'
import {
  errorReply,
  isRequest,
  type Jid,
  mayBounce,
  parseJid,
  parseRegister,
  Ping,
  Presence,
  RegisterQuery,
  result,
  RosterQuery,
  StanzaError,
} from '@meerkat/protocol'
import { type FakeSession } from './fake-server.ts'

interface Bound {
  readonly session: FakeSession
  readonly jid: Jid
  /** What the device said last; undefined while it is not available. */
  presence: Element | undefined
}

/** Routes among the sessions that are bound. */
export class FakeRouter {
  readonly #bound = new Map<FakeSession, Bound>()
  /** `watcher watched`, both bare. */
  readonly #subscriptions = new Set<string>()

  add(session: FakeSession, jid: Jid): void {
    this.#bound.set(session, { session, jid, presence: undefined })
  }

  remove(session: FakeSession): void {
    this.#bound.delete(session)
  }

  /** Handles what the device at `from` sent. */
  route(session: FakeSession, from: Jid, sent: Element): void {
    const to = sent.attr('to')
    const stamped = sent.with({ from })
    if (sent.name === 'presence') this.#presence(this.#bound.get(session)!, stamped, to)
    else if (to === undefined || to === from.domain) this.#toServer(session, sent)
    else this.#deliver(session, stamped, parseJid(to))
  }

  #toServer(session: FakeSession, sent: Element): void {
    if (!isRequest(sent)) return
    const register = RegisterQuery.in(sent)
    if (Ping.in(sent)) session.send(result(sent))
    else if (RosterQuery.in(sent)) session.send(result(sent, RosterQuery()))
    else if (register && parseRegister(register).remove) {
      session.server.accounts.delete(session.jid!.local)
      session.send(result(sent))
    } else session.send(errorReply(sent, new StanzaError('cancel', 'service-unavailable')))
  }

  #deliver(session: FakeSession, stanza: Element, to: Jid): void {
    const receivers = this.#devices((bound) =>
      to.resource === '' ? bound.jid.bare.equals(to) && bound.presence !== undefined : bound.jid.equals(to),
    )
    for (const bound of receivers) bound.session.send(stanza)
    if (receivers.length > 0 || !mayBounce(stanza)) return
    session.send(errorReply(stanza, new StanzaError('cancel', 'service-unavailable')))
  }

  #presence(sender: Bound, stanza: Element, to: string | undefined): void {
    if (to === undefined) this.#broadcast(sender, stanza)
    else this.#subscription(sender.jid.bare, stanza, parseJid(to).bare)
  }

  #broadcast(sender: Bound, stanza: Element): void {
    const wasAway = sender.presence === undefined
    const available = stanza.attr('type') === undefined
    const audience = (): Bound[] => this.#devices((bound) => bound.presence !== undefined && this.#sees(bound, sender))
    if (available) sender.presence = stanza
    for (const bound of audience()) bound.session.send(stanza.with({ to: bound.jid }))
    if (!available) sender.presence = undefined
    else if (wasAway) {
      const others = this.#devices(
        (bound) => bound !== sender && bound.presence !== undefined && this.#sees(sender, bound),
      )
      for (const bound of others) sender.session.send(bound.presence!.with({ to: sender.jid }))
    }
  }

  #subscription(from: Jid, stanza: Element, to: Jid): void {
    for (const bound of this.#of(to)) bound.session.send(stanza.with({ from, to }))
    if (stanza.attr('type') !== 'subscribed') return
    this.#subscriptions.add(`${to} ${from}`)
    for (const watched of this.#of(from)) {
      for (const watcher of this.#of(to))
        watcher.session.send((watched.presence ?? Presence()).with({ to: watcher.jid }))
    }
  }

  #of(bare: Jid): Bound[] {
    return this.#devices((bound) => bound.jid.bare.equals(bare) && bound.presence !== undefined)
  }

  #sees(watcher: Bound, watched: Bound): boolean {
    const [one, other] = [watcher.jid.bare, watched.jid.bare]
    return one.equals(other) || this.#subscriptions.has(`${one} ${other}`)
  }

  #devices(which: (bound: Bound) => boolean): Bound[] {
    return [...this.#bound.values()].filter(which)
  }
}
